"""The rows of one running emulator: the engine process, one lock for each table, and what is known of sizes."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from emulator.services.bigquery import catalog, errors, keyed
from emulator.services.bigquery.jobs import results
from emulator.services.bigquery.jobs.slots import Slots
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.process.client import Client, Take
from emulator.services.bigquery.process.frames import Open
from emulator.services.bigquery.process.ticket import Ticket
from emulator.services.bigquery.service import SERVICE
from emulator.services.bigquery.sql import keyed as engine_keyed
from emulator.services.bigquery.sql import places
from emulator.services.bigquery.sql import storage as tables
from emulator.services.bigquery.sql.engine import STALE, stored
from emulator.services.bigquery.sql.errors import Interrupted, SqlError, StoreError
from emulator.services.bigquery.sql.keyed import Keyed
from emulator.services.bigquery.sql.small import SmallResults
from emulator.services.bigquery.sql.types import Field
from emulator.state.work import Work

if TYPE_CHECKING:
    from emulator.context import Context

T = TypeVar("T")
INSERT_ID_SECONDS = 60  # BigQuery: best-effort de-duplication
INSERT_IDS_KEPT = 500_000


@dataclass(frozen=True)
class ArrowPage:
    """The first rows of a table in Arrow's form: how many the table has, and the batch, which is empty without rows."""

    total: int
    rows: int
    schema: bytes
    batch: bytes


