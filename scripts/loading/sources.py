"""What `load` can bring: the files of a folder, real sample radiographs, or made-up films."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from scripts.chestxrays.errors import ReadError
from scripts.chestxrays.images import ImageFile, list_zip
from scripts.errors import UsageError
from scripts.legible import legible
from scripts.loading.dicom_files import dicom_problem, has_plain_name, header_in, header_of, is_passed_over, is_zip
from scripts.loading.manifest import FOLDER
from scripts.loading.synthetic import GENERATOR, Film, dicom_bytes, films

DICOM_ENDING = ".dcm"
"""What the import's wildcard looks for at the end of an object's name."""

_LONGEST_NAME = 1024  # bytes
_RADIOGRAPHS = frozenset(("CR", "DX"))
_MODALITY, _INSTANCE_UID = "00080060", "00080018"


class Source(Protocol):
    """One instance to be loaded."""

    @property
    def label(self) -> str:
        """How a report names it."""

    @property
    def object_name(self) -> str:
        """Its object in the bucket."""

    @property
    def batch(self) -> str:
        """The folder of the bucket with which it is imported; "" is all of the bucket."""

    @property
    def fixed_version(self) -> str | None:
        """A mark which, together with the name, determines the bytes; None when only the bytes themselves tell."""

    def instance_uid(self) -> str | None:
        """The SOPInstanceUID under which the store holds it; None where only its bytes elsewhere tell."""

    def problem(self) -> str | None:
        """Why it can't be loaded, in one sentence without a full stop; None when it can."""

    def content(self) -> Content:
        """What holds the bytes. Raises SourceError, OSError."""


class SourceError(Exception):
    """Why a source can't give its bytes, in one sentence without a full stop."""


@dataclass(frozen=True, slots=True)
class RemoteObject:
    """An object of another bucket, which is copied without passing through this machine.

    crc32c is base64, as Cloud Storage gives it; payer is the project that pays for reading a requester-pays bucket.
    """

    bucket: str
    name: str
    size: int
    crc32c: str
    payer: str | None = None


Content = Path | bytes | RemoteObject
"""A file, the bytes themselves, or an object of another bucket."""


@dataclass(frozen=True, kw_only=True)
class _Placed:
    """Where a file goes. unfit says why it can't be loaded whatever it holds: its name can be no object's."""

    label: str
    object_name: str
    batch: str
    fixed_version: str | None = None
    unfit: str | None = None


@dataclass(frozen=True)
class FileSource(_Placed):
    """A file on disk."""

    path: Path

    def instance_uid(self) -> str | None:
        """The file's SOPInstanceUID; None where it can't be read."""
        header = header_of(self.path)
        return header.text(_INSTANCE_UID) if header else None

    def problem(self) -> str | None:
        """Why the file can't be loaded; a file that can't be opened is no reason to stop the rest."""
        if self.unfit:
            return self.unfit
        try:
            return dicom_problem(self.path)
        except OSError as error:
            return f"The file cannot be read: {error.strerror}"

    def content(self) -> Path:
        """The file itself."""
        return self.path


@dataclass(frozen=True)
class FilmSource:
    """A synthetic film, made when it is needed."""

    film: Film
    object_name: str
    fixed_version: str | None = GENERATOR

    @property
    def label(self) -> str:
        """The film's NIH-like name."""
        return self.film.file_name

    @property
    def batch(self) -> str:
        """The folder in the bucket."""
        return self.object_name.rpartition("/")[0]

    def instance_uid(self) -> str:
        """The film's SOPInstanceUID."""
        return self.film.uid("instance")

    def problem(self) -> None:
        """Films are sound by construction."""

    def content(self) -> bytes:
        """The film as a DICOM file."""
        return dicom_bytes(self.film)


@dataclass(frozen=True)
class ZippedSource(_Placed):
    """A DICOM file inside a zip, which nobody need unpack."""

    file: ImageFile

    def instance_uid(self) -> str | None:
        """The file's SOPInstanceUID; None where it can't be read."""
        try:
            header = header_in(self.file.read())
        except ReadError:
            return None
        return header.text(_INSTANCE_UID) if header else None

    def problem(self) -> str | None:
        """Why the file can't be loaded."""
        try:
            return self.unfit or dicom_problem(self.file.read())
        except ReadError as error:
            return str(error).rstrip(".")

    def content(self) -> bytes:
        """The file's bytes, unpacked. Raises SourceError."""
        try:
            return self.file.read()
        except ReadError as error:
            raise SourceError(str(error).rstrip(".")) from None


def folder_sources(folder: Path, prefix: str | None = None) -> list[FileSource | ZippedSource]:
    """All files under `folder` and in its zips, in the order of their names, but for what `is_passed_over`.

    Hidden files and folders are left out. Objects are named `PREFIX/` (default: the folder's name) and the path below
    the folder, with the ending .dcm. A single file, or a zip, may be given instead of a folder. Raises UsageError when
    there is nothing, or for an unfit prefix.
    """
    folder = folder.resolve()
    if not folder.exists():
        raise UsageError(f"{folder} does not exist.")
    alone = folder.is_file()
    top = folder.parent if alone else folder
    named = folder.stem if is_zip(folder) else top.name
    batch = clean_prefix(prefix if prefix is not None else named)
    found: list[FileSource | ZippedSource] = []
    for path in [folder] if alone else files_under(folder):
        label = path.relative_to(top).as_posix()
        if is_zip(path):
            found += _zipped(path, "" if alone else label.removesuffix(path.suffix) + "/", batch)
        elif alone or not is_passed_over(path):
            found.append(FileSource(path, **_placed(batch, label)))
    if not found:
        raise UsageError(f"{folder} holds no files that could be DICOM.")
    return found


