"""HL7v2 stores. Importing the modules registers their handlers."""

from emulator.services.healthcare.hl7v2 import forgetting, messages, metrics, receiving, rollback, store, transfer

__all__ = ["forgetting", "messages", "metrics", "receiving", "rollback", "store", "transfer"]
