"""Values as Terraform sends them: MessagePack, in which an extension stands for what is not known yet.

The part of MessagePack (msgpack.org: spec) that they need: nothing, booleans, numbers, texts, lists, maps.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, Final

from emulator.provider.values import UNKNOWN

_NUMBERS: Final = {
    0xCA: ">f",
    0xCB: ">d",
    0xCC: ">B",
    0xCD: ">H",
    0xCE: ">I",
    0xCF: ">Q",
    0xD0: ">b",
    0xD1: ">h",
    0xD2: ">i",
    0xD3: ">q",
}
_LENGTHS: Final = {
    **dict.fromkeys((0xC4, 0xC7, 0xD9), ">B"),
    **dict.fromkeys((0xC5, 0xC8, 0xDA, 0xDC, 0xDE), ">H"),
    **dict.fromkeys((0xC6, 0xC9, 0xDB, 0xDD, 0xDF), ">I"),
}
_PLAIN: Final[dict[int, Any]] = {0xC0: None, 0xC2: False, 0xC3: True}
_UNKNOWN: Final = b"\xd4\x00\x00"
"""An extension of one byte; what is in it says more about the value, and nothing here asks."""


class Unpacker:
    """Reads one value. Raises ValueError for bytes that are none."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def value(self) -> Any:
        """The next value; UNKNOWN for any extension."""
        kind = self._take(1)[0]
        if kind in _PLAIN:
            return _PLAIN[kind]
        if kind < 0x80 or kind >= 0xE0:
            return kind if kind < 0x80 else kind - 0x100
        if kind in _NUMBERS:
            return self._number(_NUMBERS[kind])
        if kind < 0xC0:
            return self._small(kind)
        return self._long(kind)

    def _small(self, kind: int) -> Any:
        """What has its length in its first byte."""
        if kind < 0x90:
            return self._map(kind & 0x0F)
        return self._list(kind & 0x0F) if kind < 0xA0 else self._text(kind & 0x1F)

    def _long(self, kind: int) -> Any:
        if 0xD4 <= kind <= 0xD8:
            self._take(1 + (1 << (kind - 0xD4)))
            return UNKNOWN
        if kind not in _LENGTHS:
            raise ValueError(f"no value begins with the byte {kind:#x}")
        length = int(self._number(_LENGTHS[kind]))
        if kind in (0xDC, 0xDD):
            return self._list(length)
        if kind in (0xDE, 0xDF):
            return self._map(length)
        if 0xC7 <= kind <= 0xC9:
            self._take(1 + length)
            return UNKNOWN
        return self._text(length)

    def _list(self, length: int) -> list[Any]:
        return [self.value() for _ in range(length)]

    def _map(self, length: int) -> dict[str, Any]:
        return {self.value(): self.value() for _ in range(length)}

    def _text(self, length: int) -> str:
        return self._take(length).decode()

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _take(self, length: int) -> bytes:
        self._at += length
        if self._at > len(self._data):
            raise ValueError("a value ends too early")
        return self._data[self._at - length : self._at]


def unpack(data: bytes) -> Any:
    """The value of some bytes. Raises ValueError."""
    return Unpacker(data).value()


def pack(value: Any) -> bytes:
    """A value as bytes: None, UNKNOWN, a boolean, a number, a text, a list or a map of these."""
    if value is UNKNOWN:
        return _UNKNOWN
    if value is None or isinstance(value, bool):
        return bytes([next(kind for kind, plain in _PLAIN.items() if plain is value)])
    if isinstance(value, int):
        return struct.pack(">Bq", 0xD3, value)
    if isinstance(value, float):
        return struct.pack(">Bd", 0xCB, value)
    if isinstance(value, str):
        text = value.encode()
        return struct.pack(">BI", 0xDB, len(text)) + text
    if isinstance(value, Mapping):
        return struct.pack(">BI", 0xDF, len(value)) + b"".join(pack(key) + pack(item) for key, item in value.items())
    return struct.pack(">BI", 0xDD, len(value)) + b"".join(map(pack, value))
