"""The value of one data element, from bytes to the list that DICOM JSON shows (PS3.18 F.2.3)."""

import math
import struct
from collections.abc import Callable
from typing import Any

from emulator.dicom.charset import Charset
from emulator.dicom.representations import decimal, integer

Json = dict[str, Any]
Reader = Callable[[bytes, Charset], list[Any]]

LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
"""VRs whose explicit form has two reserved bytes and a length of 32 bits (PS3.5 7.1.2)."""
BYTES_VRS = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))


def _or_none(items: list[str]) -> list[Any]:
    if len(items) == 1:
        return items if items[0] else []
    return [item or None for item in items]


def _code(raw: bytes, _charset: Charset) -> list[Any]:
    """AE, AS, CS, DA, DT, TM, UI: default repertoire, spaces at the borders of a value mean nothing."""
    text = raw.decode("latin-1").rstrip("\0 ")
    if "\\" not in text:
        text = text.strip(" ")
        return [text] if text else []
    return _or_none([item.strip("\0 ") for item in text.split("\\")])


def _text(raw: bytes, charset: Charset) -> list[Any]:
    """LO, SH, UC: a declared repertoire, several values."""
    text = charset.decode(raw)
    return _or_none([item.rstrip("\0 ") for item in text.split("\\")])


def _single(raw: bytes, charset: Charset) -> list[Any]:
    """LT, ST, UT: a declared repertoire, one value in which a backslash is a character."""
    text = charset.decode(raw).rstrip("\0 ")
    return [text] if text else []


def _address(raw: bytes, _charset: Charset) -> list[Any]:
    text = raw.decode("latin-1").rstrip("\0 ")
    return [text] if text else []


def _name(raw: bytes, charset: Charset) -> list[Any]:
    """PN: up to three component groups; an empty group is left out (PS3.18 F.2.3 and PS3.5 6.2.1)."""
    text = charset.decode(raw.rstrip(b"\0 "), person_name=True)
    names: list[Any] = []
    for value in text.split("\\"):
        groups = zip(("Alphabetic", "Ideographic", "Phonetic"), value.split("="), strict=False)
        names.append({key: part.rstrip("\0 ") for key, part in groups if part.strip("\0 ")} or None)
    return [] if names == [None] else names


def _decimal(raw: bytes, _charset: Charset) -> list[Any]:
    return _numbers_of(raw, decimal)


def _integer(raw: bytes, _charset: Charset) -> list[Any]:
    return _numbers_of(raw, integer)


def _numbers_of(raw: bytes, read: Callable[[str], float | None]) -> list[Any]:
    """Show each value as a number, or as its text where it is none (PS3.18 F.2.3: DS and IS are number or string)."""
    text = raw.decode("latin-1").strip("\0 ")
    if not text:
        return []
    items = [item.strip("\0 ") for item in text.split("\\")]
    return [item or None if (number := read(item)) is None else number for item in items]


TEXT_READERS: dict[str, Reader] = {
    **dict.fromkeys(("AE", "AS", "CS", "DA", "DT", "TM", "UI"), _code),
    **dict.fromkeys(("LO", "SH", "UC"), _text),
    **dict.fromkeys(("LT", "ST", "UT"), _single),
    "UR": _address,
    "PN": _name,
    "DS": _decimal,
    "IS": _integer,
}

NUMBER_FORMATS = {
    "FD": ("d", 8),
    "FL": ("f", 4),
    "SL": ("i", 4),
    "SS": ("h", 2),
    "SV": ("q", 8),
    "UL": ("I", 4),
    "US": ("H", 2),
    "UV": ("Q", 8),
}
"""struct's letter and the bytes of one value."""

WORD_BYTES = {"OD": 8, "OF": 4, "OL": 4, "OV": 8, "OW": 2}
"""The word whose bytes are swapped in a big endian file."""

KNOWN_VRS = frozenset(TEXT_READERS) | frozenset(NUMBER_FORMATS) | BYTES_VRS | {"AT", "SQ"}


def tags(raw: bytes, endian: str) -> list[Any]:
    """Read an AT value: tags as 8 hexadecimal digits."""
    numbers = struct.unpack(f"{endian}{len(raw) // 4 * 2}H", raw[: len(raw) // 4 * 4])
    return [f"{numbers[i]:04X}{numbers[i + 1]:04X}" for i in range(0, len(numbers), 2)]


def finite(number: float) -> float | str:
    """A float as JSON can hold it: JSON has no such number as "NaN", "inf" or "-inf", so these become strings."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else ("inf" if number > 0 else "-inf")
