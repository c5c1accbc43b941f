"""Who is told of every log entry that is stored, in the write that stores it: sinks, metrics, alert policies."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from emulator.services.logging.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context


@dataclass(frozen=True)
class Stored:
    """An entry: the project that it is of, and its JSON as it is stored."""

    project: str
    raw: bytes

    @functools.cached_property
    def entry(self) -> dict[str, Any]:
        """The entry (a LogEntry), read when it is first asked for, once for all observers."""
        found: dict[str, Any] = orjson.loads(self.raw)
        return found


Observer = Callable[["Context", sqlite3.Connection, Sequence[Stored]], None]
_OBSERVERS: list[Observer] = []


def observes(observer: Observer) -> Observer:
    """Register what is told of entries."""
    _OBSERVERS.append(observer)
    return observer


@SERVICE.on_start
async def start(context: Context) -> None:
    """Look at every entry that is stored from now on."""
    context.logs.on_stored = functools.partial(_tell, context)


def _tell(context: Context, tx: sqlite3.Connection, entries: Sequence[tuple[str, bytes]]) -> None:
    stored = [Stored(project, raw) for project, raw in entries]
    for observer in _OBSERVERS:
        observer(context, tx, stored)
