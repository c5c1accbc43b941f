"""FHIR stores. Importing the modules registers their handlers."""

from emulator.services.healthcare.fhir import rest, store, transfer

__all__ = ["rest", "store", "transfer"]
