"""Files of encrypted records: appended to, cut off, and read at any place, at constant memory.

A record is the length of its plaintext (4 bytes), a nonce (12 bytes), and what AES-256-GCM makes of at most RECORD
bytes. The place of these in the whole is authenticated too, so that no record passes for another one.
"""

from __future__ import annotations

import os
import secrets
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY = 32
RECORD = 1 << 18
_LENGTH = 4
_NONCE = 12
_HEAD = _LENGTH + _NONCE
_TAG = 16
ADDED = _NONCE + _TAG
"""Bytes by which `seal` makes a text longer."""


class TamperedError(OSError):
    """A file does not hold what was written to it, or was written with another key."""


def seal(key: bytes, data: bytes, bound: bytes = b"") -> bytes:
    """A nonce and what AES-256-GCM makes of a short text; `bound` has to be the same when it is opened."""
    return seal_by(cipher(key), data, bound)


def opened(key: bytes, sealed: bytes, bound: bytes = b"") -> bytes:
    """The text that `seal` was given. Raises TamperedError for another key, and for what is not from there."""
    return opened_by(cipher(key), sealed, bound)


def seal_by(cipher: AESGCM, data: bytes, bound: bytes) -> bytes:
    """As `seal`, by the cipher of a key that is used often."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + cipher.encrypt(nonce, data, bound)


def opened_by(cipher: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    """As `opened`, by the cipher of a key that is used often."""
    return _decrypted(cipher, sealed[:_NONCE], sealed[_NONCE:], bound)


def records(key: bytes, at: int, data: bytes) -> bytes:
    """The records that append `data` to a file of `at` bytes of plaintext."""
    made = cipher(key)
    return b"".join(_record(made, at + start, data[start : start + RECORD]) for start in range(0, len(data), RECORD))


def _record(cipher: AESGCM, at: int, data: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return len(data).to_bytes(_LENGTH, "big") + nonce + cipher.encrypt(nonce, data, _place(at))


def _place(at: int) -> bytes:
    return at.to_bytes(8, "big")


def cipher(key: bytes) -> AESGCM:
    """What encrypts and decrypts with a key; any thread may use it."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def _decrypted(cipher: AESGCM, nonce: bytes, data: bytes, bound: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag

    try:
        return cipher.decrypt(nonce, data, bound)
    except (InvalidTag, ValueError):  # ValueError: shorter than a nonce
        raise TamperedError("The file was changed outside of the emulator, or has another key.") from None


class Records:
    """The plaintext of an open file of records. Heads are read as far as they are needed."""

    def __init__(self, descriptor: int, key: bytes) -> None:
        self._descriptor = descriptor
        self._cipher = cipher(key)
        self._starts = [0]  # where each known record begins in the plaintext, and the one behind them
        self._offsets = [0]  # the same in the file

    @property
    def size(self) -> int:
        """Bytes of the plaintext."""
        while self._know_one_more():
            continue
        return self._starts[-1]

    def read(self, start: int, end: int) -> bytes:
        """Bytes [start, end) of the plaintext, fewer where it has ended. Raises TamperedError."""
        found: list[bytes] = []
        while start < end and self._known(start):
            number = bisect_right(self._starts, start) - 1
            data = self._record(number)
            first = self._starts[number]
            found.append(data[start - first : end - first])
            start = first + len(data)
        return b"".join(found)

    def offset_of(self, size: int) -> int:
        """Where in the file the record ends with which there are `size` bytes of plaintext. Raises TamperedError."""
        while self._starts[-1] < size and self._know_one_more():
            continue
        if size not in self._starts:
            raise TamperedError("The file has fewer bytes than were stored.")
        return self._offsets[self._starts.index(size)]

    def begin(self, place: int) -> tuple[int, int]:
        """The last start of a record, or end of a whole one, up to a place of the plaintext, and where in the file."""
        end = os.fstat(self._descriptor).st_size
        while self._starts[-1] <= place and self._offsets[-1] < end and self._know_one_more():
            continue
        whole = bisect_right(self._offsets, end) - 1
        number = min(bisect_right(self._starts, place) - 1, whole)
        return self._starts[number], self._offsets[number]

    def _known(self, place: int) -> bool:
        """Whether there is a record with that byte of the plaintext."""
        while self._starts[-1] <= place:
            if not self._know_one_more():
                return False
        return True

    def _know_one_more(self) -> bool:
        head = os.pread(self._descriptor, _LENGTH, self._offsets[-1])
        if len(head) < _LENGTH:
            return False
        length = int.from_bytes(head, "big")
        if not 0 < length <= RECORD:
            raise TamperedError("The file was changed outside of the emulator.")
        self._starts.append(self._starts[-1] + length)
        self._offsets.append(self._offsets[-1] + _HEAD + length + _TAG)
        return True

    def _record(self, number: int) -> bytes:
        begin, end = self._offsets[number], self._offsets[number + 1]
        raw = os.pread(self._descriptor, end - begin, begin)
        return _decrypted(self._cipher, raw[_LENGTH:_HEAD], raw[_HEAD:], _place(self._starts[number]))
