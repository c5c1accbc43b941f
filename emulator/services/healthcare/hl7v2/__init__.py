"""HL7v2 stores."""

from emulator.services.healthcare.hl7v2 import store

__all__ = ["store"]
