"""Import from and export to Cloud Storage and Pub/Sub. Importing the modules registers their handlers."""

from emulator.services.healthcare.hl7v2.transfer import exports, imports

__all__ = ["exports", "imports"]
