"""What travels between the emulator and its engine process: pickled messages with their length in front.

A message's large pieces (pickle.PickleBuffer) follow its pickle as they are, so that nobody copies them together. Both
ends are the emulator's own, over a pair of sockets that nobody else can open.
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
    """Run `work(connection, *arguments)`; short work has threads of its own. What a generator yields is sent at once.

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
    """What came of a call (number 0: of Open), or a part of it before others. problem is an exception of ours."""

    number: int
    value: Any = None
    problem: Exception | None = None
    is_part: bool = False


def pack(message: Open | Call | Cancel | Close | Reply) -> list[bytes | memoryview]:
    """A message as it travels, in pieces: the length of the rest, then its pickle and each buffer behind their own."""
    large: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(message, pickle.HIGHEST_PROTOCOL, buffer_callback=large.append)
    pieces: list[bytes | memoryview] = [LENGTH.pack(len(pickled)) + pickled]
    for buffer in large:
        raw = buffer.raw()
        pieces += [LENGTH.pack(raw.nbytes), raw]
    total = sum(piece.nbytes if isinstance(piece, memoryview) else len(piece) for piece in pieces)
    return [LENGTH.pack(total) + pieces[0], *pieces[1:]]


def pickled_size(body: memoryview) -> int:
    """How many bytes of a frame have to be unpickled."""
    size: int = LENGTH.unpack_from(body)[0]
    return size


def unpack(body: memoryview) -> Any:
    """The message of a frame without its length; its large pieces are views of the frame."""
    pieces, at = [], 0
    while at < len(body):
        begin = at + LENGTH.size
        at = begin + LENGTH.unpack_from(body, at)[0]
        pieces.append(body[begin:at])
    return pickle.loads(pieces[0], buffers=pieces[1:])  # noqa: S301 from our own process
