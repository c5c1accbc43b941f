"""Is this file a whole DICOM instance? Asked before it is sent, so that a bad one is named at once."""

from __future__ import annotations

import mmap
from pathlib import Path

from emulator.dicom.errors import DicomError
from emulator.dicom.header import Header, read_header

_REQUIRED = {"StudyInstanceUID": "0020000D", "SeriesInstanceUID": "0020000E", "SOPInstanceUID": "00080018"}
_MEDIA_STORAGE_SOP_CLASS = "00020002"
_ROWS = "00280010"
_PIXEL_GROUP = "7FE0"
_DICOMDIR = "1.2.840.10008.1.3.10"
_PREFIX_AT, _PREFIX = 128, b"DICM"


class NotStorable(Exception):
    """Why a file can't be stored as a DICOM instance: one sentence without a full stop and without its values."""


def read_uids(path: Path) -> tuple[str, str, str]:
    """The UIDs of the study, the series and the instance in the file at `path`; NotStorable when it is none.

    Reads the header and steps over the pixels. OSError as from opening it.
    """
    if not path.stat().st_size:
        raise NotStorable("The file is empty")
    try:
        header = _read(path)
    except DicomError as error:
        raise NotStorable(str(error).rstrip(".")) from None
    if header.text(_MEDIA_STORAGE_SOP_CLASS) == _DICOMDIR:
        raise NotStorable("The file is a DICOMDIR, which lists files and is no instance itself")
    if _ROWS in header.elements and not any(tag.startswith(_PIXEL_GROUP) for tag in header.elements):
        raise NotStorable("The file ends before its pixel data")
    missing = [keyword for keyword, tag in _REQUIRED.items() if not header.text(tag)]
    if missing:
        raise NotStorable(f"The file lacks {', '.join(missing)}")
    study, series, instance = (header.text(tag) for tag in _REQUIRED.values())
    return study, series, instance


def dicom_problem(path: Path) -> str | None:
    """Why `path` can't be stored as a DICOM instance, in one sentence without a full stop; None when it can.

    The sentence holds no value of the file. OSError as from opening it.
    """
    try:
        read_uids(path)
    except NotStorable as problem:
        return str(problem)
    return None


def has_dicom_prefix(path: Path) -> bool:
    """Whether a file says that it is DICOM (PS3.10 7.1), sound or not; False where it can't be read."""
    try:
        with path.open("rb") as file:
            return file.read(_PREFIX_AT + len(_PREFIX))[_PREFIX_AT:] == _PREFIX
    except OSError:
        return False


def header_of(path: Path) -> Header | None:
    """The header of a DICOM file; None where it is none, or can't be read."""
    try:
        return _read(path)
    except (DicomError, OSError, ValueError):
        return None


def _read(path: Path) -> Header:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return read_header(data)
