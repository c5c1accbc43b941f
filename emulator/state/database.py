"""The SQLite database: one writer thread that commits in groups, readers everywhere.

A write is a function run inside a savepoint on the writer thread; its caller goes on once the commit that holds it is
on disk (WAL, synchronous=FULL), so that several requests share one sync and nothing acknowledged is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from emulator.state.encrypted_sqlite import opener
from emulator.state.folder import CorruptState
from emulator.state.root_key import RootKey
from emulator.state.standing import Standing

T = TypeVar("T")
GROUP_LIMIT = 500
_WAL_PAGES = 4000
"""After so many pages (of 4 kB) the log is copied into the file: one that many writes change is copied once."""
_CACHE, _DECRYPTED = 16_000, 64_000
"""KiB of pages that a connection keeps; more of encrypted ones, which the system's own cache has encrypted only."""
_BRIEF_SECONDS, _BRIEF_PROCESSOR_SECONDS = 0.002, 0.001
"""What the event loop spends on reading at most. Where little of the time was the processor's, others had it."""
_BRIEF_STEPS = 2000
"""SQLite is asked for the time after so many steps of its machine, some hundredth of a millisecond."""
_log = logging.getLogger("emulator")


class _Work(NamedTuple):
    """A write that waits for the writer thread."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    alone: bool
    synced: bool


class _Over:
    """Says whether what a thread began when this was made is brief no more, and remembers it."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + _BRIEF_SECONDS
        self._began: float | None = None
        self.passed = False

    def __call__(self) -> bool:
        now = time.thread_time()
        if self._began is None:
            self._began = now
        self.passed = time.perf_counter() > self._until and now - self._began > _BRIEF_PROCESSOR_SECONDS
        return self.passed


