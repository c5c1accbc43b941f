"""A moment of the database that the event loop's thread goes on to read.

To begin one for each statement takes as long as many a statement: locks are asked of the system. A moment is held only
while nothing has been committed for a while, and let go before anything is: what is read is never older than the last
commit, and the log can be copied into the file as if nobody read. It stays, for a second at most, where only that is
committed which this thread never reads (log entries): SQLite forgets all pages that a connection keeps when another
one commits, and in a large file most would have to be read again.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time

_QUIET_SECONDS = 0.003
"""How long nothing is committed before a moment is held."""
_LONGEST_SECONDS = 1.0
"""How long a moment is held while what this thread never reads is committed: as long the log cannot begin anew."""
_WAIT_SECONDS = 0.2
"""How long a commit waits for the loop to let go: longer than that it is busy, and nobody reads meanwhile."""


class Standing:
    """The moment that one thread holds, by its connection, if it does."""

    def __init__(self) -> None:
        """Hold nothing, until a loop is named."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._held: sqlite3.Connection | None = None
        self._committing = False
        self._commits = self._held_at = 0
        self._last = self._since = 0.0

    def serve(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hold moments for this thread, which runs the loop."""
        self._loop, self._thread = loop, threading.get_ident()

    def hold(self, connection: sqlite3.Connection) -> None:
        """Hold the moment for what the calling thread is about to read, where it may be held."""
        if threading.get_ident() != self._thread:
            return
        if self._held is not None:
            if self._held_at == self._commits:
                return
            self.let_go()  # a commit did not wait
        commits = self._commits
        now = time.monotonic()
        if self._committing or connection.in_transaction or now - self._last < _QUIET_SECONDS:
            return
        self._since = now
        self._held, self._held_at = connection, commits
        if commits != self._commits:  # the next one has begun, perhaps before there was anything to let go
            self._held = None
            return
        connection.execute("BEGIN")

    def drop(self, connection: sqlite3.Connection) -> None:
        """End the moment that is held by a connection, if one is; on its thread."""
        if self._held is connection:
            self.let_go()

    def let_go(self) -> None:
        """End the moment that is held; on the thread that holds it."""
        connection, self._held = self._held, None
        if connection is not None and connection.in_transaction:
            connection.execute("COMMIT")

    def end(self) -> None:
        """Hold none any more."""
        self.let_go()
        self._loop, self._thread = None, 0

    def may_stay(self) -> bool:
        """Whether what is held need not be let go for a commit of what its thread never reads."""
        return self._held is None or time.monotonic() - self._since < _LONGEST_SECONDS

    def begin_commit(self) -> None:
        """Have what is held let go, before a commit; on the writer's thread."""
        self._committing = True
        self._commits += 1
        loop = self._loop
        if self._held is None or loop is None:
            return
        free = threading.Event()
        try:
            loop.call_soon_threadsafe(self._let_go, free)
        except RuntimeError:  # the loop is closed
            return
        free.wait(_WAIT_SECONDS)

    def end_commit(self) -> None:
        """From here on, moments may be held again after a while."""
        self._last, self._committing = time.monotonic(), False

    def _let_go(self, free: threading.Event) -> None:
        try:
            self.let_go()
        finally:
            free.set()
