"""Files read into a storage table, in the engine process: CSV, newline-delimited JSON, Parquet, Avro and ORC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError
from emulator.services.bigquery import errors, schemas
from emulator.services.bigquery.jobs import avro, file_moments, files, orc
from emulator.services.bigquery.sql import engine, storage
from emulator.services.bigquery.sql.rows import RowError, RowReader
from emulator.services.bigquery.sql.types import Field, literal, quote, recast

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BATCH_ROWS = 5000
FORMATS = ("CSV", "NEWLINE_DELIMITED_JSON", "PARQUET", "AVRO", "ORC")
SELF_DESCRIBING = ("PARQUET", "AVRO", "ORC")
TABULAR = ("PARQUET", "ORC")  # what the engine reads as tables, and not row by row
MAX_ERRORS_SHOWN = 20


def require_readable(form: str) -> None:
    """Raise a 501 for a source format that is not emulated, or whose package is not installed."""
    if form not in FORMATS:
        known = ", ".join(FORMATS)
        raise errors.error("notImplemented", f"The source format {form or 'none'} is not emulated; use {known}.")
    if form == "ORC":
        orc.check_installed()


@dataclass
class Source:
    """Files to read and how. fields empty: to be found out from the files.

    extra are columns beside those of the files, and constants their values, by name, for each file.
    """

    paths: list[Path]
    names: list[str]
    format: str
    options: dict[str, Any]
    fields: list[Field]
    max_bad: int
    extra: list[Field] = field(default_factory=list)
    constants: list[dict[str, Any]] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)
    bad: int = 0
    rows: int = 0

    def columns(self) -> list[Field]:
        """The columns of the storage table: those of the files, and the others."""
        extra = {item["name"].lower() for item in self.extra}
        return [item for item in self.fields if item["name"].lower() not in extra] + self.extra

    def files(self) -> Iterator[tuple[Path, str, dict[str, Any]]]:
        """Each file: where it lies, what errors call it, and the values of the other columns."""
        for at, (path, name) in enumerate(zip(self.paths, self.names, strict=True)):
            yield path, name, self.constants[at] if self.constants else {}

    def count_bad(self, message: str, location: str) -> None:
        """Note a bad row. Raises the job's error once there are too many."""
        self.bad += 1
        if len(self.problems) < MAX_ERRORS_SHOWN:
            self.problems.append({"reason": "invalid", "location": location, "message": message})
        if self.bad > self.max_bad:
            raise errors.invalid(f"{message} File: {location}" if location else message)


def read(connection: DuckDBPyConnection, source: Source, table: str) -> tuple[Source, ApiError | None]:
    """Read every file into a new storage table (in the engine process): what was found, and what ended it."""
    try:
        _read_files(connection, source, table)
    except ApiError as problem:
        return source, problem
    return source, None


def _read_files(connection: DuckDBPyConnection, source: Source, table: str) -> None:
    if source.format in TABULAR:
        with _relations(connection, source) as relations:
            _read_tables(connection, source, table, relations)
        return
    skip = int(source.options.get("skipLeadingRows") or 0)
    if not source.fields:
        if source.format == "AVRO":
            source.fields = avro.schema(source.paths[0], source.options)
        elif source.format == "CSV":
            source.fields, skip = files.guess_csv(source.paths[0], source.options)
        else:
            source.fields = files.guess_json(row for path in source.paths for row in files.json_rows(path))
        schemas.checked(source.fields)
    elif source.format == "CSV" and source.options.get("autodetect") and not skip:
        skip = files.guess_csv(source.paths[0], source.options)[1]
    columns = source.columns()
    storage.create(connection, table, columns)
    ignores = bool(source.options.get("ignoreUnknownValues"))
    reader = RowReader(columns, ignore_unknown=ignores, by_type=file_moments.readers(source.options))
    batch: list[dict[str, Any]] = []
    for path, name, constants in source.files():
        for row in _rows(source, path, skip):
            try:
                if isinstance(row, files.BadRow):
                    source.count_bad(str(row), name)
                    continue
                batch.append(reader.read({**row, **constants}))
            except RowError as problem:
                source.count_bad(
                    f"Error while reading data, error message: {problem.message} Field: {problem.location};", name
                )
                continue
            if len(batch) >= BATCH_ROWS:
                storage.append(connection, table, columns, batch, marked=False)
                source.rows += len(batch)
                batch = []
    storage.append(connection, table, columns, batch, marked=False)
    source.rows += len(batch)


def _rows(source: Source, path: Path, skip: int) -> Iterator[dict[str, Any] | files.BadRow]:
    if source.format == "CSV":
        extra = {item["name"].lower() for item in source.extra}
        own = [item for item in source.fields if item["name"].lower() not in extra]
        return files.csv_rows(path, source.options, own, skip)
    if source.format == "AVRO":
        return avro.rows(path, source.options)
    return files.json_rows(path)


@contextmanager
def _relations(connection: DuckDBPyConnection, source: Source) -> Iterator[list[str]]:
    """SQL for the table that each file is, which the engine knows while inside."""
    if source.format == "PARQUET":
        yield [f"read_parquet({literal(str(path))})" for path in source.paths]
        return
    names = [f"bq_file_{number}" for number in range(len(source.paths))]
    for name, path in zip(names, source.paths, strict=True):
        connection.register(name, orc.OrcFile(path))
    try:
        yield names
    finally:
        for name in names:
            connection.unregister(name)


def _read_tables(connection: DuckDBPyConnection, source: Source, table: str, relations: Sequence[str]) -> None:
    import duckdb

    extra = {item["name"].lower() for item in source.extra}
    files_with_tables = zip(source.files(), relations, strict=True)
    parts = [_file(source, relation, constants) for (_, _, constants), relation in files_with_tables]
    select = " UNION ALL BY NAME ".join(parts)
    try:
        connection.execute(f"{select} LIMIT 0")
    except (duckdb.IOException, duckdb.InvalidInputException):
        raise errors.invalid(f"{files.READING} The file is no Parquet file that can be read.") from None
    found = [item for item in engine.describe(connection, select) if item["name"].lower() not in extra]
    if source.fields:
        known = {item["name"].lower(): item["name"] for item in found}
        unknown = set(known) - extra - {item["name"].lower() for item in source.fields}
        if unknown and not source.options.get("ignoreUnknownValues"):
            raise errors.invalid(
                f"Provided Schema does not match the file. Cannot add fields (field: {known[sorted(unknown)[0]]})"
            )
        columns = [
            f"{recast(quote(known[f['name'].lower()]) if f['name'].lower() in known else 'NULL', None, f)} "
            f"AS {quote(f['name'])}"
            for f in source.fields
            if f["name"].lower() not in extra
        ]
    else:
        source.fields = schemas.checked(found)
        columns = [f"{recast(quote(f['name']), None, f)} AS {quote(f['name'])}" for f in found]
    columns += [f"{recast(quote(f['name']), None, f)} AS {quote(f['name'])}" for f in source.extra]
    select = f"SELECT {', '.join(columns)} FROM ({select})"
    source.rows = storage.fill(connection, table, source.columns(), select)


def _file(source: Source, relation: str, constants: dict[str, Any]) -> str:
    """The engine's SELECT of one file with the values of the other columns."""
    shown = [f"{_text(constants[item['name']])} AS {quote(item['name'])}" for item in source.extra]
    return f"SELECT {', '.join(['*', *shown])} FROM {relation}"


def _text(value: Any) -> str:
    return "NULL" if value is None else literal(str(value))
