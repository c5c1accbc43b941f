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
# What lies beside the images of a disc, a download or a folder that a person has looked into.
_PLAIN_NAMES = frozenset(("dicomdir", "thumbs.db", "ehthumbs.db", "desktop.ini", "autorun.inf", "lockfile", "version"))
_PLAIN_STEMS = frozenset(("readme", "license", "licence", "changelog", "notice", "md5sums", "sha256sums", "checksums"))
_PLAIN_ENDINGS = (
    *(".txt", ".md", ".rst", ".rtf", ".pdf", ".doc", ".docx", ".odt", ".csv", ".tsv", ".xls", ".xlsx", ".ods"),
    *(".json", ".xml", ".xsl", ".html", ".htm", ".css", ".js", ".yml", ".yaml", ".ini", ".inf", ".log", ".db"),
    *(".exe", ".dll", ".bat", ".cmd", ".sh", ".py", ".jar", ".lnk", ".url", ".md5", ".sha1", ".sha256"),
)
_PREFIX_AT, _PREFIX = 128, b"DICM"


class NotStorable(Exception):
    """Why a file can't be stored as a DICOM instance: one sentence without a full stop and without its values."""


def read_uids(content: Path | bytes) -> tuple[str, str, str]:
    """The UIDs of the study, the series and the instance in a file, or in its bytes; NotStorable when it is none.

    Reads the header and steps over the pixels. OSError as from opening it.
    """
    if not (content if isinstance(content, bytes) else content.stat().st_size):
        raise NotStorable("The file is empty")
    try:
        header = read_header(content) if isinstance(content, bytes) else _read(content)
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


def dicom_problem(content: Path | bytes) -> str | None:
    """Why a file can't be stored as a DICOM instance, in one sentence without a full stop; None when it can.

    The sentence holds no value of the file. OSError as from opening it.
    """
    try:
        read_uids(content)
    except NotStorable as problem:
        return str(problem)
    return None


def has_dicom_prefix(path: Path) -> bool:
    """Whether a file says that it is DICOM (PS3.10 7.1), sound or not; False where it can't be read."""
    try:
        with path.open("rb") as file:
            return says_dicom(file.read(_PREFIX_AT + len(_PREFIX)))
    except OSError:
        return False


def says_dicom(data: bytes) -> bool:
    """Whether a file that begins with these bytes says that it is DICOM (PS3.10 7.1)."""
    return data[_PREFIX_AT : _PREFIX_AT + len(_PREFIX)] == _PREFIX


def is_zip(path: Path) -> bool:
    """Whether a file is called a zip."""
    return path.suffix.lower() == ".zip"


def is_passed_over(path: Path) -> bool:
    """Whether a file of a folder is plainly no image: by its name, and because it does not say that it is DICOM.

    A DICOMDIR does, but lists the files of a disc (PS3.3 F) and is no instance.
    """
    return has_plain_name(path.name) and (path.name.upper() == "DICOMDIR" or not has_dicom_prefix(path))


def has_plain_name(name: str) -> bool:
    """Whether a name is one that texts, lists and programs beside images have."""
    lower = name.lower()
    return lower in _PLAIN_NAMES or lower.partition(".")[0] in _PLAIN_STEMS or lower.endswith(_PLAIN_ENDINGS)


def header_in(data: bytes) -> Header | None:
    """The header of a DICOM file's bytes; None where they are none."""
    try:
        return read_header(data)
    except (DicomError, ValueError):
        return None


def header_of(path: Path) -> Header | None:
    """The header of a DICOM file; None where it is none, or can't be read."""
    try:
        return _read(path)
    except (DicomError, OSError, ValueError):
        return None


def _read(path: Path) -> Header:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return read_header(data)
