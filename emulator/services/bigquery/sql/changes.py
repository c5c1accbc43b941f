"""INSERT, UPDATE, DELETE and MERGE in the engine, with what BigQuery refuses and the engine does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kept import problems
from emulator.services.bigquery.sql.storage import fit

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from emulator.services.bigquery.sql.catalog import TableInfo
    from emulator.services.bigquery.sql.statements import Statement
    from emulator.services.bigquery.sql.translate import Translator


def apply(
    connection: DuckDBPyConnection, translator: Translator, statement: Statement, returning: str = ""
) -> list[tuple[object, ...]]:
    """Run a statement inside the caller's transaction; gives the engine's rows.

    Raises SqlError where UPDATE ... FROM meets a row twice, and where a row cannot be kept (see kept); the caller
    rolls back.
    https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#update_statement
    """
    change = translator.dml(statement)
    if change.twice and connection.execute(change.twice).fetchone():
        raise SqlError("UPDATE/MERGE must match at most one source row for each target row")
    rows = connection.execute(f"{change.sql} {returning}").fetchall()
    if statement.kind != "DELETE":
        fit(connection, change.table.storage, change.table.fields)
        _refuse_what_cannot_be_kept(connection, change.table)
    return rows


def _refuse_what_cannot_be_kept(connection: DuckDBPyConnection, table: TableInfo) -> None:
    for field in table.fields:
        for wrong, words in problems(field):
            if connection.execute(f"SELECT 1 FROM {table.storage} WHERE {wrong} LIMIT 1").fetchone():
                raise SqlError(words)
