"""Search indexes that are behind what is stored.

What was stored while a search was on its way may not be indexed yet (`indexing.py`), and is not found. With trouble
(lags.fhir_search) indexes are behind for longer, as those of Cloud Healthcare are.
What is new is not found until its store's lag is over; what was changed is found by what it says now. Searches by
identifier are never behind (Cloud Healthcare: fhir.search, "resource identifier data ... is indexed synchronously").
"""

import sqlite3
from collections.abc import Callable

from emulator.fhir.search import unindexed
from emulator.fhir.search.query import Query
from emulator.fhir.search.tables import first_rid
from emulator.services.healthcare.fhir.stored import Store

_SYNCHRONOUS = frozenset(("identifier", "_count", "_include", "_revinclude", "_summary", "_elements"))
_EARLIER = (
    "SELECT 1 FROM fhir_versions n JOIN fhir_versions e ON e.store = n.store AND e.type = n.type AND e.id = n.id"
    " AND e.rid < ? WHERE n.store = ? AND n.rid = ? AND e.method <> 'DELETE'"
)


def indexed(connection: sqlite3.Connection, store: Store, query: Query) -> Callable[[int], bool] | None:
    """Says of a rid whether a search finds its resource already; None where the search finds all."""
    waiting, is_in_time = unindexed.rids(connection, store.key), _in_time(connection, store, query)
    if not waiting:
        return is_in_time
    return lambda rid: rid not in waiting and (is_in_time is None or is_in_time(rid))


def _in_time(connection: sqlite3.Connection, store: Store, query: Query) -> Callable[[int], bool] | None:
    """Says of a rid whether the store's lag is over for it; None where nothing is late."""
    if not store.lag or _is_synchronous(query):
        return None
    horizon = first_rid(int((store.clock.seconds() - store.lag) * 1_000_000))

    def is_in_time(rid: int) -> bool:
        return rid < horizon or connection.execute(_EARLIER, (horizon, store.key, rid)).fetchone() is not None

    return is_in_time


def _is_synchronous(query: Query) -> bool:
    names = {name for name, _ in query.applied}
    return "identifier" in names and names <= _SYNCHRONOUS
