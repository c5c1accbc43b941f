"""De-identification as operations: configs, what is read from and written to stores, failures by item."""

from emulator.services.healthcare.deidentify import datasets, dicom, fhir, fhir_streams

__all__ = ["datasets", "dicom", "fhir", "fhir_streams"]
