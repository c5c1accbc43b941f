"""Which file of a target was made of which of the source: by the key, the crosswalk, or the same pixels."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.dicom.header import Header
from emulator.dicom.syntaxes import DEFLATED_DATASETS
from scripts.errors import UsageError

if TYPE_CHECKING:
    from emulator.deidentify.keys import Secret

INSTANCE = "00080018"
_PIXELS = "7FE00010"


@dataclass
class Twins:
    """Finds the source of a twin.

    new_ids  what SOPInstanceUIDs became, by the old ones
    """

    secret: Secret | None = None
    new_ids: Mapping[str, str] = field(default_factory=dict)
    _by_uid: dict[str, int] = field(default_factory=dict)
    _by_pixels: dict[bytes, list[int]] = field(default_factory=dict)

    def add(self, number: int, path: Path, header: Header) -> None:
        """Take a file of the source by its number."""
        old = header.text(INSTANCE)
        self._by_uid[self._new(old)] = number
        if (pixels := _pixels(path, header)) is not None:
            self._by_pixels.setdefault(pixels, []).append(number)

    def source_of(self, path: Path, header: Header) -> int | None:
        """The number of the source's file; None where it can't be told."""
        found = self._by_uid.get(header.text(INSTANCE))
        if found is not None:
            return found
        same = self._by_pixels.get(_pixels(path, header) or b"", [])
        return same[0] if len(same) == 1 else None

    def _new(self, old: str) -> str:
        if old in self.new_ids:
            return self.new_ids[old]
        return self.secret.uid(old) if self.secret is not None else old


def read_crosswalk(path: Path) -> dict[str, str]:
    """The new SOPInstanceUIDs by the old ones, of a file that `deidentify` wrote. Raises UsageError."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {row["oldSOPInstanceUID"]: row["newSOPInstanceUID"] for row in csv.DictReader(file)}
    except OSError as error:
        raise UsageError(f"The crosswalk {path} cannot be read: {error.strerror}.") from None
    except (KeyError, UnicodeDecodeError):
        raise UsageError(f"{path} is no crosswalk: it lacks oldSOPInstanceUID and newSOPInstanceUID.") from None


def _pixels(path: Path, header: Header) -> bytes | None:
    """A digest of the pixels as they are stored; None where there are none."""
    place = next((each for each in header.bulk if each.path == _PIXELS), None)
    if place is None or not place.length or header.transfer_syntax in DEFLATED_DATASETS:
        return None
    with path.open("rb") as file:
        file.seek(place.offset)
        return hashlib.sha256(file.read(place.length)).digest()
