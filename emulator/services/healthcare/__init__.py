"""Cloud Healthcare: datasets, stores by kind, import and export. Importing the modules registers their handlers."""

from emulator.services.healthcare import consent, datasets, deidentify, dicom, fhir, hl7v2, operations
from emulator.services.healthcare.service import SERVICE

__all__ = ["SERVICE", "consent", "datasets", "deidentify", "dicom", "fhir", "hl7v2", "operations"]
