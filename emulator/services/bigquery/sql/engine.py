"""DuckDB: one file of table rows, one of query results and one for each version of a key that protects some.

They are open in the engine process (process.worker) alone.

Each table has its rows in a storage table of its own name (t_..., made anew when a table is replaced), so that a table
is swapped by changing one word in the catalogue. A commit is on disk (DuckDB's write-ahead log) before its statement
returns.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.services.bigquery.sql import marks, places
from emulator.services.bigquery.sql.attaching import ENCRYPTED, attach, encrypt, remove, rewrite
from emulator.services.bigquery.sql.errors import StoreError
from emulator.services.bigquery.sql.messages import first_line, statement_error
from emulator.services.bigquery.sql.types import Field, field_of, quote

if TYPE_CHECKING:
    import duckdb
    from duckdb import DuckDBPyConnection

_log = logging.getLogger("emulator.bigquery")
MEMORY = 2 << 30
STALE = "rows.duckdb.stale"
"""An empty file that says that rows have gone from the common file to that of a key, and have left blocks behind."""
MACROS = [
    Path(__file__).with_name(name)
    for name in (
        *(
            "moment.sql",
            "errors.sql",
            "bignumeric.sql",
            "casts.sql",
            "intervals.sql",
            "ranges.sql",
            "geography.sql",
            "search.sql",
            "macros.sql",
            "texts.sql",
            "formatted.sql",
            "numbers.sql",
        ),
        "json.sql",
    )
]
SCHEMA = """
CREATE TABLE IF NOT EXISTS {database}.main.done_jobs (job VARCHAR PRIMARY KEY, rows BIGINT);
CREATE TABLE IF NOT EXISTS {database}.main.write_streams (
    name VARCHAR NOT NULL, kind VARCHAR NOT NULL, storage VARCHAR NOT NULL, columns VARCHAR NOT NULL,
    table_created BIGINT NOT NULL, created BIGINT NOT NULL, used BIGINT NOT NULL, rows BIGINT NOT NULL,
    flushed BIGINT NOT NULL, finalized BOOLEAN NOT NULL, committed BIGINT NOT NULL
);
"""


class Engine:
    """The rows of one emulator, in `folder`. Opened at first use; on_open then tidies up what a crash left.

    readable are the folders of files that are loaded and extracted. memory (bytes) is DuckDB's own limit, which does
    not count lists, texts and Python's objects. key is what its files are encrypted with, "" for plain ones.
    """

    def __init__(
        self,
        folder: Path,
        readable: Sequence[Path] = (),
        on_open: Callable[[DuckDBPyConnection], None] = lambda _: None,
        memory: int = MEMORY,
        key: str = "",
    ) -> None:
        self.folder = folder
        self._key = key
        self._memory = memory
        self._readable = readable
        self._on_open = on_open
        self._root: DuckDBPyConnection | None = None
        self._opening = threading.Lock()
        self._local = threading.local()

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

        from emulator.services.bigquery.sql.scalars.registration import register

        self.folder.mkdir(parents=True, exist_ok=True)
        root = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "memory_limit": f"{self._memory}B",
                "python_enable_replacements": "false",  # a name is never a variable of this process
                "temp_directory": str(self.folder / "spill"),
                **(ENCRYPTED if self._key else {}),
            },
        )
        root.execute("SET GLOBAL TimeZone = 'UTC'")
        path = self.folder / "rows.duckdb"
        try:
            if self._key:
                encrypt(root, path, self._key)
            self._forget_stale(root, path)
            attach(root, path, "stored", self._key)
            make_own_tables(root, places.STORED)
        except duckdb.Error as error:
            raise unreadable(path, error) from None
        self._attach_results(root)
        register(root)
        for macros in MACROS:
            root.execute(macros.read_text(encoding="utf-8"))
        # From here on no statement reads or writes files but those that load and extract jobs name.
        folders = ", ".join(f"'{_text(folder)}/'" for folder in self._readable)
        root.execute(f"SET allowed_directories = [{folders}]")
        root.execute("SET enable_external_access = false")
        root.execute("SET lock_configuration = true")
        self._on_open(root)
        return root

    def _forget_stale(self, root: DuckDBPyConnection, path: Path) -> None:
        """Write the common file anew where rows have gone from it to the file of a key; where that fails, next time."""
        import duckdb

        mark = self.folder / STALE
        if not mark.exists():
            return
        try:
            rewrite(root, path, self._key)
        except duckdb.Error as error:
            _log.warning("%s was not written anew: %s", path, first_line(error))
        else:
            mark.unlink()

    def _attach_results(self, root: DuckDBPyConnection) -> None:
        """Query results are worth a day: a file of them that cannot be read is thrown away."""
        import duckdb

        path = self.folder / "results.duckdb"
        try:
            attach(root, path, "results", self._key)
        except duckdb.Error:
            remove(path)
            attach(root, path, "results", self._key)

    def close(self) -> None:
        """Close the files."""
        if self._root is not None:
            self._root.close()
            self._root = None


def _text(path: Path) -> str:
    return str(path).replace("'", "''")


def unreadable(path: Path, error: duckdb.Error) -> StoreError:
    """What is said of a file of rows that can't be opened; why goes to the log."""
    _log.error("the rows cannot be opened: %s", first_line(error))
    return StoreError(
        f"The BigQuery rows in {path} cannot be read; restore a copy of the state folder, or empty it with: "
        "python -m emulator reset"
    )


def make_own_tables(connection: DuckDBPyConnection, database: str) -> None:
    """Make the engine's own tables in a file of rows, which are changed in one transaction with these."""
    connection.execute(SCHEMA.format(database=database))
    connection.execute(marks.SCHEMA.format(database=database))


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
    return f"{places.file_of(storage) or places.STORED}.main.{quote(storage)}"


def result_table(storage: str) -> str:
    """The full name of a table of query results."""
    return f"{places.file_of(storage) or places.RESULTS}.main.{quote(storage)}"
