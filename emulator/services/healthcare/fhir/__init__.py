"""FHIR stores."""

from emulator.services.healthcare.fhir import store

__all__ = ["store"]
