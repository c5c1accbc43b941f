"""Made-up DICOM instances for tests."""

from io import BytesIO
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def instance(study: str = "1.2.1", series: str = "1.2.1.1", uid: str = "1.2.1.1.1", **attributes: Any) -> Dataset:
    """Give a small film of 4 x 4; attributes by keyword."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.1")
    dataset.preamble = bytes(128)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = SECONDARY_CAPTURE
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID = study, series, uid
    dataset.PatientName, dataset.PatientID, dataset.Modality = "Doe^Jane", "P1", "DX"
    dataset.StudyDate, dataset.AccessionNumber, dataset.ReferringPhysicianName = "20200102", "A1", "House^Gregory"
    dataset.Rows = dataset.Columns = 4
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.PixelData = bytes(range(16))
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def file_of(dataset: Dataset) -> bytes:
    """Give the dataset as a DICOM file."""
    target = BytesIO()
    dataset.save_as(target, enforce_file_format=True)
    return target.getvalue()


def made(**attributes: Any) -> bytes:
    """Give `instance(**attributes)` as a DICOM file."""
    return file_of(instance(**attributes))