class Snapshot:
    """A block in which all that is read is of one moment; inside a write, that of the write."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._inside = connection.in_transaction

    def __enter__(self) -> None:
        if not self._inside:
            self._connection.execute("BEGIN")

    def __exit__(self, *_: object) -> None:
        if not self._inside:
            self._connection.execute("COMMIT")


class Database:
    """One database file."""

    def __init__(self, path: Path, root: RootKey | None = None) -> None:
        """Open it, encrypted under the root key where there is one. Raises CorruptState where it can't be read."""
        self.path = path
        self._encrypted = root is not None
        self._open = opener(path, root)
        self._local = threading.local()
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._after_commit: list[Callable[[], object]] = []
        self._elsewhere = 0  # of a group, the writes of what the event loop's thread never reads
        self._thread: threading.Thread | None = None
        self._standing = Standing()
        self._steps = 0  # two for each commit, of which one is before it: odd while what is committed may change
        self._writer = self._connect()
        self._writer.execute(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}")
        self._writer.execute("PRAGMA temp_store=MEMORY")  # what a savepoint keeps to undo

    def _connect(self, *, readonly: bool = False) -> sqlite3.Connection:
        try:
            connection = self._open(isolation_level=None, check_same_thread=False, timeout=30)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA cache_size=-{_DECRYPTED if self._encrypted else _CACHE}")
            connection.execute("PRAGMA foreign_keys=OFF")
            if readonly:
                connection.execute("PRAGMA query_only=ON")
        except sqlite3.DatabaseError as error:
            raise CorruptState(
                f"The state in {self.path.parent} cannot be read ({error}); restore a copy of the folder, or empty it "
                f"with: python -m emulator reset --state {self.path.parent}"
            ) from None
        return connection

    def create(self, *schemas: str) -> None:
        """Run the CREATE statements of all services in one transaction, which is one sync; before the first request."""
        try:
            self._writer.executescript(";".join(("BEGIN IMMEDIATE", *schemas, "COMMIT")))
        except sqlite3.DatabaseError as error:
            raise CorruptState(
                f"The state in {self.path.parent} does not fit this version ({error}); empty it with: "
                f"python -m emulator reset --state {self.path.parent}"
            ) from None

    def start(self) -> None:
        """Start the writer thread. On an event loop's thread, what that reads may be of one moment for a while."""
        with contextlib.suppress(RuntimeError):
            self._standing.serve(asyncio.get_running_loop())
        self._thread = threading.Thread(target=self._run, name="database-writer", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Finish what is queued, then close the file."""
        self._standing.end()
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
        self._writer.close()

    async def write(self, function: Callable[..., T], *args: Any) -> T:
        """Run `function(tx, *args)` in a transaction; returns its result once that is durable.

        An exception in the function rolls its changes back and is raised here.
        """
        return await self._queued(function, args)

    async def write_alone(self, function: Callable[..., T], *args: Any) -> T:
        """The same in a transaction of its own, for what may change much of the file.

        Of writes that share one, each page that they change is kept in memory to undo one of them.
        """
        return await self._queued(function, args, alone=True)

    def write_unsynced(self, function: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        """The same without waiting for the disk, for what loses nothing where a loss of power undoes it.

        It is done whether or not anybody waits for the result.
        """
        return self._queued(function, args, synced=False)

    def _queued(
        self, function: Callable[..., T], args: tuple[Any, ...], *, alone: bool = False, synced: bool = True
    ) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Work(function, args, loop, future, alone, synced))
        return future

    def write_now(self, function: Callable[..., T], *args: Any) -> T:
        """The same without an event loop, for start-up only (before `start`)."""
        if self._thread is not None:
            raise RuntimeError("write_now is for start-up only")
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            result = function(self._writer, *args)
        except BaseException:
            self._writer.execute("ROLLBACK")
            raise
        self._writer.execute("COMMIT")
        return result

    def overwrite_deleted(self) -> None:
        """From here on, have nothing of deleted rows stay in the file; for start-up only."""
        self._writer.execute("PRAGMA secure_delete=ON")

    def empty_log(self) -> None:
        """Copy the log into the file and empty it, so that it holds nothing of deleted rows; on the writer thread."""
        self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def after_commit(self, function: Callable[[], object]) -> None:
        """Called inside a write: run `function` (on the writer thread) once that write is on disk."""
        self._after_commit.append(function)

    def only_read_elsewhere(self) -> None:
        """Called once inside a write: it changes nothing that is ever read on the event loop's thread.

        What that thread reads may stay of a moment before it, and `moment` the same.
        """
        self._elsewhere += 1

    @property
    def moment(self) -> int | None:
        """A number of what is committed: while it stays, readers find what they found. None during a commit.

        It does not count what is `only_read_elsewhere`.
        """
        steps = self._steps
        return None if steps % 2 else steps

    def all(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[sqlite3.Row]:
        """Rows of committed data, read on the calling thread."""
        return self.reader.execute(sql, parameters).fetchall()

    def one(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> sqlite3.Row | None:
        """The first row of committed data, or None."""
        row: sqlite3.Row | None = self.reader.execute(sql, parameters).fetchone()
        return row

    async def read(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """What a function finds in committed data: here, or in a thread where SQL takes longer than some milliseconds.

        It may be called twice, and must change nothing.
        """
        connection, over = self.reader, _Over()
        connection.set_progress_handler(over, _BRIEF_STEPS)
        try:
            return function(connection)
        except sqlite3.OperationalError:
            if not over.passed:
                raise
            # Python never again uses a statement that was broken off, and makes it anew each time: another connection.
            self._standing.drop(connection)
            self._local.connection = None
        finally:
            connection.set_progress_handler(None, 0)
        return await asyncio.to_thread(lambda: function(self.reader))

    @property
    def reader(self) -> sqlite3.Connection:
        """The calling thread's own connection, which sees committed data and cannot write."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect(readonly=True)
        self._standing.hold(connection)
        return connection

    def _run(self) -> None:
        for group in self._groups():
            self._commit(group)

    def _groups(self) -> Iterator[list[_Work]]:
        """What is committed together: all that waits, up to a limit; until None is queued."""
        group: list[_Work] = []
        while True:
            try:
                work = self._queue.get(block=not group)
            except queue.Empty:
                yield group
                group = []
                continue
            if group and (work is None or work.alone or len(group) >= GROUP_LIMIT):
                yield group
                group = []
            if work is None:
                return
            group.append(work)
            if work.alone:
                yield group
                group = []

    def _commit(self, group: list[_Work]) -> None:
        tx = self._writer
        done: list[tuple[_Work, Any, BaseException | None]] = []
        self._after_commit, self._elsewhere = [], 0
        begun = False
        synced = any(work.synced for work in group)
        try:
            if not synced:
                tx.execute("PRAGMA synchronous=NORMAL")
            tx.execute("BEGIN IMMEDIATE")
            step = self._step if len(group) > 1 else self._only
            done.extend((work, *step(tx, work)) for work in group)
            if tx.in_transaction:
                begun = not self._is_apart(group)
                if begun:
                    self._steps += 1
                    self._standing.begin_commit()
                tx.execute("COMMIT")
        except BaseException as error:  # noqa: BLE001  every caller of the group is told
            if tx.in_transaction:
                tx.execute("ROLLBACK")
            self._after_commit = []
            done = [(work, None, error) for work in group]
        if not synced:
            tx.execute("PRAGMA synchronous=FULL")
        self._steps += self._steps % 2
        for function in self._after_commit:
            try:
                function()
            except Exception:  # noqa: BLE001  what is committed stays so, and the next write needs this thread
                _log.exception("a step after a commit failed")
        if begun:
            self._standing.end_commit()
        loops = {id(work.loop): work.loop for work, _, _ in done}
        for loop in loops.values():
            mine = [(work.future, result, error) for work, result, error in done if work.loop is loop]
            try:
                loop.call_soon_threadsafe(_resolve, mine)
            except RuntimeError:
                continue  # the loop is closed: nobody waits for the answer any more

    def _is_apart(self, group: list[_Work]) -> bool:
        """Whether the event loop's thread may go on to read of a moment before the commit of a group."""
        return self._elsewhere == len(group) and self._standing.may_stay()

    def _only(self, tx: sqlite3.Connection, work: _Work) -> tuple[Any, BaseException | None]:
        """As `_step` for a write that has the transaction to itself, in which nothing is kept to undo a part."""
        try:
            return work.function(tx, *work.args), None
        except Exception as error:
            if not tx.in_transaction:
                raise
            tx.execute("ROLLBACK")
            self._after_commit.clear()
            return None, error

    def _step(self, tx: sqlite3.Connection, work: _Work) -> tuple[Any, BaseException | None]:
        callbacks = len(self._after_commit)
        tx.execute("SAVEPOINT step")
        try:
            result = work.function(tx, *work.args)
        except Exception as error:
            if not tx.in_transaction:
                raise  # SQLite itself gave the transaction up (a full disk): the whole group fails
            tx.execute("ROLLBACK TO step")
            tx.execute("RELEASE step")
            del self._after_commit[callbacks:]
            return None, error
        tx.execute("RELEASE step")
        return result, None


def _resolve(results: list[tuple[asyncio.Future[Any], Any, BaseException | None]]) -> None:
    for future, result, error in results:
        if future.done():
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
