"""Time and ids, injected so that tests can hold them still."""

from __future__ import annotations

import base64
import itertools
import secrets
import time
from datetime import UTC, datetime
from functools import lru_cache


class Clock:
    """The wall clock."""

    def seconds(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def now(self) -> datetime:
        """The time in UTC."""
        return datetime.fromtimestamp(self.seconds(), UTC)

    def stamp(self) -> str:
        """RFC 3339 with microseconds and Z, as Google's APIs give times."""
        second, rest = divmod(int(self.seconds() * 1_000_000), 1_000_000)
        return f"{_to_the_second(second)}.{rest:06d}Z"


@lru_cache(maxsize=4)
def _to_the_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).replace(tzinfo=None).isoformat()


class Ids:
    """Names that the server makes up."""

    def __init__(self) -> None:
        self._start = secrets.token_hex(6)
        self._numbers = itertools.count()

    def serial(self) -> str:
        """Lower-case hexadecimal digits that were never given before, but are no secret."""
        return f"{self._start}{next(self._numbers):06x}"

    def number(self) -> str:
        """A positive decimal number of 19 digits (operations)."""
        return str(secrets.randbelow(9 * 10**18) + 10**18)

    def hex(self, digits: int = 32) -> str:
        """Lower-case hexadecimal digits."""
        return secrets.token_hex((digits + 1) // 2)[:digits]

    def etag(self) -> str:
        """An opaque etag in base64, as IAM policies carry it."""
        return base64.b64encode(b"\x07\x06" + secrets.token_bytes(6)).decode()
