"""Files of instances made into de-identified ones, ready to be stored. Runs in a process of the pool."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import google_crc32c

from emulator.deidentify.dicom.files import deidentify
from emulator.deidentify.dicom.known import known_of
from emulator.deidentify.image import Mode, detector
from emulator.deidentify.image.redaction import Wanted, redact
from emulator.deidentify.settings import Settings
from emulator.deidentify.text.cleaner import Cleaner
from emulator.dicom.errors import DicomError, UnsupportedError
from emulator.dicom.header import read_header
from emulator.services.healthcare.dicom import index
from emulator.services.healthcare.dicom.index import Instance
from emulator.state.blobs import base64_of

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Made:
    """A new file: its instance's rows, its size in bytes and its checksum as Cloud Storage gives it."""

    instance: Instance
    size: int
    crc32c: str


def make(settings: Settings, files: Sequence[tuple[str, str]]) -> list[Made | str | None]:
    """Write the de-identified file of each pair of paths (source, target), and sync it.

    Gives for each what was made, or the sentence that says why nothing was, None where the source was deleted
    meanwhile; then there is no target.
    """
    return [_made(settings, Path(source), Path(target)) for source, target in files]


def _made(settings: Settings, source: Path, target: Path) -> Made | str | None:
    try:
        with source.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            size, crc32c = _deidentified(settings, data, target)
        return Made(index.read_file(target), size, crc32c)
    except (DicomError, UnsupportedError) as problem:
        target.unlink(missing_ok=True)
        return str(problem)
    except FileNotFoundError:
        return None
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _deidentified(settings: Settings, data: mmap, target: Path) -> tuple[int, str]:
    """Write the new file of the bytes of one; give its size and checksum."""
    cleans_pixels = settings.image.mode is not Mode.NONE
    cleaner = Cleaner(settings.text, settings.secret)
    made = deidentify(data, settings.dicom, settings.secret, cleaner, cleans_pixels=cleans_pixels)
    if not cleans_pixels:
        return _write(made.chunks(), target)
    plain, clean = (target.with_name(f"{target.name}.{step}") for step in ("header", "pixels"))
    try:
        _write(made.chunks(), plain)
        contextual = settings.image.mode is Mode.SENSITIVE_AND_DESCRIPTORS
        header = known_of(read_header(data), contextual=contextual)
        wanted = Wanted(settings.image, Cleaner(settings.image_text, settings.secret), header)
        redacted = redact(plain, clean, wanted, detector())
        return _write(_chunks(plain if redacted is None else clean), target)
    finally:
        plain.unlink(missing_ok=True)
        clean.unlink(missing_ok=True)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_PIECE):
            yield chunk


def _write(chunks: Iterable[bytes], target: Path) -> tuple[int, str]:
    """Write a file piece by piece, and sync it; give its size and checksum."""
    crc: Any = google_crc32c.Checksum()  # type: ignore[no-untyped-call]
    size = 0
    with target.open("xb") as file:
        for chunk in chunks:
            crc.update(chunk)
            size += file.write(chunk)
        file.flush()
        os.fdatasync(file.fileno())
    return size, base64_of(crc.digest())
