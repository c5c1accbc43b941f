"""FHIR stores. Importing the modules registers their handlers."""

from emulator.services.healthcare.fhir import bulk, rest, store, transfer

__all__ = ["bulk", "rest", "store", "transfer"]
