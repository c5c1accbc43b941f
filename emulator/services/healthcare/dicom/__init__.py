"""DICOM stores: DICOMweb, import and export, notifications and streams of what changes."""
