"""Pseudo-columns: what a statement may name of a table though `*` does not show it.

https://cloud.google.com/bigquery/docs/querying-partitioned-tables#query_an_ingestion-time_partitioned_table
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from emulator.services.bigquery.sql.catalog import TableInfo
from emulator.services.bigquery.sql.ingestion import COLUMN, DATE
from emulator.services.bigquery.sql.kinds import STRING, Kind
from emulator.services.bigquery.sql.types import Field, quote

KINDS = {
    "_file_name": STRING,
    "_partitiondate": Kind("DATE"),
    "_partitiontime": Kind("TIMESTAMP"),
    "_table_suffix": STRING,
}


def wanted(tree: exp.Expr) -> frozenset[str]:
    """The pseudo-columns that a statement names, in upper case."""
    return frozenset(column.name.upper() for column in tree.find_all(exp.Column) if column.name.lower() in KINDS)


def own_rows(info: TableInfo, named: frozenset[str]) -> tuple[str, frozenset[str]]:
    """The engine's SELECT of a table's rows with those pseudo-columns that it has, and which these are."""
    columns = [quote(field["name"]) for field in info.fields]
    shown = set()
    for field in info.hidden:
        if field["name"].upper() in named:
            shown.add(field["name"].upper())
            columns.append(quote(field["name"]))
        if field["name"] == COLUMN and DATE in named:
            shown.add(DATE)
            columns.append(f"CAST({COLUMN} AT TIME ZONE 'UTC' AS DATE) AS {DATE}")
    limit = "" if info.first is None else f" LIMIT {info.first}"
    return f"SELECT {', '.join(columns) or 'NULL'} FROM {info.storage}{limit}", frozenset(shown)


def hide(select: exp.Select | None, alias: str, names: frozenset[str]) -> None:
    """Let `*` and `alias.*` of a SELECT not show these columns."""
    for item in select.expressions if select is not None and names else ():
        star = item.this if isinstance(item, exp.Column) and item.table.lower() == alias.lower() else item
        if isinstance(star, exp.Star):
            there = star.args.get("except_") or []
            left_out = {name.name.upper() for name in there}
            star.set("except_", [*there, *(exp.to_identifier(name) for name in sorted(names - left_out))])


def spell_out_columns(tree: exp.Expr, fields: Sequence[Field]) -> None:
    """Name the columns of an INSERT that names none, since the storage has more than the table shows."""
    names = [exp.to_identifier(field["name"], quoted=True) for field in fields]
    if isinstance(tree, exp.Insert) and isinstance(tree.this, exp.Table):
        into = exp.Schema(expressions=names)
        into.set("this", tree.this)
        tree.set("this", into)
    for when in tree.args["whens"].expressions if isinstance(tree, exp.Merge) else ():
        then = when.args["then"]
        if isinstance(then, exp.Insert) and not then.args.get("this"):
            then.set("this", exp.Tuple(expressions=[exp.column(field["name"], quoted=True) for field in fields]))


def spell_out_dates(tree: exp.Expr) -> None:
    """Write what _PARTITIONDATE means in a statement that changes a table itself."""
    for column in list(tree.find_all(exp.Column)):
        if column.name.upper() == DATE:
            moment = exp.column(COLUMN, table=column.args.get("table"))
            column.replace(exp.Date(this=moment))
