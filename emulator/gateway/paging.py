"""Pages of lists, for every service (AIP-158): how many are wanted, where the last page ended, and the next token.

A token is what was answered last, as JSON in URL-safe base64. A negative size, and a token that was not made here for
that list, is a 400; a size above the most is that; none, or 0, is the default.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from emulator.errors import ApiError, invalid_argument

_WHOLE = re.compile(r"-?\d{1,40}", re.ASCII)
T = TypeVar("T")
Refusal = Callable[[str], ApiError]
LARGEST = 1 << 62  # of numbers in tokens: SQLite's integers end above


@dataclass(frozen=True)
class Asked:
    """What a list method asks for: at most `size`, after the entry that `after` stands for (None: from the start)."""

    size: int
    after: tuple[Any, ...] | None

    @property
    def start(self) -> int:
        """The position at which the page begins, where tokens are positions."""
        return self.after[0] if self.after else 0

    @property
    def name(self) -> str:
        """The name after which the page begins, where tokens are names."""
        return self.after[0] if self.after else ""


def asked(
    values: Mapping[str, Any],
    default: int,
    most: int,
    *kinds: type,
    size: str = "pageSize",
    refuse: Refusal = invalid_argument,
) -> Asked:
    """The page that query or body ask for; kinds are the types of a token's parts, one int for positions."""
    wanted = whole(values, size, refuse=refuse) or default
    return Asked(min(wanted, most), decode(values.get("pageToken") or "", *(kinds or (int,)), refuse=refuse))


def whole(values: Mapping[str, Any], name: str, refuse: Refusal = invalid_argument) -> int | None:
    """A number from 0 up, None where there is none. Raises a 400 for a negative one, or none at all."""
    value = values.get(name)
    if value is None or value == "":
        return None
    if not _WHOLE.fullmatch(str(value)):
        raise refuse(f'Invalid {name} "{str(value)[:40]}": it must be a whole number.')
    number = int(value)
    if not 0 <= number <= LARGEST:
        raise refuse(f"Invalid {name} {number}: it must not be negative, nor above {LARGEST}.")
    return number


def encode(*parts: str | int) -> str:
    """The token of the page that follows the entry which `parts` stand for."""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def decode(token: str, *kinds: type, refuse: Refusal = invalid_argument) -> tuple[Any, ...] | None:
    """What a token stands for, None for "". Raises a 400 for one that was not made here for such a list.

    A position is 0 or more; a number beside a name may be -1, which is before all others.
    """
    if not token:
        return None
    try:
        padded = token.encode() + b"=" * (-len(token) % 4)
        parts = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        parts = None
    if (
        not isinstance(parts, list)
        or [type(part) for part in parts] != list(kinds)
        or any(isinstance(part, int) and not (0 if kinds == (int,) else -1) <= part <= LARGEST for part in parts)
    ):
        raise refuse(f"Invalid page token: {token[:60]}.")
    return tuple(parts)


def cut(items: Sequence[T], page: Asked) -> tuple[Sequence[T], str]:
    """The part of a list that is the page, and the token of the next ("" at the end): tokens are positions."""
    end = page.start + page.size
    return items[page.start : end], encode(end) if end < len(items) else ""
