"""The studies that the browser looks at, and what they look like: pictures made by pydicom, in 32 x 32 squares."""

from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np
import pydicom
from pydicom.data import get_testdata_file
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.uid import generate_uid

SQUARES = 32
Picture = np.ndarray[Any, np.dtype[np.float64]]


@dataclass
class Study:
    """A study with one series: its files, and the brightness that each of its pictures should have."""

    patient: str
    uid: str
    syntax: str
    files: list[bytes] = field(default_factory=list, repr=False)
    pictures: list[Picture] = field(default_factory=list, repr=False)


def studies() -> dict[str, Study]:
    """An uncompressed film, a JPEG 2000 one, a palette image and a CT stack."""
    return {
        "film": _study("Film^Plain", "RG3_UNCR.dcm"),
        "jpeg2000": _study("Film^Wavelet", "RG3_J2KR.dcm"),
        "palette": _study("Echo^Palette", "examples_palette.dcm"),
        "stack": _study("Stack^Tomo", "CT_small.dcm", slices=6),
    }


def headers_only(number: int) -> list[bytes]:
    """Files without pixels, each a study of its own: a row of the list and no more."""
    dataset = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")), stop_before_pixels=True)
    files = []
    for row in range(number):
        dataset.StudyInstanceUID = generate_uid(entropy_srcs=["row", str(row)])
        dataset.SeriesInstanceUID = dataset.SOPInstanceUID = generate_uid(entropy_srcs=["row", str(row), "below"])
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.PatientName = dataset.PatientID = f"Row{row:03}"
        dataset.StudyDate = "19000101"
        file = BytesIO()
        dataset.save_as(file)
        files.append(file.getvalue())
    return files


def _study(patient: str, name: str, slices: int = 1) -> Study:
    path = get_testdata_file(name)
    assert isinstance(path, str), f"pydicom's sample file {name} is not installed"
    dataset = pydicom.dcmread(path)
    study = Study(patient, generate_uid(entropy_srcs=[patient]), str(dataset.file_meta.TransferSyntaxUID))
    dataset.StudyInstanceUID = study.uid
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=[patient, "series"])
    dataset.PatientName, dataset.PatientID = patient, patient
    for number in range(slices):
        if slices > 1:
            _move(dataset, number)
        dataset.SOPInstanceUID = generate_uid(entropy_srcs=[patient, str(number)])
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        file = BytesIO()
        dataset.save_as(file)
        study.files.append(file.getvalue())
        study.pictures.append(squares(brightness(dataset)))
    return study


def _move(dataset: pydicom.Dataset, number: int) -> None:
    """Make the next slice of a stack: one step further down, where OHIF's order ends, with its content shifted."""
    x, y, z = (float(value) for value in dataset.ImagePositionPatient)
    dataset.InstanceNumber = number + 1
    dataset.ImagePositionPatient = [x, y, z - 5] if number else [x, y, z]
    dataset.SliceLocation = dataset.ImagePositionPatient[2]
    if number:
        dataset.PixelData = np.roll(dataset.pixel_array, 20, axis=1).tobytes()


def brightness(dataset: pydicom.Dataset) -> Picture:
    """Each pixel as it should be seen, 0 is black: rows of columns."""
    pixels = dataset.pixel_array
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        colours: Picture = apply_color_lut(pixels, dataset).astype(np.float64)
        return np.asarray(colours.mean(axis=2))
    seen: Picture = apply_voi_lut(apply_modality_lut(pixels, dataset), dataset).astype(np.float64)
    return seen.max() - seen if dataset.PhotometricInterpretation == "MONOCHROME1" else seen


def squares(pixels: Picture) -> Picture:
    """The mean of each of 32 x 32 parts."""
    mean: Callable[[Picture], Any] = np.mean
    rows = np.array_split(pixels, SQUARES, axis=0)
    return np.array([[mean(part) for part in np.array_split(row, SQUARES, axis=1)] for row in rows])


def likeness(one: Picture, other: Picture) -> float:
    """How alike two pictures are, whatever their brightness and contrast: 1 the same, 0 nothing, -1 inverted."""
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])
