"""The made-up films: deterministic, whole, and marked as synthetic."""

from __future__ import annotations

import io
from collections import Counter

import numpy as np
import pydicom
import pytest

from scripts.loading.synthetic import SIDE, Film, dicom_bytes, films


@pytest.fixture(scope="module")
def dataset() -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(dicom_bytes(Film(12, 3))))


def test_names_are_nihs() -> None:
    assert Film(12, 3).file_name == "00000012_003.dcm"
    assert Film(12, 3).patient_id == "00000012"


def test_a_larger_set_begins_with_the_smaller_one() -> None:
    assert list(films(500))[:100] == list(films(100))


def test_patients_have_follow_ups_as_in_nihs_set() -> None:
    per_patient = Counter(film.patient for film in films(5000))
    assert 3 < 5000 / len(per_patient) < 4.3
    assert sorted(per_patient) == list(range(1, len(per_patient) + 1))


def test_a_film_is_the_same_on_every_run() -> None:
    assert dicom_bytes(Film(7, 1)) == dicom_bytes(Film(7, 1))


def test_films_differ() -> None:
    shown = [pydicom.dcmread(io.BytesIO(dicom_bytes(film))) for film in (Film(1, 0), Film(1, 1), Film(2, 0))]
    assert len({each.SOPInstanceUID for each in shown}) == 3
    assert len({each.StudyInstanceUID for each in shown}) == 3
    assert len({each.PixelData for each in shown}) == 3
    assert [each.PatientID for each in shown] == ["00000001", "00000001", "00000002"]
    assert shown[0].PatientBirthDate == shown[1].PatientBirthDate
    assert shown[0].StudyDate < shown[1].StudyDate


def test_it_is_a_digital_x_ray_of_8_bits(dataset: pydicom.Dataset) -> None:
    assert dataset.SOPClassUID.name == "Digital X-Ray Image Storage - For Presentation"
    assert dataset.file_meta.TransferSyntaxUID.name == "Explicit VR Little Endian"
    assert (dataset.Rows, dataset.Columns, dataset.BitsStored) == (SIDE, SIDE, 8)
    assert dataset.PhotometricInterpretation == "MONOCHROME2"
    assert dataset.pixel_array.shape == (SIDE, SIDE)
    assert dataset.pixel_array.dtype == np.uint8


def test_lungs_are_darker_than_heart_and_shoulders(dataset: pydicom.Dataset) -> None:
    image = dataset.pixel_array.astype(float)
    lung, spine = image[400:500, 250:330].mean(), image[400:500, 490:530].mean()
    assert lung + 40 < spine


def test_it_says_that_it_is_synthetic(dataset: pydicom.Dataset) -> None:
    for keyword in ("PatientName", "PatientComments", "StudyDescription", "SeriesDescription", "ImageComments"):
        assert "synthetic" in str(dataset[keyword].value).lower()
    assert dataset.BurnedInAnnotation == "YES"
    corner = dataset.pixel_array[24:64, 24:284]
    assert (corner == 255).sum() > 500


def test_every_element_is_valid(dataset: pydicom.Dataset) -> None:
    with pydicom.config.strict_reading():
        for element in dataset:
            assert element.VR != "UN"
            _ = element.value
    for uid in (dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID):
        assert uid.is_valid
