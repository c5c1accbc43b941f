"""FHIR stores. Importing the modules registers their handlers."""

from emulator.services.healthcare.fhir import store, transfer
from emulator.services.healthcare.fhir.rest import binary, history, reading, writing

__all__ = ["binary", "history", "reading", "store", "transfer", "writing"]
