"""What travels between the emulator and its engine process: pickled messages with their length in front.

Both ends are the emulator's own, over a pair of sockets that nobody else can open.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.services.bigquery.sql.keyed import Keyed

LENGTH = struct.Struct(">Q")


@dataclass(frozen=True)
class Open:
    """Open the files in `folder`. live and results name what the catalogue knows: the rest is swept; None: no sweep.

    readable are the folders of files that load and extract jobs name. memory is what the process may take for its data,
    in bytes; key what the files are encrypted with, "" for plain ones; keyed are those that versions of keys protect.
    """

    folder: Path
    readable: tuple[Path, ...]
    live: dict[str, list[dict[str, Any]]] | None
    results: frozenset[str]
    memory: int = 4 << 30
    key: str = field(default="", repr=False)
    keyed: tuple[Keyed, ...] = ()


@dataclass(frozen=True)
class Call:
    """Run `work(connection, *arguments)`; short work has threads of its own.

    now is the emulator's time in seconds since 1970, where that is not the machine's. Work that yields is a generator
    of parts (see parts.py), each of which is sent at once.
    """

    number: int
    work: Callable[..., Any]
    arguments: tuple[Any, ...]
    short: bool
    now: float | None = None
    yields: bool = False


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


def pack(message: Open | Call | Cancel | Close | Reply) -> list[bytes]:
    """A message as it travels, in pieces: the length of its pickle, and this."""
    pickled = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return [LENGTH.pack(len(pickled)), pickled]


def unpack(body: bytes | bytearray | memoryview) -> Any:
    """The message of a pickle."""
    return pickle.loads(body)  # noqa: S301 from our own process
