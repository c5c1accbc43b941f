"""The key of a file outside of the state, under which all other keys in the state are encrypted.

A state that was begun with one can't be read without it.
"""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from emulator.state import sealed
from emulator.state.folder import CorruptState
from emulator.state.private import private_file

_MARK = b"sealed:"  # what a secret in the database begins with that a root key encrypts; no key material does


class RootKey:
    """A key of 32 bytes that encrypts short secrets: key material and data keys."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def seal(self, secret: bytes, bound: bytes = b"") -> bytes:
        """A secret as the database may hold it; `bound` has to be the same when it is opened."""
        return _MARK + sealed.seal(self._secret, secret, bound)

    def open(self, kept: bytes, bound: bytes = b"") -> bytes:
        """The secret that `seal` was given; one that was kept before there was a root key, as it is."""
        return sealed.opened(self._secret, kept[len(_MARK) :], bound) if kept.startswith(_MARK) else kept

    def derived(self, purpose: bytes) -> bytes:
        """Another key of 32 bytes, that of a purpose, from which this one does not follow (RFC 5869: HKDF-Expand)."""
        return hmac.digest(self._secret, purpose + b"\x01", "sha256")


def read(path: Path) -> RootKey:
    """The key in a file, which is made where it is not there. Raises CorruptState in a sentence."""
    try:
        if not path.exists():
            private_file(path, secrets.token_bytes(sealed.KEY).hex().encode() + b"\n")
        secret = bytes.fromhex(path.read_text("ascii").strip())
    except OSError as error:
        raise CorruptState(f"The root key {path} can't be read or made: {error.strerror}.") from None
    except ValueError:
        secret = b""
    if len(secret) != sealed.KEY:
        raise CorruptState(f"{path} is no root key: {2 * sealed.KEY} hexadecimal digits. Name another file.")
    return RootKey(secret)
