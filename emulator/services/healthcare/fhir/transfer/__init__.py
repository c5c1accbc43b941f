"""Import and export of FHIR stores. Importing the modules registers their handlers."""

from emulator.services.healthcare.fhir.transfer import exports, imports

__all__ = ["exports", "imports"]
