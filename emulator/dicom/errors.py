"""What goes wrong while reading DICOM: one exception whose message is one sentence for a person."""


class DicomError(ValueError):
    """The bytes are not the DICOM they should be. The message never carries a patient's data."""


class UnsupportedError(ValueError):
    """The instance is sound, but what was asked of its pixels cannot be done here (no codec, no such frame...)."""
