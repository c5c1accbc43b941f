"""DuckDB: one file of table rows and one of query results, worked on by threads so that nobody waits for a query.

Each table has its rows in a storage table of its own name (t_..., made anew when a table is replaced), so that a table
is swapped by changing one word in the catalogue. A commit is on disk (DuckDB's write-ahead log) before `run` returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from emulator.services.bigquery.sql.errors import Interrupted, SqlError, StoreError
from emulator.services.bigquery.sql.types import Field, field_of, quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

T = TypeVar("T")
QUERY_THREADS = 4
SHORT_THREADS = 2
MEMORY_LIMIT = "2GB"
MACROS = Path(__file__).with_name("macros.sql")
SCHEMA = "CREATE TABLE IF NOT EXISTS stored.main.done_jobs (job VARCHAR PRIMARY KEY, rows BIGINT)"


class Ticket:
    """A statement that may be running: `cancel` stops it wherever it is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: DuckDBPyConnection | None = None
        self.cancelled = False

    def cancel(self) -> None:
        """Stop the statement, or keep it from starting."""
        with self._lock:
            self.cancelled = True
            if self._connection is not None:
                self._connection.interrupt()

    @contextlib.contextmanager
    def hold(self, connection: DuckDBPyConnection) -> Iterator[None]:
        """While inside, `cancel` interrupts the connection. Raises Interrupted when it came earlier."""
        with self._lock:
            if self.cancelled:
                raise Interrupted
            self._connection = connection
        try:
            yield
        finally:
            with self._lock:
                self._connection = None


class Engine:
    """The rows of one emulator, in `folder`. Opened at first use; on_open then tidies up what a crash left.

    readable are the folders of files that are loaded and extracted.
    """

    def __init__(
        self,
        folder: Path,
        readable: Sequence[Path] = (),
        on_open: Callable[[DuckDBPyConnection], None] = lambda _: None,
    ) -> None:
        self.folder = folder
        self._readable = readable
        self._on_open = on_open
        self._root: DuckDBPyConnection | None = None
        self._opening = threading.Lock()
        self._local = threading.local()
        self._queries = ThreadPoolExecutor(QUERY_THREADS, thread_name_prefix="bigquery-query")
        self._short = ThreadPoolExecutor(SHORT_THREADS, thread_name_prefix="bigquery-short")

    async def run(self, work: Callable[..., T], *args: Any, short: bool = False, ticket: Ticket | None = None) -> T:
        """Run `work(connection, *args)` on a thread and give its result.

        short is for what is known to be quick (inserts, pages of results): it has threads of its own. DuckDB's errors
        come as SqlError, a cancelled ticket as Interrupted.
        """
        pool = self._short if short else self._queries
        return await asyncio.get_running_loop().run_in_executor(pool, self._work, work, args, ticket or Ticket())

    def _work(self, work: Callable[..., T], args: tuple[Any, ...], ticket: Ticket) -> T:
        connection = self.connection()
        import duckdb

        try:
            with ticket.hold(connection):
                return work(connection, *args)
        except duckdb.InterruptException:
            raise Interrupted from None
        except duckdb.Error as error:
            raise statement_error(error) from None

    def connection(self) -> DuckDBPyConnection:
        """The calling thread's own connection."""
        own: DuckDBPyConnection | None = getattr(self._local, "connection", None)
        if own is None:
            with self._opening:
                if self._root is None:
                    self._root = self._open()
                own = self._local.connection = self._root.cursor()
        return own

    def _open(self) -> DuckDBPyConnection:
        import duckdb

        self.folder.mkdir(parents=True, exist_ok=True)
        root = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": str(self.folder / "spill"),
            },
        )
        root.execute("SET GLOBAL TimeZone = 'UTC'")
        path = self.folder / "rows.duckdb"
        try:
            root.execute(f"ATTACH '{_text(path)}' AS stored")
            root.execute(SCHEMA)
        except duckdb.Error as error:
            raise StoreError(
                f"The BigQuery rows in {path} cannot be read ({_first_line(error)}); restore a copy of the state "
                "folder, or empty it with: python -m emulator reset"
            ) from None
        self._attach_results(root)
        root.execute(MACROS.read_text(encoding="utf-8"))
        # From here on no statement reads or writes files but those that load and extract jobs name.
        folders = ", ".join(f"'{_text(folder)}/'" for folder in self._readable)
        root.execute(f"SET allowed_directories = [{folders}]")
        root.execute("SET enable_external_access = false")
        root.execute("SET lock_configuration = true")
        self._on_open(root)
        return root

    def _attach_results(self, root: DuckDBPyConnection) -> None:
        """Query results are worth a day: a file of them that cannot be read is thrown away."""
        import duckdb

        path = self.folder / "results.duckdb"
        try:
            root.execute(f"ATTACH '{_text(path)}' AS results")
        except duckdb.Error:
            path.unlink(missing_ok=True)
            path.with_name(path.name + ".wal").unlink(missing_ok=True)
            root.execute(f"ATTACH '{_text(path)}' AS results")

    def close(self) -> None:
        """Wait for what runs, then close the files."""
        self._queries.shutdown(wait=True)
        self._short.shutdown(wait=True)
        if self._root is not None:
            self._root.close()
            self._root = None


def _text(path: Path) -> str:
    return str(path).replace("'", "''")


@contextlib.contextmanager
def transaction(connection: DuckDBPyConnection) -> Iterator[None]:
    """All or nothing: rolled back when the body raises."""
    connection.execute("BEGIN TRANSACTION")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def describe(connection: DuckDBPyConnection, sql: str) -> list[Field]:
    """The BigQuery schema of what a DuckDB SELECT gives, without running it. Raises SqlError."""
    import duckdb

    try:
        columns = connection.execute(f"SELECT * FROM ({sql}) LIMIT 0").description
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise statement_error(error) from None
    return [field_of(column[0], column[1]) for column in columns or ()]


def stored(storage: str) -> str:
    """The full name of a storage table."""
    return f"stored.main.{quote(storage)}"


def result_table(storage: str) -> str:
    """The full name of a table of query results."""
    return f"results.main.{quote(storage)}"


def statement_error(error: Exception) -> SqlError:
    """DuckDB's words as BigQuery's, as far as they have a counterpart."""
    text = _first_line(error)
    for prefix in ("Binder", "Catalog", "Invalid Input", "Conversion", "Parser"):
        text = text.removeprefix(f"{prefix} Error: ")
    if text.startswith('Referenced column "'):
        return SqlError(f"Unrecognized name: {text.split(chr(34))[1]}")
    if "not found in FROM clause" in text:
        return SqlError(f"Unrecognized name: {text.split(chr(34))[1] if chr(34) in text else text}")
    if text.startswith(("Scalar Function with name", "Aggregate Function with name")):
        return SqlError(f"Function not found: {text.split()[4].upper()}")
    if text.startswith("Constraint Error: NOT NULL"):
        return SqlError(f"Required field {text.rsplit('.', 1)[-1]} cannot be null", "invalidQuery")
    if "cannot affect the same target row more than once" in text:
        return SqlError("UPDATE/MERGE must match at most one source row for each target row")
    if text.startswith("Out of Memory Error"):
        message = f"Resources exceeded during query execution: the emulator's limit of {MEMORY_LIMIT} was reached."
        return SqlError(message, "resourcesExceeded")
    return SqlError(text)


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0].strip()
