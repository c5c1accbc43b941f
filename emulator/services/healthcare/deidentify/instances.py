"""Files of instances made into de-identified ones, ready to be stored. Runs in a process of the pool."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import google_crc32c

from emulator.deidentify.instances import deidentified
from emulator.deidentify.settings import Settings
from emulator.deidentify.text.findings import FindingKind
from emulator.dicom.errors import DicomError, UnsupportedError
from emulator.services.healthcare.dicom import index
from emulator.services.healthcare.dicom.index import Instance
from emulator.state.blob_writing import base64_of


@dataclass(frozen=True, slots=True)
class Made:
    """A new file: its instance's rows, its size in bytes and its checksum as Cloud Storage gives it.

    `found` says how many texts of each kind were replaced or blackened.
    """

    instance: Instance
    size: int
    crc32c: str
    found: Counter[FindingKind]


def make(settings: Settings, files: Sequence[tuple[str, str]]) -> list[Made | str | None]:
    """Write the de-identified file of each pair of paths (source, target), and sync it.

    Gives for each what was made, or the sentence that says why nothing was, None where the source was deleted
    meanwhile; then there is no target.
    """
    made = [_made(settings, Path(source), Path(target)) for source, target in files]
    written = [target for (_, target), one in zip(files, made, strict=True) if isinstance(one, Made)]
    if written:
        with ThreadPoolExecutor(len(written)) as threads:  # the disk writes several in the time of one
            list(threads.map(_sync, written))
    return made


def _made(settings: Settings, source: Path, target: Path) -> Made | str | None:
    found: Counter[FindingKind] = Counter()
    try:
        with (
            source.open("rb") as file,
            mmap(file.fileno(), 0, access=ACCESS_READ) as data,
            deidentified(settings, data, target, found) as chunks,
        ):
            size, crc32c = _write(chunks, target)
        return Made(index.read_file(target), size, crc32c, found)
    except (DicomError, UnsupportedError) as problem:
        target.unlink(missing_ok=True)
        return str(problem)
    except FileNotFoundError:
        return None
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _sync(path: str) -> None:
    """Let a file survive a crash of the machine."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def _write(chunks: Iterable[bytes], target: Path) -> tuple[int, str]:
    """Write a file piece by piece; give its size and checksum."""
    crc: Any = google_crc32c.Checksum()  # type: ignore[no-untyped-call]
    size = 0
    with target.open("xb") as file:
        for chunk in chunks:
            crc.update(chunk)
            size += file.write(chunk)
    return size, base64_of(crc.digest())
