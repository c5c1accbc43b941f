"""Small DICOM files, quickly made, for tests that need many."""

from __future__ import annotations

import io
from pathlib import Path

from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid


def small_film(patient: str, number: int = 1, side: int = 16, study: str | None = None) -> bytes:
    """A computed radiograph of a few hundred bytes; the same arguments give the same file.

    All of a patient's films are one study and one series unless `study` names another.
    """
    study = study or patient
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[patient, study, str(number)])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.PatientID = patient
    dataset.PatientName = f"Test^{patient}"
    dataset.StudyDate = "20260101"
    dataset.StudyInstanceUID = generate_uid(entropy_srcs=[patient, study, "study"])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=[patient, study, "series"])
    dataset.Modality = "CR"
    dataset.InstanceNumber = number
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows = dataset.Columns = side
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.PixelData = bytes(number % 256 for _ in range(side * side))
    dataset["PixelData"].VR = "OW"
    target = io.BytesIO()
    dataset.save_as(target, enforce_file_format=True)
    return target.getvalue()


def write_films(folder: Path, patient: str, number: int) -> list[Path]:
    """Write films 1 to `number` of a patient into `folder`, as 0001.dcm and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{each:04d}.dcm" for each in range(1, number + 1)]
    for each, path in enumerate(paths, start=1):
        path.write_bytes(small_film(patient, each))
    return paths
