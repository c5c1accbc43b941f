"""A transaction of several statements: tables are changed in copies of theirs, which take their places at the end.

One write of the catalogue puts all of them there, so that a crash leaves all changes or none. A table that is changed
is held until the end: a second transaction that wants to change it is aborted, and other writers wait.

https://cloud.google.com/bigquery/docs/transactions
"""

from __future__ import annotations

import asyncio
import dataclasses
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.services.bigquery import catalog, errors, history, warehouse
from emulator.services.bigquery.jobs import results
from emulator.services.bigquery.jobs.results import Result
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.process.ticket import Ticket
from emulator.services.bigquery.sql import storage
from emulator.services.bigquery.sql.catalog import Snapshot
from emulator.services.bigquery.sql.engine import result_table, stored

if TYPE_CHECKING:
    from emulator.context import Context

HELD = "bigquery.transactions"  # which tables are held by which transaction, of one emulator


@dataclass(frozen=True)
class _Changed:
    """A table that the transaction changes: its storage before with so many rows, and the copy that changes go into."""

    before: str
    copy: str
    rows: int
    lock: asyncio.Lock


class Transaction:
    """One transaction of a script. temporary are the script's temporary tables at its start."""

    def __init__(self, context: Context, temporary: Mapping[str, Result]) -> None:
        self.id = context.ids.hex(32)
        self._context = context
        self._changed: dict[TableName, _Changed] = {}
        self._temporary = dict(temporary)
        self._held: dict[TableName, str] = context.extensions.setdefault(HELD, {})

    @property
    def temporary_before(self) -> dict[str, Result]:
        """The temporary tables as they were at its start."""
        return dict(self._temporary)

    async def writable(self, name: TableName, ticket: Ticket) -> str:
        """The storage of the copy that changes of a table go into. Raises 400 where another transaction changes it."""
        if name not in self._changed:
            if name in self._held:
                message = f"Transaction is aborted due to concurrent update against table {name}."
                raise errors.error("invalidQuery", message)
            self._held[name] = self.id
            lock = warehouse.of(self._context).lock(name)
            try:
                await ticket.guard(lock.acquire())
            except BaseException:
                del self._held[name]
                raise
            try:
                self._changed[name] = await self._copy(name, lock, ticket)
            except BaseException:
                self._release(name, lock)
                raise
        return self._changed[name].copy

    async def _copy(self, name: TableName, lock: asyncio.Lock, ticket: Ticket) -> _Changed:
        found = catalog.table(self._context, name)
        body = found.body
        before = catalog.storage_of(body)
        copy = warehouse.of(self._context).name_beside("t", [before])
        if catalog.kind_of(body) != "TABLE":
            raise errors.rows_stay(name, catalog.kind_of(body))
        await copy_rows(self._context, stored(before), stored(copy), catalog.fields_of(body), ticket)
        return _Changed(before, copy, await history.counted(self._context, found), lock)

    async def writable_temporary(self, result: Result, ticket: Ticket) -> Result:
        """A temporary table that changes may go into: of one that was there at the start, a copy."""
        if self._temporary.get(result.name.table) is not result:
            return result
        copied = dataclasses.replace(result, storage=warehouse.of(self._context).name_beside("r", [result.storage]))
        await copy_rows(self._context, result.table, result_table(copied.storage), list(result.fields), ticket)
        await self._context.db.write(results.insert_in, copied)
        return copied

    def seen(self, found: Snapshot) -> Snapshot:
        """What a statement inside reads: the copies of tables that were changed."""
        tables = {
            name: dataclasses.replace(info, storage=stored(self._changed[name].copy)) if name in self._changed else info
            for name, info in found.tables.items()
        }
        return dataclasses.replace(found, tables=tables)

    async def commit(self) -> None:
        """Put all copies in the places of their tables. Raises 404 where one was deleted meanwhile."""
        context, house = self._context, warehouse.of(self._context)

        def change(tx: sqlite3.Connection) -> None:
            for name, changed in self._changed.items():
                found = context.resources.require(catalog.TABLES, name.resource, tx)
                history.keep_in(tx, context, found, changed.before, changed.rows)
                context.resources.replace(tx, catalog.TABLES, found.name, {**found.body, "_storage": changed.copy})

        try:
            await context.db.write(change)
        except BaseException:
            await self._end([changed.copy for changed in self._changed.values()])
            raise
        for changed in self._changed.values():
            house.changed(changed.before)
        await self._end([])
        await history.prune(context)

    async def roll_back(self, now: Mapping[str, Result]) -> dict[str, Result]:
        """Forget all changes; gives the temporary tables as they are again. now are those that there are."""

        def change(tx: sqlite3.Connection) -> None:
            for result in now.values():
                results.delete_in(tx, result.name)
            for result in self._temporary.values():
                results.insert_in(tx, result)

        if any(now.get(name) is not result for name, result in self._temporary.items()) or len(now) != len(
            self._temporary
        ):
            await self._context.db.write(change)
        await self._end([changed.copy for changed in self._changed.values()])
        return dict(self._temporary)

    async def _end(self, unused: list[str]) -> None:
        for name, changed in self._changed.items():
            self._release(name, changed.lock)
        self._changed = {}
        await warehouse.of(self._context).drop(*unused)

    def _release(self, name: TableName, lock: asyncio.Lock) -> None:
        del self._held[name]
        lock.release()


async def copy_rows(
    context: Context, source: str, target: str, fields: list[dict[str, object]], ticket: Ticket
) -> None:
    """A new storage table with the rows of another; both by their full names."""
    await warehouse.of(context).run(storage.copy, source, target, fields, ticket=ticket)
