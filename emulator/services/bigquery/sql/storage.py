"""Storage tables: making, filling, changing and measuring the DuckDB tables behind tables and results.

Every function takes a connection first and runs on one of the engine's threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from emulator.services.bigquery.sql import ingestion, marks, places
from emulator.services.bigquery.sql.encoders import row_encoder
from emulator.services.bigquery.sql.engine import stored, transaction
from emulator.services.bigquery.sql.rows import LEFT_OUT
from emulator.services.bigquery.sql.types import (
    DEFAULT,
    Field,
    columns_sql,
    duckdb_type,
    field_mode,
    field_type,
    fitted,
    literal,
    python_select,
    quote,
    recast,
    wire_select,
    wire_type,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FIXED_SIZES = {"BOOLEAN": 1, "NUMERIC": 16, "BIGNUMERIC": 32}  # bytes; others have 8 (BigQuery: data type sizes)
OWN_TABLES = ("done_jobs", "table_marks", "write_streams")  # of the engine itself (engine.SCHEMA)
Row = dict[str, Any]


@dataclass(frozen=True)
class Partition:
    """One partition of a storage table: its id, the engine's condition for its rows, and when those came.

    moment (microseconds since 1970) is of tables that are partitioned by time of ingestion; emptied says that rows
    which come take the place of those that are there.
    """

    id: str
    condition: str
    moment: int | None = None
    emptied: bool = False


def create(connection: DuckDBPyConnection, table: str, fields: Sequence[Field]) -> None:
    """Make an empty storage table; table is its full DuckDB name. A table without columns gets a hidden one."""
    _defaults(fields, "")  # so that none is kept that cannot be
    connection.execute(f"CREATE OR REPLACE TABLE {table} ({columns_sql(fields) or 'bq_empty BOOLEAN'})")


def execute(connection: DuckDBPyConnection, sql: str) -> None:
    """Run one statement of ours that gives no rows."""
    connection.execute(sql)


def exists(connection: DuckDBPyConnection, table: str) -> bool:
    """Whether there is a storage table of that full name."""
    name, database = places.storage_of(table), places.database_of(table)
    found = connection.execute(
        "SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND table_name = ?", [database, name]
    ).fetchone()
    return found is not None


def drop(connection: DuckDBPyConnection, table: str) -> None:
    """Remove a storage table, if it is there."""
    connection.execute(f"DROP TABLE IF EXISTS {table}")
    marks.forget(connection, table)


def append(
    connection: DuckDBPyConnection,
    table: str,
    fields: Sequence[Field],
    rows: Sequence[Row],
    principal: str = "",
    came: int | None = None,
    *,
    marked: bool = True,
) -> None:
    """Append rows as rows.RowReader gives them; principal is whom a default of SESSION_USER() names.

    came is when (microseconds since 1970), for tables that keep that (see ingestion) and rows that did not come now.
    marked notes how many rows there were before (see marks), which is not asked for while a table is being made.
    """
    if not rows or not fields:
        return
    if not marked:
        _append(connection, table, fields, rows, principal, came)
        return
    with transaction(connection):
        marks.add(connection, table)
        _append(connection, table, fields, rows, principal, came)


def _append(
    connection: DuckDBPyConnection,
    table: str,
    fields: Sequence[Field],
    rows: Sequence[Row],
    principal: str,
    came: int | None,
) -> None:
    shape = {field["name"]: wire_type(field) for field in fields}
    values = {field["name"]: wire_select([field], "r") for field in fields}
    if any(LEFT_OUT in row for row in rows):
        shape[LEFT_OUT] = ["VARCHAR"]
        for name, default in _defaults(fields, principal).items():
            left_out = f"list_contains(struct_extract(r, {literal(LEFT_OUT)}), {literal(name)})"
            values[name] = f"CASE WHEN {left_out} THEN {default} ELSE {values[name]} END"
    if came is not None:
        values[ingestion.COLUMN] = f"make_timestamptz({came})"
    connection.execute(
        f"INSERT INTO {table} ({', '.join(map(quote, values))}) SELECT {', '.join(values.values())} "
        f"FROM (SELECT unnest(json_transform(CAST(? AS JSON), {literal(orjson.dumps([shape]).decode())})) AS r)",
        [orjson.dumps(rows).decode()],
    )


def replace(
    connection: DuckDBPyConnection,
    table: str,
    fields: Sequence[Field],
    rows: Sequence[Row],
    keys: Sequence[str],
    values: Sequence[Sequence[str]],
) -> None:
    """Append rows in the place of those that have one of these sets of texts in columns; both or neither."""
    gone = f"(SELECT {', '.join(f'unnest(?) AS {quote(key)}' for key in keys)})"
    with transaction(connection):
        marks.add(connection, table, lost=True)
        connection.execute(_without(table, keys, gone), [list(column) for column in zip(*values, strict=True)])
        append(connection, table, fields, rows, marked=False)


def _without(table: str, keys: Sequence[str], source: str) -> str:
    """The statement that removes the rows whose keys are in another table."""
    key = f"struct_pack({', '.join(f'{quote(each)} := {quote(each)}' for each in keys)})"
    return f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {source})"


def _defaults(fields: Sequence[Field], principal: str) -> dict[str, str]:
    """The engine's expressions for the defaults of columns, by their names."""
    if not any(field.get(DEFAULT) for field in fields):
        return {}
    from emulator.services.bigquery.sql import defaults

    return {field["name"]: defaults.engine_sql(field, principal) for field in fields if field.get(DEFAULT)}


