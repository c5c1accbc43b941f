"""When searches come to know resources: with the write that stores them, or a moment later, many at once.

Who only creates resources, some in each write, has their rows wait (emulator/fhir/search/unindexed.py). They are
written by the first search that comes, which waits for them, by the first write that changes something else, or after
a moment. A store that is searched just now has no rows wait: each search would have to write some.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from emulator.fhir.search import tables, unindexed
from emulator.fhir.search.tables import Resource

if TYPE_CHECKING:
    from emulator.context import Context

T = TypeVar("T")
_MOST = 100
"""Resources of a write whose rows may wait; a search should not have to write many more."""
_MOMENT_SECONDS = 0.1
_SEARCHED_SECONDS = 0.25
_KEPT = "healthcare.fhir.indexing"


@dataclass(slots=True)
class _Kept:
    """What is remembered of the stores, by their numbers."""

    searched: dict[int, float] = field(default_factory=dict)
    """When each was searched last, in seconds of a clock that only goes forward."""
    expected: set[int] = field(default_factory=set)
    """Those whose rows are going to be written in a moment."""
    settled: dict[int, int] = field(default_factory=dict)
    """The moment of the database at which no rows waited in each."""


def add_new(context: "Context", tx: sqlite3.Connection, store: int, resources: Sequence[Resource]) -> bool:
    """Index resources that are new in the store. True where their rows wait."""
    if len(resources) <= _MOST and not _is_searched(context, store) and unindexed.put(tx, store, resources):
        return True
    add(tx, store, resources)
    return False


def add(tx: sqlite3.Connection, store: int, resources: Sequence[Resource]) -> None:
    """Index resources that have no rows in the store, now."""
    unindexed.catch_up(tx, store)
    tables.write_all(tx, store, resources)


def remove(tx: sqlite3.Connection, store: int, rids: Iterable[int]) -> None:
    """Take resources out of the index."""
    unindexed.catch_up(tx, store)
    tables.remove(tx, store, rids)


def remove_store(tx: sqlite3.Connection, store: int) -> None:
    """Take a whole store out of the index."""
    unindexed.forget(tx, store)
    tables.remove_store(tx, store)


def catch_up(context: "Context", tx: sqlite3.Connection, store: int) -> None:
    """Write the rows that wait, before a search inside a write."""
    _note_search(context, store)
    unindexed.catch_up(tx, store)


async def caught_up(context: "Context", store: int) -> None:
    """Wait until searches know all that was stored before."""
    _note_search(context, store)
    moment, settled = context.db.moment, _kept(context).settled
    if moment is not None and settled.get(store) == moment:
        return
    if unindexed.rids(context.db.reader, store):
        await context.db.write_unsynced(unindexed.catch_up, store)
    elif moment is not None:
        settled[store] = moment


async def read(context: "Context", store: int, function: Callable[[sqlite3.Connection], T]) -> T:
    """As `db.read`, of a function that searches the store."""
    await caught_up(context, store)
    return await context.db.read(function)


def catch_up_soon(context: "Context", store: int) -> None:
    """Have the rows that wait in a store written in a moment, with those that come until then."""
    expected = _kept(context).expected
    if store not in expected:
        expected.add(store)
        asyncio.get_running_loop().call_later(_MOMENT_SECONDS, _catch_up_now, context, store)


def _catch_up_now(context: "Context", store: int) -> None:
    _kept(context).expected.discard(store)
    context.db.write_unsynced(unindexed.catch_up, store)


def _kept(context: "Context") -> _Kept:
    kept: _Kept = context.extensions.setdefault(_KEPT, _Kept())
    return kept


def _note_search(context: "Context", store: int) -> None:
    _kept(context).searched[store] = time.monotonic()


def _is_searched(context: "Context", store: int) -> bool:
    """Whether the store was searched just now."""
    last = _kept(context).searched.get(store)
    return last is not None and time.monotonic() - last < _SEARCHED_SECONDS
