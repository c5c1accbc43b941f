"""Changes of many resources, as resumable operations. Importing the modules registers their handlers."""

from emulator.services.healthcare.fhir.bulk import delete, rollback

__all__ = ["delete", "rollback"]
