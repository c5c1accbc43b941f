"""What travels between the emulator and its engine process: pickled messages with their length in front.

Both ends are the emulator's own, over a pair of sockets that nobody else can open.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LENGTH = struct.Struct(">Q")


@dataclass(frozen=True)
class Open:
    """Open the files in `folder`. live and results name what the catalogue knows: the rest is swept; None: no sweep.

    readable are the folders of files that load and extract jobs name.
    """

    folder: Path
    readable: tuple[Path, ...]
    live: dict[str, list[dict[str, Any]]] | None
    results: frozenset[str]


@dataclass(frozen=True)
class Call:
    """Run `work(connection, *arguments)`; short work has threads of its own.

    now is the emulator's time in seconds since 1970, where that is not the machine's.
    """

    number: int
    work: Callable[..., Any]
    arguments: tuple[Any, ...]
    short: bool
    now: float | None = None


@dataclass(frozen=True)
class Cancel:
    """Interrupt the call of that number, or keep it from starting."""

    number: int


@dataclass(frozen=True)
class Close:
    """Interrupt what runs, close the files and end."""


@dataclass(frozen=True)
class Reply:
    """What came of a call (number 0: of Open). problem is an exception of ours."""

    number: int
    value: Any = None
    problem: Exception | None = None


def pack(message: Open | Call | Cancel | Close | Reply) -> bytes:
    """A message as it travels."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def unpack(body: bytes | bytearray) -> Any:
    """The message of a frame without its length."""
    return pickle.loads(body)  # noqa: S301 from our own process
