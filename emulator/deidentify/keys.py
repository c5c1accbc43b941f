"""Pseudonyms that follow from a secret key: the same key and value give the same one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

_SIZES = (16, 24, 32)
_MOST_DAYS = 100
"""Google names no range for its date shift; a hundred days either way keep the season about right."""


@dataclass(frozen=True)
class Secret:
    """The key of a de-identification: 128, 192 or 256 bits as a CryptoHashConfig's cryptoKey, else a ValueError."""

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) not in _SIZES:
            raise ValueError(f"A key has 128, 192 or 256 bits; this one has {8 * len(self.key)}.")

    @classmethod
    def random(cls) -> Secret:
        """A new key of 256 bits, as Google makes one for each operation that is given none."""
        return cls(secrets.token_bytes(_SIZES[-1]))

    def hash(self, value: str) -> str:
        """The HMAC-SHA-256 of a text in base64, 44 characters: what cryptoHash puts in its place."""
        return base64.b64encode(self._digest("", value)).decode()

    def uid(self, old: str) -> str:
        """The UID that takes the place of an old one: 2.25. and 128 bits in decimal (PS3.5 B.2), 44 characters."""
        return f"2.25.{int.from_bytes(self._digest('uid', old)[:16], 'big')}"

    def identifier(self, old: str) -> str:
        """The id that takes the place of an old one: 32 hexadecimal digits, fit for FHIR's id and for DICOM's LO."""
        return self._digest("identifier", old)[:16].hex()

    def days(self, context: str) -> int:
        """How many days the dates of a patient move, by the patient's id: -100 to 100, and never 0."""
        number = int.from_bytes(self._digest("days", context)[:8], "big") % (2 * _MOST_DAYS)
        return number - _MOST_DAYS if number < _MOST_DAYS else number - _MOST_DAYS + 1

    def _digest(self, use: str, value: str) -> bytes:
        """The HMAC of a value for one use; uses are kept apart, so that a hash tells nothing of a UID."""
        said = f"{use}\0{value}" if use else value
        return hmac.new(self.key, said.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
