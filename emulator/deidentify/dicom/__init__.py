"""De-identification of DICOM files: which attributes stay, by rules, and the file that is written of those."""