class Warehouse:
    """What BigQuery keeps for one running emulator. Get it with `of(emulator)`.

    files is the folder of uploads, and of extracts on their way to Cloud Storage.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        folder = context.settings.state / "bigquery"
        self.files = folder / "files"
        self._folder = folder
        self._engine = Client(self._opening, self._moved_clock)
        self.keyed = keyed.of(context)
        self._open: frozenset[str] = frozenset()  # the keyed files that the engine has open
        self._seen: set[str] = set()  # those that have been open since the start, and are swept
        self._left: set[str] = set()  # storages that nobody names any more, in files that were closed then
        self._settling = asyncio.Lock()
        self._locks: dict[TableName, asyncio.Lock] = {}
        self.purged: dict[str, int] = {}  # storages, and the second up to which their partitions have gone
        self._sizes: dict[str, tuple[int, int]] = {}
        self._versions: Counter[str] = Counter()
        self._insert_ids: dict[tuple[str, str], float] = {}
        self.work: Work[tuple[str, str], Ticket] = Work()  # running jobs by project and id
        self.slots = Slots()
        self.small = SmallResults()
        self.requests: dict[tuple[str, str], str] = {}  # requestId of jobs.query, and the job that it made
        self.readers: list[Callable[[str], Awaitable[None]]] = []  # told of a storage whose rows are about to change
        # Takes a table's name in the engine, its columns and how many rows are wanted; set by the Storage API.
        self.arrow_page: Callable[[str, list[Field], int], Awaitable[ArrowPage]] | None = None

    async def run(
        self,
        work: Callable[..., T],
        *arguments: Any,
        short: bool = False,
        ticket: Ticket | None = None,
        again: bool = True,
        take: Take | None = None,
    ) -> T:
        """Run work in the engine process; see Client.run. Failures come as ApiError, a cancelled ticket too."""
        try:
            if self.keyed.usable() != self._open:
                await self._settle()
            return await self._engine.run(work, *arguments, short=short, ticket=ticket, again=again, take=take)
        except (SqlError, StoreError, Interrupted) as problem:
            raise errors.of(problem) from None

    async def _settle(self) -> None:
        """Have the engine open the files whose versions are enabled, and close the others."""
        async with self._settling:
            usable = self.keyed.usable()
            for name in self._open - usable:
                await self._engine.run(engine_keyed.close_file, name, short=True)
                self._open -= {name}
            for name in usable - self._open:
                if await self._engine.run(engine_keyed.open_file, self._keyed_file(name), short=True):
                    self._seen.add(name)
                    self._open |= {name}
                    await self._drop_left(name)

    async def _drop_left(self, file: str) -> None:
        for storage in [each for each in self._left if places.file_of(each) == file]:
            await self._engine.run(tables.drop, stored(storage), short=True)
            self._left.discard(storage)

    def _keyed_file(self, name: str) -> Keyed:
        """A file as the engine opens it. Nothing in one that was not open since the start is under way: it is swept."""
        path, key = self.keyed.path(name), self.keyed.key(name)
        if name in self._seen:
            return Keyed(path, name, key)
        return Keyed(path, name, key, self._live(), results.storages(self._context))

    async def forget_keyed(self, versions: frozenset[str]) -> None:
        """Remove the files of versions that are destroyed, with all results and copies that are in them."""
        gone = await self.keyed.forget(versions)
        if gone & self._open:
            await self._settle()
        self._sizes = {storage: size for storage, size in self._sizes.items() if places.file_of(storage) not in gone}
        for name in gone:
            await self._context.blobs.run(self.keyed.remove, name)

    def leaves_blocks(self) -> None:
        """Have the common file written anew at the engine's next start: rows have gone from it to the file of a key."""
        (self._folder / STALE).touch(mode=0o600)

    async def start_anew(self) -> None:
        """End the engine process; the next call starts another."""
        await self._engine.end()

    async def new_name(self, kind: str, version: str | None) -> str:
        """A name for a new storage (see sql/places.py) whose rows a version of a key protects, or None does.

        Raises ApiError for a version that is not enabled.
        """
        return self._name(await self.keyed.file_for(version), kind)

    def name_beside(self, kind: str, others: Iterable[str]) -> str:
        """A name for a new storage that gets rows of others, by their names or full names: in the first keyed file."""
        bare = (places.storage_of(other) or other for other in others)
        return self._name(next(filter(None, map(places.file_of, sorted(bare))), ""), kind)

    def _name(self, file: str, kind: str) -> str:
        return f"{file}_{kind}_{self._context.ids.hex(24)}".lstrip("_")

    def lock(self, name: TableName) -> asyncio.Lock:
        """The lock that everything takes that changes a table's rows or columns."""
        return self._locks.setdefault(name, asyncio.Lock())

    async def before_change(self, storage: str) -> None:
        """Let those who read a storage save its rows, before they change or go otherwise than by new ones."""
        for reader in self.readers:
            await reader(storage)

    def changed(self, storage: str) -> None:
        """Forget what was known of a table whose rows have changed: its size, and that nothing in it has expired."""
        self._sizes.pop(storage, None)
        self.purged.pop(storage, None)
        self._versions[stored(storage)] += 1

    def version(self, table: str) -> int:
        """How often the rows of a storage, by its full name, have changed since the start."""
        return self._versions[table]

    async def sizes(self, storage: str, fields: Sequence[dict[str, Any]]) -> tuple[int, int]:
        """The number of rows and of bytes of a table; (0, 0) for a view, and while a key has closed it unmeasured."""
        known = self._sizes.get(storage)
        if not storage or (known is None and self.keyed.is_closed(storage)):
            return 0, 0
        if known is None:
            known = await self.run(tables.measure, stored(storage), fields, short=True)
            self._sizes[storage] = known
        return known

    async def done_rows(self, storage: str, job: str) -> int | None:
        """How many rows of a storage a job changed; None where it had no effect, and while a key has closed it."""
        if self.keyed.is_closed(storage):
            return None
        return await self.run(tables.done_rows, stored(storage), job, short=True)

    async def drop(self, *storages: str) -> None:
        """Remove storage tables that the catalogue no longer names; from a closed file they go when it is opened."""
        for storage in filter(None, storages):
            if self.keyed.is_closed(storage):
                self._left.add(storage)
                continue
            await self.before_change(storage)
            await self.run(tables.drop, stored(storage), short=True)
            self._sizes.pop(storage, None)

    def is_repeated(self, storage: str, insert_id: str) -> bool:
        """Whether a row with that insertId came within the last minute."""
        known = self._insert_ids.get((storage, insert_id))
        return known is not None and time.monotonic() - known < INSERT_ID_SECONDS

    def remember(self, storage: str, insert_ids: Sequence[str]) -> None:
        """Keep insertIds of rows that are stored."""
        now = time.monotonic()
        if len(self._insert_ids) > INSERT_IDS_KEPT:
            fresh = {key: at for key, at in self._insert_ids.items() if now - at < INSERT_ID_SECONDS}
            self._insert_ids = fresh
        for insert_id in insert_ids:
            self._insert_ids[storage, insert_id] = now

    def _moved_clock(self) -> float | None:
        clock = self._context.clock
        return None if clock.is_wall else clock.seconds()

    def _opening(self, sweep: bool) -> Open:
        """What the engine process opens; sweep says that nothing is under way, so that what no row names can go."""
        live: dict[str, list[dict[str, Any]]] | None = None
        kept: frozenset[str] = frozenset()
        if sweep:
            live, kept = self._live(), results.storages(self._context)
            self._sweep_files()
        settings = self._context.settings
        readable = (self.files, *self._context.blobs.folders)
        root = self._context.root_key
        memory = settings.query_memory << 20
        if root is None:
            return Open(self._folder, readable, live, kept, memory)
        self.keyed.folder.mkdir(parents=True, exist_ok=True)
        if sweep:
            self.keyed.remove_unknown()
        self._open = self.keyed.usable()
        files = tuple(map(self._keyed_file, sorted(self._open)))
        self._seen |= self._open
        readable = (*readable, self.keyed.folder)
        return Open(self._folder, readable, live, kept, memory, root.derived(b"bigquery").hex(), files)

    def _live(self) -> dict[str, list[dict[str, Any]]]:
        """The storages that the catalogue names, with their columns."""
        rows = self._context.db.all("SELECT body FROM resources WHERE kind = ?", (catalog.TABLES,))
        rows += self._context.db.all("SELECT body FROM bigquery_history")
        bodies = [orjson.loads(row["body"]) for row in rows]
        return {
            catalog.storage_of(body): [*catalog.fields_of(body), *catalog.hidden_of(body)]
            for body in bodies
            if catalog.storage_of(body)
        }

    def _sweep_files(self) -> None:
        """Remove uploads that belong to no session and no job that still runs."""
        sessions = self._context.db.all("SELECT id FROM bigquery_uploads")
        waiting = self._context.db.all("SELECT payload FROM bigquery_jobs WHERE state != 'DONE'")
        kept = {row["id"] for row in sessions}
        kept |= {Path(orjson.loads(row["payload"]).get("upload", "")).name for row in waiting if row["payload"]}
        for path in self.files.glob("*"):
            if path.name not in kept:
                path.unlink(missing_ok=True)

    async def close(self) -> None:
        """Stop what runs and close the files. Unfinished jobs go on after the next start."""
        await self.work.stop(tell=True)
        await self._engine.close()


def of(context: Context) -> Warehouse:
    """The warehouse of an emulator, made when first asked for."""
    found: Warehouse | None = context.extensions.get("bigquery.warehouse")
    if found is None:
        found = context.extensions["bigquery.warehouse"] = Warehouse(context)
    return found


@SERVICE.on_stop
async def _close(context: Context) -> None:
    found: Warehouse | None = context.extensions.pop("bigquery.warehouse", None)
    keyed.forget(context)
    if found is not None:
        await found.close()
