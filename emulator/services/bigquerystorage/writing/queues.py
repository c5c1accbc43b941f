"""Requests that wait to be appended, of each table: while the engine stores some, those that come wait together.

So that one sync of the disk serves all that came meanwhile.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.errors import ApiError
from emulator.services.bigquery import catalog, errors, warehouse
from emulator.services.bigquery.names import TableName
from emulator.services.bigquerystorage.engine import writing
from emulator.services.bigquerystorage.engine.appends import Append, Appended
from emulator.services.bigquerystorage.writing import tables

if TYPE_CHECKING:
    from emulator.context import Context

MOST_BYTES = 16 << 20  # of the rows of one call of the engine, after its first request
_EXTENSION = "bigquerystorage.queues"


@dataclass(frozen=True)
class _Waiting:
    append: Append
    principal: str
    result: asyncio.Future[Appended]


class Queue:
    """The requests for one table."""

    def __init__(self, context: Context, name: TableName) -> None:
        self._context = context
        self._name = name
        self._waiting: list[_Waiting] = []
        self._running: asyncio.Task[None] | None = None

    async def put(self, append: Append, principal: str) -> Appended:
        """Append rows, behind what waits already."""
        waiting = _Waiting(append, principal, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await waiting.result

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._store(self._take())
        finally:
            self._running = None

    def _take(self) -> list[_Waiting]:
        """The next requests, all of one caller."""
        first, size, count = self._waiting[0], 0, 0
        for waiting in self._waiting:
            size += sum(map(len, waiting.append.rows))
            if waiting.principal != first.principal or (count and size > MOST_BYTES):
                break
            count += 1
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    async def _store(self, taken: list[_Waiting]) -> None:
        try:
            done = await self._stored([waiting.append for waiting in taken], taken[0].principal)
        except ApiError as problem:
            done = [Appended(problem=problem)] * len(taken)
        except BaseException:
            done = [Appended(problem=errors.error("backendError", "The emulator stopped."))] * len(taken)
            raise
        finally:
            for waiting, result in zip(taken, done, strict=True):
                if not waiting.result.done():
                    waiting.result.set_result(result)

    async def _stored(self, appends: list[Append], principal: str) -> list[Appended]:
        house = warehouse.of(self._context)
        async with house.lock(self._name):
            found = tables.find(self._context, self._name)
            table = tables.table_of(self._context, found, principal)
            try:
                return await house.run(writing.append, table, appends, short=True, again=False)
            finally:
                house.changed(catalog.storage_of(found.body))


def of(context: Context, name: TableName) -> Queue:
    """The queue of a table."""
    queues: dict[TableName, Queue] = context.extensions.setdefault(_EXTENSION, {})
    return queues.setdefault(name, Queue(context, name))
