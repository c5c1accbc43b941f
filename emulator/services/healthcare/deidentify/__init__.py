"""De-identification as operations: configs, what is read from and written to stores, failures by item."""

from emulator.services.healthcare.deidentify import dicom

__all__ = ["dicom"]
