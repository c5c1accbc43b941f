"""A DICOM file's header, read once: DICOM JSON of all attributes (PS3.18 F.2) and where each bulk value lies."""

import base64
import struct
from dataclasses import dataclass
from mmap import mmap
from typing import Any

from emulator.dicom import values
from emulator.dicom.deflated import inflate
from emulator.dicom.errors import DicomError, refusing_the_unforeseen
from emulator.dicom.heads import PIXEL_TAGS, SCOPED, UNDEFINED, VR_NAMES, Buffer, Heads, Json, Scope, learn, truncated
from emulator.dicom.syntaxes import DEFLATED_DATASETS

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
BIG_ENDIAN = "1.2.840.10008.1.2.2"

MAX_DEPTH = 48

# Cloud Healthcare: bulk data is any OB, OW, UN, these VRs from so many bytes or values, and pixel data.
_LARGE_BYTES = frozenset(("OD", "OF", "OL", "OV"))
_LARGE_BYTES_LIMIT = 2048
_LARGE_NUMBERS = frozenset(("AT", "FD", "FL", "UL", "US", "SV", "UV"))
_LARGE_NUMBERS_LIMIT = 512

_PROGRAMS = (
    (b"MZ", "Windows"),
    (b"\x7fELF", "Linux"),
    (b"\xca\xfe\xba\xbe", "macOS or Java"),
    *(
        (magic, "macOS")
        for magic in (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe")
    ),
    (b"#!", "a script"),
)


@dataclass(frozen=True, slots=True)
class Bulk:
    """Where a bulk value lies: its path as in .../bulkdata/PATH, VR, and the bytes [offset, offset + length)."""

    path: str
    vr: str
    offset: int
    length: int
    encapsulated: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """What was read from one file. Offsets and size of a deflated file are those of the inflated one."""

    elements: Json
    bulk: tuple[Bulk, ...]
    transfer_syntax: str
    dataset_offset: int
    size: int

    def text(self, tag: str) -> str:
        """The first value of a root attribute (8 digits) as text, "" if there is none."""
        found = self.elements.get(tag, {}).get("Value")
        return str(found[0]) if found and found[0] is not None else ""


def inflated(data: Buffer) -> mmap:
    """A sound deflated file with its dataset inflated, as offsets of its header count. DicomError as `inflate`."""
    return inflate(data, _Walker(data, "<").file_meta({}))


def read_header(data: Buffer) -> Header:
    """Read a Part 10 file from its bytes or a memory map; raise DicomError, in one sentence, if it is not sound.

    What nobody foresaw in a file is such an error, too: one file must never end the work on others.
    """
    with refusing_the_unforeseen():
        return _read(data)


def require_dicom(data: Buffer) -> None:
    """Raise DicomError unless these are the bytes of a Part 10 file, whose preamble begins no program."""
    if len(data) == 0:
        raise DicomError("The file is empty.")
    if len(data) < 132 or data[128:132] != b"DICM":
        raise DicomError("The file is not DICOM: the prefix DICM is missing at byte 128 (PS3.10 7.1).")
    if (program := _program(data)) is not None:
        raise DicomError(f"The file's preamble begins a program ({program}); a DICOM file must not (PS3.10 7.1).")


def _read(data: Buffer) -> Header:
    require_dicom(data)
    walker = _Walker(data, "<")
    elements: Json = {}
    start = walker.file_meta(elements)
    syntax = _first(elements, "00020010")
    if not syntax:
        raise DicomError("The file meta information lacks TransferSyntaxUID (0002,0010).")
    if syntax in DEFLATED_DATASETS:
        data = inflate(data, start)
    endian, implicit = encoding(data, syntax, start)
    dataset = _Walker(data, endian)
    dataset.dataset(start, len(data), elements, Scope(implicit))
    return Header(elements, (*walker.bulk, *dataset.bulk), syntax, start, len(data))


def encoding(data: Buffer, syntax: str, start: int) -> tuple[str, bool]:
    """How the dataset at `start` is encoded: struct's sign of its endianness, and whether VRs are left out."""
    endian = ">" if syntax == BIG_ENDIAN else "<"
    named = syntax.startswith(EXPLICIT[:-2])
    return endian, syntax == IMPLICIT or (not named and Heads(data, endian).looks_implicit(start))


def _program(data: Buffer) -> str | None:
    """What kind of program the preamble begins, if any (CVE-2019-11687). TIFF, for dual-format files, is none."""
    start = data[:4]
    return next((kind for magic, kind in _PROGRAMS if start.startswith(magic)), None)


def _first(elements: Json, tag: str) -> str:
    found = elements.get(tag, {}).get("Value")
    return str(found[0]) if found else ""


class _Walker(Heads):
    """One pass over the elements of a file."""

    def __init__(self, data: Buffer, endian: str) -> None:
        super().__init__(data, endian)
        self.bulk: list[Bulk] = []

    def file_meta(self, out: Json) -> int:
        """Read group 0002; give where the dataset starts. Its length and version elements are no attributes to show."""
        pos, size = 132, len(self.data)
        while size - pos >= 8:
            group, element, code, length = self.explicit(self.data, pos)
            if group != 2:
                break
            at = pos + 8
            if code in values.LONG_VRS:
                if size - pos < 12:
                    raise truncated(group, element)
                length, at = self.long(self.data, pos + 8)[0], pos + 12
            if length > size - at:
                raise truncated(group, element)
            vr = VR_NAMES.get(code)
            pos = at + length
            if vr and element > 1 and vr != "SQ":
                out[f"{group:04X}{element:04X}"] = self._value(vr, at, length, Scope(), f"{group:04X}{element:04X}")
        return pos

    def dataset(self, pos: int, end: int, out: Json, scope: Scope) -> int:
        """Read the elements from `pos` up to `end` or an item delimiter into `out`; give where reading ended."""
        if scope.depth > MAX_DEPTH:
            raise DicomError(f"Sequences are nested more than {MAX_DEPTH} deep.")
        tag_at, head = self.tag, self.head
        while end - pos >= 8:
            group, element = tag_at(self.data, pos)
            if group == 0xFFFE:
                if element == 0xE00D:
                    return pos + 8
                raise DicomError(f"An item or delimiter tag (FFFE,{element:04X}) stands where an attribute should.")
            vr, at, length = head(pos, end, scope.implicit)
            tag = group << 16 | element
            if length != UNDEFINED and length > end - at:
                raise truncated(group, element)
            implicit = scope.implicit
            if vr is None or vr == "UN":
                implicit = implicit or vr == "UN"  # PS3.5 6.2.2: what is inside UN is implicit
                vr = self.found_vr(tag, vr, at, length, scope, out)
            key = f"{tag:08X}"
            if vr == "SQ":
                stop = end if length == UNDEFINED else at + length
                inner = Scope(implicit, scope.charset, scope.signed, f"{scope.path}{key}/", scope.depth + 1)
                out[key], pos = self._sequence(at, stop, inner, open_ended=length == UNDEFINED)
            elif length == UNDEFINED:
                pos = self.fragments(at, end, group, element)
                self.bulk.append(Bulk(scope.path + key, vr, at, pos - at, encapsulated=True))
                out[key] = {"vr": vr, "BulkDataURI": scope.path + key}
            else:
                pos = at + length
                if element:  # group lengths are not shown (PS3.18 F.2.2)
                    out[key] = shown = self._value(vr, at, length, scope, key)
                    if tag in SCOPED or group & 1:
                        learn(tag, shown, scope)
        if scope.depth == 0 and pos < end and any(self.data[pos:end]):
            raise DicomError(f"The file is truncated: {end - pos} bytes are left where an attribute should start.")
        return pos

    def _sequence(self, pos: int, stop: int, scope: Scope, *, open_ended: bool) -> tuple[Json, int]:
        """Read a sequence's items; give its JSON and where it ended. The scope is theirs; its path, the sequence's."""
        base = scope.path
        group, element = int(base[-9:-5], 16), int(base[-5:-1], 16)
        items: list[Json] = []
        while stop - pos >= 8:
            item_group, item_element = self.tag(self.data, pos)
            (size,) = self.long(self.data, pos + 4)
            if item_group != 0xFFFE or item_element not in (0xE000, 0xE0DD):
                raise DicomError(f"Sequence ({group:04X},{element:04X}) holds something that is not an item.")
            pos += 8
            if item_element == 0xE0DD:
                return _shown_items(items), pos
            if size != UNDEFINED and size > stop - pos:
                raise truncated(group, element)
            item: Json = {}
            inner = Scope(scope.implicit, scope.charset, scope.signed, f"{base}{len(items)}/", scope.depth)
            limit = stop if size == UNDEFINED else pos + size
            reached = self.dataset(pos, limit, item, inner)
            pos = reached if size == UNDEFINED else limit
            items.append(item)
        if open_ended:
            raise truncated(group, element)
        return _shown_items(items), stop

    def _value(self, vr: str, at: int, length: int, scope: Scope, key: str) -> Json:
        """Show one value as DICOM JSON; a bulk value is noted and shown as its path."""
        if length == 0:
            return {"vr": vr}
        if reader := values.TEXT_READERS.get(vr):
            shown = reader(self.data[at : at + length], scope.charset)
            return {"vr": vr, "Value": shown} if shown else {"vr": vr}
        if vr in _LARGE_BYTES and length <= _LARGE_BYTES_LIMIT and int(key, 16) not in PIXEL_TAGS:
            return {"vr": vr, "InlineBinary": self._inline(vr, at, length)}
        width = 4
        if vr in values.NUMBER_FORMATS:
            letter, width = values.NUMBER_FORMATS[vr]
            if length % width:
                vr = "UN"
            elif vr not in _LARGE_NUMBERS or length // width <= _LARGE_NUMBERS_LIMIT:
                numbers: list[Any] = list(struct.unpack_from(f"{self.endian}{length // width}{letter}", self.data, at))
                return {"vr": vr, "Value": [values.finite(n) for n in numbers] if letter in "fd" else numbers}
        elif vr == "AT" and length // width <= _LARGE_NUMBERS_LIMIT:
            return {"vr": vr, "Value": values.tags(self.data[at : at + length], self.endian)}
        self.bulk.append(Bulk(scope.path + key, vr, at, length))
        return {"vr": vr, "BulkDataURI": scope.path + key}

    def _inline(self, vr: str, at: int, length: int) -> str:
        raw = self.data[at : at + length]
        return base64.b64encode(swapped(raw, vr) if self.endian == ">" else raw).decode()


def swapped(raw: bytes, vr: str, width: int = 0) -> bytes:
    """Turn big endian words into little endian ones (PS3.18 F.2.7: binary values are little endian).

    `width` is the word's bytes where the VR does not say: pixels of 32 or 64 bits are stored as OW too.
    """
    width = width or values.WORD_BYTES.get(vr) or values.NUMBER_FORMATS.get(vr, ("", 1))[1]
    if width == 1 or len(raw) % width:
        return raw
    out = bytearray(len(raw))
    for place in range(width):
        out[place::width] = raw[width - 1 - place :: width]
    return bytes(out)


def _shown_items(items: list[Json]) -> Json:
    return {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}
