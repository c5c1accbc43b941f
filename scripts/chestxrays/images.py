"""The image files of a set where they lie: in folders, or inside zips that nobody need unpack.

An ImageFile is small and pickles, so that a parent process can list a set and its workers read it: the zip's directory
(60 MB for the whole set) is read once, by the parent.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from scripts.chestxrays.errors import ReadError

ENDINGS = frozenset((".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"))

_LOCAL_HEADER, _LOCAL_MAGIC = 30, b"PK\x03\x04"
_ENCRYPTED = 1


@dataclass(frozen=True, slots=True)
class Member:
    """Where a file lies in a zip: offset of its local header, packed size, method and CRC-32, as in APPNOTE 4.3."""

    offset: int
    packed: int
    method: int
    crc: int


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A file: `place` is the folder or zip that holds it, `path` its path inside, `size` its bytes (unpacked)."""

    place: str
    path: str
    size: int
    member: Member | None = None

    @property
    def name(self) -> str:
        """The last part of the path, such as `00000001_000.png`."""
        return self.path.rpartition("/")[2]

    @property
    def version(self) -> tuple[int | str, ...]:
        """What changes when the bytes do: their number and CRC-32, which a zip has in its directory.

        The same for the same bytes, packed or not, on any machine. Without checksum where the file can't be read.
        """
        if self.member:
            return (self.size, self.member.crc)
        try:
            return (self.size, zlib.crc32(self.read()))
        except ReadError:
            return (self.size,)

    def portable(self) -> ImageFile | bytes:
        """What another process needs to have the bytes. Raises ReadError."""
        return self

    def read(self) -> bytes:
        """The file's bytes, in any process. Raises ReadError when they are gone, unreadable or damaged."""
        try:
            if self.member:
                opened = _opened(self.place, os.getpid())  # held while it is read: a dropped one is closed
                return unpack(self, self.member, opened.read)
            return Path(self.place, self.path).read_bytes()
        except OSError as error:
            raise ReadError(f"The file cannot be read: {error.strerror}; check the disk and load again.") from error


def is_image(file: ImageFile) -> bool:
    """Whether a file's ending is that of an image."""
    return PurePosixPath(file.path).suffix.lower() in ENDINGS


@dataclass(frozen=True)
class Listing:
    """What lies in a place: files in the order of their paths, and a sentence for each that can't be used."""

    files: tuple[ImageFile, ...]
    problems: tuple[str, ...] = ()


def list_folder(folder: Path) -> Listing:
    """All files under `folder` but hidden ones; links to folders are not followed, so there is no way in circles."""
    return Listing(tuple(_walk(str(folder), "")))


def list_zip(path: Path) -> Listing:
    """All files of a zip. Raises ReadError when it is none, or cut off."""
    try:
        with path.open("rb") as file:
            return list_members(
                file, path.name, lambda inside, size, member: ImageFile(str(path), inside, size, member)
            )
    except OSError as error:
        raise ReadError(f"{path.name} is no whole zip: fetch it again.") from error


def list_members(file: IO[bytes], name: str, make: Callable[[str, int, Member], ImageFile]) -> Listing:
    """All files of the zip in `file`, which problems call `name`; `make` is told path, size and where each lies.

    Raises ReadError when it is no zip, or cut off.
    """
    files, problems = [], []
    try:
        with ZipFile(file) as opened:
            for info in opened.infolist():
                inside = PurePosixPath(info.filename)
                if info.is_dir() or any(part.startswith((".", "__MACOSX")) and part != ".." for part in inside.parts):
                    continue
                if inside.is_absolute() or ".." in inside.parts:
                    problems.append(f"{name} has a member whose name leads out of the zip, so it was left out.")
                elif info.flag_bits & _ENCRYPTED or info.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
                    problems.append(
                        f"{name} has a member that is encrypted or packed in an unusual way, so it was left out;"
                        " unpack the zip and load the folder."
                    )
                else:
                    member = Member(info.header_offset, info.compress_size, info.compress_type, info.CRC)
                    files.append(make(inside.as_posix(), info.file_size, member))
    except (BadZipFile, NotImplementedError) as error:
        raise ReadError(f"{name} is no whole zip: fetch it again.") from error
    files.sort(key=lambda file: file.path)
    return Listing(tuple(files), tuple(problems))


def _walk(top: str, below: str) -> Iterator[ImageFile]:
    with os.scandir(os.path.join(top, below)) as entries:  # noqa: PTH118 - a Path per file is slow for 112,120
        found = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    for entry in found:
        path = f"{below}/{entry.name}" if below else entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(top, path)
        elif entry.is_file():
            yield ImageFile(top, path, entry.stat().st_size)


def unpack(file: ImageFile, member: Member, read: Callable[[int, int], bytes]) -> bytes:
    """The bytes of a zip's member; `read` gives a number of the zip's bytes at an offset. Raises ReadError.

    It needs no place of its own in the zip, so that threads and forked processes may share a descriptor.
    """
    head = read(_LOCAL_HEADER, member.offset)
    if len(head) < _LOCAL_HEADER or not head.startswith(_LOCAL_MAGIC):
        raise _damaged(file)
    # The local header's own lengths of name and extra field: the directory's may differ (APPNOTE 4.3.7).
    start = (
        member.offset + _LOCAL_HEADER + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    )
    data = read(member.packed, start)
    if member.method == ZIP_DEFLATED:
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            # One byte more than promised: a member that unpacks to more is no reason to fill the memory.
            data = unpacker.decompress(data, file.size + 1)
        except zlib.error as error:
            raise _damaged(file) from error
    if len(data) != file.size or zlib.crc32(data) != member.crc:
        raise _damaged(file)
    return data


@lru_cache(maxsize=32)
def _opened(path: str, process: int) -> _OpenFile:  # noqa: ARG001 - a forked child opens the file anew
    return _OpenFile(path)


class _OpenFile:
    """An open file, closed when neither the cache nor a reader holds it any longer."""

    def __init__(self, path: str) -> None:
        self._descriptor = -1
        self._descriptor = os.open(path, os.O_RDONLY)

    def read(self, size: int, offset: int) -> bytes:
        return os.pread(self._descriptor, size, offset)

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)


def _damaged(file: ImageFile) -> ReadError:
    return ReadError(f"Its bytes in {Path(file.place).name} are damaged: fetch the zip again.")