def fill(connection: DuckDBPyConnection, table: str, fields: Sequence[Field], select: str, unit: str = "") -> int:
    """Make a storage table with the rows of a SELECT, all or nothing; gives their number.

    With a unit the SELECT has one column more, the time at which each row came (see ingestion).
    """
    with transaction(connection):
        return fill_in(connection, table, fields, select, unit)


def fill_in(connection: DuckDBPyConnection, table: str, fields: Sequence[Field], select: str, unit: str = "") -> int:
    """The same inside the caller's transaction."""
    create(connection, table, fields)
    if unit:
        ingestion.add(connection, table, unit)
    if not fields:
        return 0
    row = connection.execute(f"INSERT INTO {table} SELECT * FROM ({select})").fetchone()
    fit(connection, table, fields)
    return int(row[0]) if row else 0


def copy(
    connection: DuckDBPyConnection,
    source: str,
    table: str,
    fields: Sequence[Field],
    selected: Mapping[str, str] | None = None,
    first: int | None = None,
    *,
    takes_place: bool = False,
) -> int:
    """Make a storage table with the rows of another one, all or nothing; gives their number.

    selected are expressions for columns that are not copied as they are; first is how many rows are, None for all.
    takes_place says that the new one is to be in the other's place, perhaps in another file: it then has its marks, and
    the jobs that are done.
    """
    values = {field["name"]: quote(field["name"]) for field in fields} | dict(selected or {})
    unit = ingestion.unit_in(connection, source)
    with transaction(connection):
        create(connection, table, fields)
        if takes_place:
            marks.take_over(connection, source, table)
            done, others = places.beside(table, "done_jobs"), places.beside(source, "done_jobs")
            connection.execute(f"INSERT OR IGNORE INTO {done} SELECT * FROM {others}")
        if unit:
            ingestion.add(connection, table, unit)
            values[ingestion.COLUMN] = ingestion.COLUMN
        if not fields:
            return 0
        names, shown = ", ".join(map(quote, values)), ", ".join(values.values())
        limit = "" if first is None else f" LIMIT {first}"
        row = connection.execute(f"INSERT INTO {table} ({names}) SELECT {shown} FROM {source}{limit}").fetchone()
        fit(connection, table, fields)
    return int(row[0]) if row else 0


def fit(connection: DuckDBPyConnection, table: str, fields: Sequence[Field]) -> None:
    """Round what columns of BIGNUMERIC(P, S) hold, which the engine does not. Raises the engine's error for no room."""
    for field in fields:
        column = quote(field["name"])
        if new := fitted(column, field):
            connection.execute(f"UPDATE {table} SET {column} = {new} WHERE {column} IS DISTINCT FROM {new}")


