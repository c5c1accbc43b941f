"""Pages of what a consent store holds: entries by id, filtered as they are shown."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

from emulator.gateway import paging
from emulator.gateway.filters import Predicate
from emulator.gateway.request import Request
from emulator.services.healthcare.consent import tables
from emulator.services.healthcare.consent.tables import Store

Json = dict[str, Any]
_DEFAULT, _MOST = 100, 1000
Rows = Callable[[sqlite3.Connection, Store, str], Iterable[sqlite3.Row]]


async def page(
    request: Request, key: str, store: str, rows: Rows, view: Callable[[Store, sqlite3.Row], Json], keep: Predicate
) -> Json:
    """The answer of a list method: at most as many entries as are asked for, under `key`, and the next page's token.

    rows gives those of a store after an entry's `mark`, the column that tells where a page ended; "" for all.
    """
    wanted = paging.asked(request.query, _DEFAULT, _MOST, str)
    context, opened = request.context, tables.opened(request.context, store)

    def read() -> Json:
        shown: list[Json] = []
        last = ""
        for row in rows(context.db.reader, opened, wanted.name):
            entry = view(opened, row)
            if not keep(entry):
                continue
            if len(shown) == wanted.size:
                return {key: shown, "nextPageToken": paging.encode(last)}
            shown.append(entry)
            last = row["mark"]
        return {key: shown} if shown else {}

    return await asyncio.to_thread(read)
