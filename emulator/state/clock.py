"""Time and ids, injected so that tests can hold them still."""

from __future__ import annotations

import base64
import itertools
import secrets
import time
from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID


class Clock:
    """The wall clock, which can be moved, or stopped at a time."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._stopped: float | None = None

    def seconds(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._ahead if self._stopped is None else self._stopped

    def stop_at(self, seconds: float) -> None:
        """Stand still at a time (seconds since 1970)."""
        self._stopped = seconds

    def run_from(self, seconds: float) -> None:
        """Go on from a time as the wall clock goes."""
        self._stopped, self._ahead = None, seconds - time.time()

    def run_with_wall(self) -> None:
        """Be the wall clock again."""
        self._stopped, self._ahead = None, 0.0

    @property
    def is_wall(self) -> bool:
        """Whether it shows the time of the machine."""
        return self._stopped is None and not self._ahead

    @property
    def is_stopped(self) -> bool:
        """Whether it stands still."""
        return self._stopped is not None

    def now(self) -> datetime:
        """The time in UTC."""
        return datetime.fromtimestamp(self.seconds(), UTC)

    def stamp(self) -> str:
        """The time, as `stamp_of` gives it."""
        return self.stamp_of(self.seconds())

    @staticmethod
    def stamp_of(seconds: float) -> str:
        """RFC 3339 with microseconds and Z, as Google's APIs give times, of seconds since 1970."""
        second, rest = divmod(int(seconds * 1_000_000), 1_000_000)
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

    def uuid(self) -> str:
        """A random UUID (version 4)."""
        return str(UUID(bytes=secrets.token_bytes(16), version=4))

    def etag(self) -> str:
        """An opaque etag in base64, as IAM policies carry it."""
        return base64.b64encode(b"\x07\x06" + secrets.token_bytes(6)).decode()