def mark_done(connection: DuckDBPyConnection, table: str, job: str, rows: int) -> None:
    """Note inside a transaction that a job has had its effect on a table, so that a crash does not repeat it."""
    connection.execute(f"INSERT INTO {places.beside(table, 'done_jobs')} VALUES (?, ?)", [job, rows])


def done_rows(connection: DuckDBPyConnection, table: str, job: str) -> int | None:
    """How many rows of a table a job changed, if it had its effect."""
    own = places.beside(table, "done_jobs")
    row = connection.execute(f"SELECT rows FROM {own} WHERE job = ?", [job]).fetchone()
    return int(row[0]) if row else None


def append_from(
    connection: DuckDBPyConnection,
    table: str,
    source: str,
    fields: Sequence[Field],
    job: str,
    others: Sequence[Field] = (),
    principal: str = "",
    into: Partition | None = None,
    kept: str = "",
    keys: Sequence[str] = (),
) -> int:
    """Append all rows of another storage table that has these fields, once for each job; gives their number.

    others are columns that only the first table has: they get their defaults. into is the partition that they go into;
    where that is emptied, kept is the full name of a copy of the table as it was. keys are columns by which rows of the
    other table take the place of those that are there.
    """
    before = done_rows(connection, table, job)
    if before is not None:
        return before
    values = {field["name"]: quote(field["name"]) for field in fields} | _defaults(others, principal)
    if into is not None and into.moment is not None:
        values[ingestion.COLUMN] = f"make_timestamptz({into.moment})"
    names = ", ".join(map(quote, values))
    with transaction(connection):
        if into is not None and into.emptied:
            marks.keep(connection, table, kept)
            connection.execute(f"DELETE FROM {table} WHERE {into.condition}")
        else:
            marks.add(connection, table, lost=bool(keys))
        if keys:
            connection.execute(_without(table, keys, source))
        row = connection.execute(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(values.values())} FROM {source}"
        ).fetchone()
        count = int(row[0]) if row else 0
        mark_done(connection, table, job, count)
    return count


def delete(connection: DuckDBPyConnection, table: str, where: str) -> int:
    """Remove the rows for which the engine's condition holds; gives their number."""
    if not count(connection, table, where):
        return 0
    with transaction(connection):
        marks.add(connection, table, lost=True)
        row = connection.execute(f"DELETE FROM {table} WHERE {where}").fetchone()
    return int(row[0]) if row else 0


def read_page(
    connection: DuckDBPyConnection, table: str, fields: Sequence[Field], start: int, count: int
) -> list[tuple[Any, ...]]:
    """Rows as Python values (see types.python_select), in the order in which they were stored."""
    if not fields:
        return []
    return connection.execute(
        f"SELECT {python_select(fields)} FROM {table} LIMIT {int(count)} OFFSET {int(start)}"
    ).fetchall()


def encoded_page(
    connection: DuckDBPyConnection, table: str, fields: Sequence[Field], start: int, count_: int, timestamps: str
) -> tuple[int, list[dict[str, Any]]]:
    """How many rows a table has, and some of them as `f` and `v`; timestamps is a TimestampOutputFormat."""
    encode = row_encoder(fields, timestamps)
    page = read_page(connection, table, fields, start, count_) if count_ else []
    return count(connection, table), [encode(row) for row in page]


def count(connection: DuckDBPyConnection, table: str, where: str = "TRUE") -> int:
    """The number of rows for which the engine's condition holds."""
    row = connection.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()
    return int(row[0]) if row else 0


def measure(connection: DuckDBPyConnection, table: str, fields: Sequence[Field]) -> tuple[int, int]:
    """The number of rows and their logical size in bytes, as BigQuery counts it."""
    size = size_of_row(fields)
    row = connection.execute(f"SELECT count(*), coalesce(sum({size}), 0) FROM {table}").fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def size_of_row(fields: Sequence[Field]) -> str:
    """The expression for a row's logical size in bytes."""
    return " + ".join(_size(field, quote(field["name"])) for field in fields) or "0"


