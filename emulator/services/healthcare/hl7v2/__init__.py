"""HL7v2 stores. Importing the modules registers their handlers."""

from emulator.services.healthcare.hl7v2 import messages, receiving, store

__all__ = ["messages", "receiving", "store"]
