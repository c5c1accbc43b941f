"""Heads of data elements: tag, VR and length, and how to tell a VR that a file leaves out (PS3.5 7.1, 6.2.2, A.1)."""

import struct
from dataclasses import dataclass, field
from mmap import mmap
from typing import Any

from emulator.dicom import dictionary, values
from emulator.dicom.charset import DEFAULT, Charset, charset
from emulator.dicom.errors import DicomError
from emulator.dicom.pages import STRIDE, forget

Json = dict[str, Any]
Buffer = bytes | mmap

PIXEL_TAGS = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))
UNDEFINED = 0xFFFFFFFF
"""The length of a value that ends with a delimiter."""
VR_NAMES = {vr.encode(): vr for vr in values.KNOWN_VRS}

_CREATOR_BLOCKS = range(0x10, 0x100)
_ITEMS = {
    endian: (struct.pack(f"{endian}HH", 0xFFFE, 0xE000), struct.pack(f"{endian}HH", 0xFFFE, 0xE0DD)) for endian in "<>"
}
"""How a sequence's value begins: with an item, or its own end."""


@dataclass(slots=True)
class Scope:
    """What the elements of one dataset inherit or share."""

    implicit: bool = False
    charset: Charset = DEFAULT
    signed: bool = False
    path: str = ""
    depth: int = 0
    creators: dict[int, str] = field(default_factory=dict)


class Heads:
    """The bytes of a dataset, and what reads the heads in them."""

    def __init__(self, data: Buffer, endian: str) -> None:
        self.data = data
        self.endian = endian
        self.explicit = struct.Struct(endian + "HH2sH").unpack_from
        self.tag = struct.Struct(endian + "HH").unpack_from
        self.long = struct.Struct(endian + "I").unpack_from

    def looks_implicit(self, pos: int) -> bool:
        """Whether the first element there has no VR: for transfer syntaxes that no table names."""
        return self.data[pos + 4 : pos + 6] not in VR_NAMES

    def head(self, pos: int, end: int, implicit: bool) -> tuple[str | None, int, int]:
        """Read an element's head; give its VR (None if it has none), where its value starts, and the value's length."""
        if implicit:
            return None, pos + 8, self.long(self.data, pos + 4)[0]
        group, element, code, length = self.explicit(self.data, pos)
        vr = VR_NAMES.get(code)
        if vr is None:
            return self._odd_head(pos, end, code, length)
        if code in values.LONG_VRS:
            if end - pos < 12:
                raise truncated(group, element)
            return vr, pos + 12, self.long(self.data, pos + 8)[0]
        return vr, pos + 8, length

    def _odd_head(self, pos: int, end: int, code: bytes, short: int) -> tuple[str | None, int, int]:
        """Read the head of an element of an explicit file whose VR is none: what comes after it tells what it means.

        It may be a VR of a later standard (PS3.5 6.2: two letters and a length of 32 bits), no VR at all as in an
        implicit file, or two bytes that mean nothing, with a length of 16 bits as DCMTK and others read it.
        """
        ways: list[tuple[str | None, int, int]] = [("UN", pos + 8, short)]
        if code.isalpha() and code.isupper():
            if end - pos < 12:
                raise truncated(*self.tag(self.data, pos))
            ways.insert(0, ("UN", pos + 12, self.long(self.data, pos + 8)[0]))
        else:
            ways.insert(0, (None, pos + 8, self.long(self.data, pos + 4)[0]))
        return next((way for way in ways if self._goes_on(pos, way[1], way[2], end)), ways[0])

    def _goes_on(self, pos: int, at: int, length: int, end: int) -> bool:
        """Whether after a value of that length there is an element with a higher tag, a delimiter, or the end."""
        if length == UNDEFINED:
            return self.data[at : at + 4] in _ITEMS[self.endian]
        following = at + length
        if following + 8 > end:
            return following == end
        after = self.tag(self.data, following)
        return after > self.tag(self.data, pos) or after[0] == 0xFFFE

    def found_vr(self, tag: int, given: str | None, at: int, length: int, scope: Scope, shown: Json) -> str:
        """The VR of an element that has none, or has UN; not SQ where its value begins no sequence."""
        vr = self._find_vr(tag, given, length, scope, shown)
        if vr != "SQ" or length in (0, UNDEFINED) or self.data[at : at + 4] in _ITEMS[self.endian]:
            return vr
        return "UN"  # text, say, where the dictionary has a sequence: nothing says what it is

    def _find_vr(self, tag: int, given: str | None, length: int, scope: Scope, shown: Json) -> str:
        """Find the VR of an element that has none, or has UN (as pydicom does; PS3.5 6.2.2)."""
        group, element = tag >> 16, tag & 0xFFFF
        if group & 1:
            if element in _CREATOR_BLOCKS:
                return "LO"
            creator = scope.creators.get(group << 8 | element >> 8)
            found = dictionary.private_vr(tag, creator) if creator else None
            return _settle(tag, found, scope, shown) if found else ("SQ" if length == UNDEFINED else "UN")
        if given == "UN" and 0xFFFF <= length < UNDEFINED:
            return "UN"
        if tag in PIXEL_TAGS and length == UNDEFINED:
            return "OB"  # PS3.5 A.4
        known = dictionary.entry(tag)
        if known is None:
            return "UL" if element == 0 else ("SQ" if length == UNDEFINED else "UN")
        return _settle(tag, known[0], scope, shown)

    def fragments(self, at: int, end: int, group: int, element: int) -> int:
        """Pass over encapsulated fragments (PS3.5 A.4); give where the sequence delimiter ended."""
        pos = seen = at
        while end - pos >= 8:
            if pos - seen > STRIDE:
                forget(self.data, seen, pos)
                seen = pos
            item_group, item_element = self.tag(self.data, pos)
            (size,) = self.long(self.data, pos + 4)
            pos += 8
            if item_group != 0xFFFE or item_element not in (0xE000, 0xE0DD):
                raise DicomError(f"The fragments of ({group:04X},{element:04X}) hold something that is not a fragment.")
            if item_element == 0xE0DD:
                return pos
            if size > end - pos:
                raise truncated(group, element)
            pos += size
        raise truncated(group, element)


SCOPED = frozenset((0x00080005, 0x00280103))
"""The public attributes that `learn` learns from: character set, pixel representation."""


def learn(tag: int, shown: Json, scope: Scope) -> None:
    """Remember what later elements need: character set, pixel representation, private creators."""
    found = shown.get("Value")
    if tag == 0x00080005:
        scope.charset = charset(tuple(str(term or "") for term in found)) if found else DEFAULT
    elif tag == 0x00280103:
        scope.signed = bool(found and found[0] == 1)
    elif tag & 0xFFFF in _CREATOR_BLOCKS and found:
        scope.creators[(tag >> 16) << 8 | tag & 0xFF] = str(found[0])


def _settle(tag: int, vr: str, scope: Scope, shown: Json) -> str:
    """Settle a VR which the dictionary leaves open, for an implicit file (PS3.5 A.1, PS3.3 C.11.1.1)."""
    if len(vr) == 2:
        return vr
    if vr == "US or SS":
        return "SS" if scope.signed else "US"
    if tag == 0x00283006:
        descriptor = shown.get("00283002", {}).get("Value")
        return "US" if descriptor and descriptor[0] == 1 else "OW"
    return "OW" if "OW" in vr else "UN"


def truncated(group: int, element: int) -> DicomError:
    """The error of a file that ends too early, with the attribute in which it does."""
    return DicomError(f"The file is truncated: it ends within attribute ({group:04X},{element:04X}).")
