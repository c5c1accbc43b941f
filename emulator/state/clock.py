"""Time and ids, injected so that tests can hold them still."""

from __future__ import annotations

import base64
import secrets
import time
from datetime import UTC, datetime


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
        return self.now().isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


class Ids:
    """Names that the server makes up."""

    def number(self) -> str:
        """A positive decimal number of 19 digits (operations)."""
        return str(secrets.randbelow(9 * 10**18) + 10**18)

    def hex(self, digits: int = 32) -> str:
        """Lower-case hexadecimal digits."""
        return secrets.token_hex((digits + 1) // 2)[:digits]

    def etag(self) -> str:
        """An opaque etag in base64, as IAM policies carry it."""
        return base64.b64encode(b"\x07\x06" + secrets.token_bytes(6)).decode()
