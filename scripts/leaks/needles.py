"""Byte strings looked for in files, all at once: in any encoding, without regard to case, and as they are in base64."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from mmap import mmap

    import numpy as np
    from numpy.typing import NDArray

Named = TypeVar("Named")

SHORTEST = 6
"""Bytes: shorter ones are in any picture by chance."""
_CHUNK = 1 << 22
_ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be")


def forms(text: str) -> set[bytes]:
    """The bytes by which a text is looked for, in small letters: by encoding, and the sure part of base64 of each."""
    found = set()
    for encoding in _ENCODINGS:
        raw = text.encode(encoding, errors="ignore")
        found |= {raw.lower(), *(each.lower() for each in _in_base64(raw))}
    return {each for each in found if len(each) >= SHORTEST}


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """What base64 of any text has that holds these bytes, by how many bytes stand before them (modulo 3)."""
    for before in range(3):
        packed = base64.b64encode(bytes(before) + raw)
        yield packed[(8 * before + 5) // 6 : 8 * (before + len(raw)) // 6]


class Needles(Generic[Named]):
    """Texts with what they stand for, ready to be looked for in bytes."""

    def __init__(self, texts: Iterable[tuple[str, Named]]) -> None:
        """Take pairs; texts of less than six bytes in an encoding are not looked for in it."""
        import numpy as np

        self._named: dict[bytes, list[Named]] = {}
        self._lengths: dict[bytes, set[int]] = {}
        for text, named in texts:
            for form in forms(text):
                self._named.setdefault(form, []).append(named)
                self._lengths.setdefault(form[:SHORTEST], set()).add(len(form))
        self._longest = max(map(len, self._named), default=0)
        starts = b"".join(start.ljust(8, b"\0") for start in self._lengths)
        self._starts = np.unique(np.frombuffer(starts, np.uint64))
        self._pairs = np.zeros(1 << 16, np.bool_)
        self._pairs[self._starts & np.uint64(0xFFFF)] = True

    def find(self, data: bytes | mmap, begin: int = 0, end: int | None = None) -> Iterator[tuple[int, Named]]:
        """Where in bytes, from `begin` to `end`, they stand; each place once."""
        stop = len(data) if end is None else end
        if not self._named:
            return
        for start in range(begin, stop, _CHUNK):
            piece = data[start : min(stop, start + _CHUNK + self._longest)].lower()
            for at in self._candidates(piece):
                if at < _CHUNK:
                    yield from self._at(piece, at, start)

    def _at(self, piece: bytes, at: int, start: int) -> Iterator[tuple[int, Named]]:
        """What stands at a place; figures within a longer number, such as that of a UID, are a coincidence."""
        for length in self._lengths.get(piece[at : at + SHORTEST], ()):
            form = piece[at : at + length]
            if not (
                form.isdigit() and (piece[at - 1 : at].isdigit() or piece[at + length : at + length + 1].isdigit())
            ):
                yield from ((start + at, each) for each in self._named.get(form, ()))

    def _candidates(self, piece: bytes) -> list[int]:
        """Where six bytes stand with which something begins."""
        import numpy as np

        if len(piece) < SHORTEST:
            return []
        plain = np.frombuffer(piece, np.uint8)
        last = len(piece) - SHORTEST + 1
        pairs = plain[:last].astype(np.uint16) | plain[1 : last + 1].astype(np.uint16) << 8
        places = np.flatnonzero(self._pairs[pairs])
        windows: NDArray[np.uint64] = np.zeros(len(places), np.uint64)
        for place in range(SHORTEST):
            windows |= plain[places + place].astype(np.uint64) << np.uint64(8 * place)
        nearest = np.minimum(np.searchsorted(self._starts, windows), len(self._starts) - 1)
        found: list[int] = places[self._starts[nearest] == windows].tolist()
        return found
