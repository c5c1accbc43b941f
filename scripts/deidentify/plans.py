"""What would become of files, attribute by attribute."""

from __future__ import annotations

from mmap import ACCESS_READ, mmap
from pathlib import Path

from emulator.deidentify.dicom.files import deidentify
from emulator.deidentify.dicom.report import Row
from emulator.deidentify.image import Mode
from emulator.deidentify.settings import Settings
from emulator.dicom.errors import DicomError, UnsupportedError
from scripts.errors import CommandError


def plan(settings: Settings, path: Path, label: str) -> list[Row]:
    """The rows of a file; they hold a patient's data. Raises CommandError for a file that is no sound DICOM."""
    cleaner = settings.cleaner()
    cleans = settings.image.mode is not Mode.NONE
    try:
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            return deidentify(data, settings.dicom, settings.secret, cleaner, cleans_pixels=cleans, report=True).rows
    except (DicomError, UnsupportedError) as problem:
        raise CommandError(f"{label}: {problem}") from None
    except (OSError, ValueError):
        raise CommandError(f"{label} cannot be read, or is empty.") from None


def changed(rows: list[Row]) -> list[Row]:
    """Those rows whose value does not stay as it is."""
    return [row for row in rows if row.after != row.before]
