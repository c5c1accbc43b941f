"""What `load` refuses before it sends anything."""

from __future__ import annotations

import io
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file

from scripts.loading.dicom_files import dicom_problem
from scripts.loading.synthetic import Film, dicom_bytes


@pytest.fixture(scope="module")
def film() -> bytes:
    return dicom_bytes(Film(1, 0))


def problem_of(content: bytes, tmp_path: Path) -> str | None:
    path = tmp_path / "file.dcm"
    path.write_bytes(content)
    return dicom_problem(path)


def test_a_whole_file_is_fine(film: bytes, tmp_path: Path) -> None:
    assert problem_of(film, tmp_path) is None


@pytest.mark.parametrize("name", ["CT_small.dcm", "JPEG2000.dcm", "image_dfl.dcm", "ExplVR_BigEnd.dcm", "rtplan.dcm"])
def test_real_files_in_many_encodings_are_fine(name: str) -> None:
    assert dicom_problem(Path(str(get_testdata_file(name, download=False)))) is None


@pytest.mark.parametrize("missing", [1, 2, 1000, 1_000_000])
def test_a_file_cut_short_is_truncated(film: bytes, tmp_path: Path, missing: int) -> None:
    assert "truncated" in str(problem_of(film[:-missing], tmp_path))


def test_a_file_cut_before_its_pixels_is_noticed(film: bytes, tmp_path: Path) -> None:
    pixels_at = film.rindex(b"\xe0\x7f\x10\x00OW")
    assert problem_of(film[:pixels_at], tmp_path) == "The file ends before its pixel data"


def test_a_text_file(tmp_path: Path) -> None:
    assert str(problem_of(b"to be done: ask Jane\n" * 20, tmp_path)).startswith("The file is not DICOM")


def test_an_empty_file(tmp_path: Path) -> None:
    assert problem_of(b"", tmp_path) == "The file is empty"


def test_a_file_without_identity(film: bytes, tmp_path: Path) -> None:
    dataset = pydicom.dcmread(io.BytesIO(film))
    del dataset.StudyInstanceUID
    target = io.BytesIO()
    dataset.save_as(target)
    assert problem_of(target.getvalue(), tmp_path) == "The file lacks StudyInstanceUID"


def test_a_dicomdir() -> None:
    assert "DICOMDIR" in str(dicom_problem(Path(str(get_testdata_file("DICOMDIR", download=False)))))