def _size(field: Field, expression: str, depth: int = 0) -> str:
    if field_mode(field) == "REPEATED":
        element = _size({**field, "mode": "NULLABLE"}, f"e{depth}", depth + 1)
        return f"coalesce(list_sum(list_transform({expression}, lambda e{depth}: {element})), 0)"
    kind = field_type(field)
    if kind == "RECORD":
        parts = [
            _size(child, f"struct_extract({expression}, {literal(child['name'])})", depth) for child in field["fields"]
        ]
        return f"({' + '.join(parts)})"
    if kind in ("STRING", "JSON"):
        return f"coalesce(2 + strlen(CAST({expression} AS VARCHAR)), 0)"
    if kind == "BYTES":
        return f"coalesce(2 + octet_length({expression}), 0)"
    return f"(CASE WHEN {expression} IS NULL THEN 0 ELSE {FIXED_SIZES.get(kind, 8)} END)"


def widen(connection: DuckDBPyConnection, table: str, old: Sequence[Field], new: Sequence[Field]) -> None:
    """Add the columns and record fields that `new` has over `old`, and relax REQUIRED ones; rows are kept."""
    _defaults(new, "")
    with transaction(connection):
        for statement in _widening(table, old, new):
            connection.execute(statement)


def _widening(table: str, old: Iterable[Field], new: Iterable[Field], path: str = "") -> Iterable[str]:
    known = {field["name"].lower(): field for field in old}
    for field in new:
        before = known.get(field["name"].lower())
        where = path + quote(field["name"])
        if before is None:
            default = " DEFAULT []" if field_mode(field) == "REPEATED" and not path else ""
            yield f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {where} {duckdb_type(field)}{default}"
            continue
        if not path and field_mode(before) == "REQUIRED" and field_mode(field) == "NULLABLE":
            yield f"ALTER TABLE {table} ALTER COLUMN {where} DROP NOT NULL"
        if field_type(field) == "RECORD":
            inner = where + (".element." if field_mode(field) == "REPEATED" else ".")
            yield from _widening(table, before["fields"], field["fields"], inner)


def drop_columns(connection: DuckDBPyConnection, table: str, names: Iterable[str]) -> None:
    """Remove columns that the catalogue no longer has."""
    for name in names:
        connection.execute(f"ALTER TABLE {table} DROP COLUMN IF EXISTS {quote(name)}")


def upgrade(connection: DuckDBPyConnection, live: Mapping[str, Sequence[Field]]) -> None:
    """Make columns of tables that are there what the engine has for their types now: BIGNUMERIC was DECIMAL(38,18).

    Tables that did not keep when rows came get the time of now for them.
    """
    for table, fields in live.items():
        for field in fields:
            if field["name"] == ingestion.COLUMN and exists(connection, stored(table)):
                ingestion.add(connection, stored(table), field["unit"])
    listed = connection.execute(
        "SELECT table_name, lower(column_name) FROM duckdb_columns() "
        "WHERE database_name = 'stored' AND data_type LIKE '%DECIMAL%'"
    ).fetchall()
    for table, name in listed:
        for field in live.get(table, ()):
            if field["name"].lower() == name and "BIGNUM" in duckdb_type(field):
                column, new = quote(field["name"]), recast(quote(field["name"]), None, field)
                connection.execute(
                    f"ALTER TABLE {stored(table)} ALTER COLUMN {column} SET DATA TYPE {duckdb_type(field)} USING {new}"
                )


def sweep(
    connection: DuckDBPyConnection, database: str, live: Mapping[str, Sequence[Field]], results: Iterable[str]
) -> None:
    """After a crash or a restart: remove storage tables and columns of a file that the catalogue does not know."""
    listed = connection.execute(
        "SELECT table_name, list(column_name) FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = 'main' GROUP BY ALL",
        [database],
    ).fetchall()
    kept = {*OWN_TABLES, *results}
    if database != places.RESULTS:
        streams = connection.execute(f"SELECT storage FROM {database}.main.write_streams").fetchall()
        kept.update(name for (name,) in streams)
    for name, columns in listed:
        if name in kept:
            continue
        table = f"{database}.main.{quote(name)}"
        if name not in live:
            drop(connection, table)
        else:
            known = {field["name"].lower() for field in live[name]} | {"bq_empty"}
            drop_columns(connection, table, [c for c in columns if c.lower() not in known])
