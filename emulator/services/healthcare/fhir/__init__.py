"""FHIR stores. Importing the modules registers their handlers."""

from emulator.services.healthcare.fhir import bulk, configure_search, rest, store, transfer

__all__ = ["bulk", "configure_search", "rest", "store", "transfer"]
