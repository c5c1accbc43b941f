"""The tables that decide over an attribute: PS3.15 E.1-1, what its IOD demands (PS3.3), and Google's keep list."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from emulator.dicom import dictionary

_DATA = Path(__file__).parents[1] / "data"
_ORDER = ("1", "1C", "2", "2C", "3")
PRIVATE = "private"
"""The row of Table E.1-1 for private attributes."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of Table E.1-1: the Basic Profile's code (X/Z/D), and whether Clean Descriptors cleans it (E.3.5)."""

    code: str
    descriptor: bool


@functools.cache
def _tables() -> Any:
    return orjson.loads((_DATA / "dicom-2020a.json").read_bytes())


@functools.cache
def _keep_list() -> Any:
    return orjson.loads((_DATA / "dicom-keep-list.json").read_bytes())


@functools.lru_cache(maxsize=8192)
def row(tag: int) -> Row | None:
    """The row of a tag, that of its repeating group or of private attributes too; None for one that has none."""
    found = _tables()["profile"].get(_row_name(tag))
    return None if found is None else Row(found[0], found[1].get("descriptors") == "C")


def _row_name(tag: int) -> str:
    """The tag as the table writes it: 8 digits, x standing for any digit, or "private"."""
    if tag >> 16 & 1:
        return PRIVATE
    digits = f"{tag:08X}"
    if digits.startswith("50") and digits[2:4] < "20":
        return "50xxxxxx"
    return f"60xx{digits[4:]}" if digits.startswith("60") and digits[2:4] < "20" else digits


@functools.lru_cache(maxsize=256)
def iod(sop_class: str) -> str:
    """The key of a SOP class's IOD, "" for a SOP class that is not in the tables."""
    return str(_tables()["sop_classes"].get(sop_class, ""))


@functools.lru_cache(maxsize=16384)
def type_of(iod_key: str, parent: int, tag: int) -> str:
    """How an IOD demands an attribute (PS3.5 7.4): 1, 1C, 2, 2C or 3, the strictest of its modules.

    `parent` is the sequence in whose items it stands, 0 for the dataset. Where the IOD is none of the tables, or has no
    such attribute, any module counts: then too much stays in place as a dummy rather than too little.
    """
    below, name, modules = f"{parent:08X}" if parent else "", _row_name(tag), _tables()["modules"]
    own = [modules[each].get(below, {}).get(name) for each in _tables()["iods"].get(iod_key, ())]
    found = [each for each in own if each] or (
        [] if iod_key and not parent else [each for m in modules.values() if (each := m.get(below, {}).get(name))]
    )
    return min(found, key=_ORDER.index, default="3")


@functools.cache
def required() -> frozenset[int]:
    """The tags without which no store takes an instance: nothing can remove these."""
    return _tags("required")


@functools.cache
def keep_by_default() -> frozenset[int]:
    """The tags that every keep list has: what makes a valid file of the instance and shows its pixels."""
    return required() | _tags("default")


def _tags(name: str) -> frozenset[int]:
    found = [dictionary.tag_of(keyword) for keyword in _keep_list()[name]]
    return frozenset(int(tag, 16) for tag in found if tag is not None)
