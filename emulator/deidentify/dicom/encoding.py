"""New data elements as bytes (PS3.5 7.1)."""

import struct
from dataclasses import dataclass

from emulator.dicom import values

ZERO_PADDED = values.BYTES_VRS | {"UI"}
"""VRs whose values are padded to an even length with a zero byte, others with a space (PS3.5 6.2)."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a dataset is encoded: struct's sign of its endianness, and whether VRs are left out."""

    endian: str = "<"
    implicit: bool = False


META = Encoding()
"""How file meta information is encoded (PS3.10 7.1)."""


def padded(vr: str, value: bytes) -> bytes:
    """A value with an even length."""
    return value + (b"\0" if vr in ZERO_PADDED else b" ") * (len(value) % 2)


def element(tag: int, vr: str, value: bytes, how: Encoding) -> bytes:
    """An element with a value that is not padded yet."""
    value = padded(vr, value)
    return _head(tag, vr, len(value), how) + value


def sequence(tag: int, items: list[bytes], how: Encoding) -> bytes:
    """A sequence of items."""
    value = b"".join(struct.pack(how.endian + "HHI", 0xFFFE, 0xE000, len(item)) + item for item in items)
    return _head(tag, "SQ", len(value), how) + value


def _head(tag: int, vr: str, length: int, how: Encoding) -> bytes:
    start, code = struct.pack(how.endian + "HH", tag >> 16, tag & 0xFFFF), vr.encode()
    if how.implicit:
        return start + struct.pack(how.endian + "I", length)
    if code in values.LONG_VRS:
        return start + code + struct.pack(how.endian + "HI", 0, length)
    return start + code + struct.pack(how.endian + "H", length)
