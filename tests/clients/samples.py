"""What the clients store."""

from pathlib import Path


def sample_instance() -> Path:
    """A DICOM file that pydicom ships."""
    from pydicom.data import get_testdata_file

    return Path(str(get_testdata_file("CT_small.dcm")))
