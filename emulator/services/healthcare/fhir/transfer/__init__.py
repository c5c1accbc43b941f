"""Import and export of FHIR stores. Importing the modules registers their handlers."""

from emulator.services.healthcare.fhir.transfer import bulk_export, exports, imports

__all__ = ["bulk_export", "exports", "imports"]