def _zipped(path: Path, below: str, batch: str) -> list[ZippedSource]:
    try:
        files = list_zip(path).files
    except ReadError as error:
        raise UsageError(str(error)) from None
    return [ZippedSource(file, **_placed(batch, below + file.path)) for file in files if not has_plain_name(file.name)]


def _placed(batch: str, label: str) -> dict[str, Any]:
    """Where a file goes whose name may be any bytes but a slash and zero: the fields of `_Placed`."""
    shown, unfit = legible(label), unfit_name(_object_name(batch, label))
    return {"label": shown, "object_name": _object_name(batch, shown), "batch": batch, "unfit": unfit}


def unfit_name(name: str) -> str | None:
    """Why no object can have that name (Cloud Storage: object name requirements); None where it can."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "Its name is not UTF-8, as every object's must be: rename it"
    if "\n" in name or "\r" in name:
        return "Its name holds a line break, which no object's may: rename it"
    if size > _LONGEST_NAME:
        return f"Its object's name would have {size} bytes, and at most {_LONGEST_NAME} are allowed: rename it"
    return None


def sample_sources(number: int | None, prefix: str = "sample") -> list[FileSource]:
    """Real radiographs (CR and DX) that ship with pydicom and pydicom-data, the chest ones first; at most `number`.

    pydicom-data holds some films twice under one SOPInstanceUID, in another compression; a store takes only one of
    them, so the first by name is taken.
    """
    from pydicom.data.data_manager import DATA_ROOT, external_data_sources

    prefix = clean_prefix(prefix)
    roots = [Path(DATA_ROOT) / "test_files"]
    paths = [path for root in roots for path in files_under(root)]
    for source in external_data_sources().values():
        paths += [Path(path) for path in source.get_paths("**/*", 0)]
    chosen: dict[str, tuple[bool, FileSource]] = {}
    for path in sorted(paths, key=lambda path: (path.name, str(path)), reverse=True):
        found = _radiograph(path)
        if found:
            uid, is_chest = found
            chosen[uid] = (not is_chest, FileSource(path, **_placed(prefix, path.name)))
    ordered = sorted(chosen.values(), key=lambda each: (each[0], each[1].object_name))
    return [source for _, source in ordered][:number]


def synthetic_sources(number: int, prefix: str = "synthetic") -> list[FilmSource]:
    """The first `number` films of the synthetic set."""
    prefix = clean_prefix(prefix)
    return [FilmSource(film, _object_name(prefix, film.file_name)) for film in films(number)]


def clean_prefix(prefix: str) -> str:
    """A folder of the bucket without slashes around it; "" is the bucket's top.

    Raises UsageError for one that an import's wildcard would read otherwise, that is no folder, or the manifests'.
    """
    clean = prefix.strip("/")
    parts = clean.split("/") if clean else []
    if any(character in clean for character in "*?[]\\#\r\n"):
        raise UsageError(f"{clean!r} has a character that Cloud Storage reads as a wildcard: use --prefix NAME.")
    if unfit_name(clean):
        raise UsageError("The folder's name is not UTF-8, which objects' names must be: use --prefix NAME.")
    if any(part in {"", ".", ".."} for part in parts) or parts[:1] == [FOLDER]:
        raise UsageError(f"{clean!r} can't be a folder of the bucket: use --prefix NAME.")
    return clean


def _radiograph(path: Path) -> tuple[str, bool] | None:
    """The SOPInstanceUID of a sound CR or DX file and whether it shows a chest; None for anything else."""
    header = None if dicom_problem(path) else header_of(path)
    if header is None or header.text(_MODALITY) not in _RADIOGRAPHS:
        return None
    return header.text(_INSTANCE_UID), header.text("00180015") == "CHEST"


def files_under(folder: Path) -> Iterator[Path]:
    """The files under `folder` in a stable order; links to folders are not followed, so there is no way in circles."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            if not name.startswith(".") and path.is_file():
                yield path


def _object_name(prefix: str, name: str) -> str:
    """The object's name, ending in exactly `.dcm`: the import's wildcard is case-sensitive."""
    if name[-len(DICOM_ENDING) :].lower() == DICOM_ENDING:
        name = name[: -len(DICOM_ENDING)]
    return f"{prefix}/{name}{DICOM_ENDING}" if prefix else f"{name}{DICOM_ENDING}"


def clashes(sources: Iterable[Source]) -> dict[str, str]:
    """The labels of sources whose object name an earlier one has already, with the label of that one."""
    taken: dict[str, str] = {}
    twice: dict[str, str] = {}
    for source in sources:
        first = taken.setdefault(source.object_name, source.label)
        if first != source.label:
            twice[source.label] = first
    return twice
