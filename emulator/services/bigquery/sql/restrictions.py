"""What cannot be done with values of a type: ordering, grouping, partitioning.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#data_type_properties
"""

from __future__ import annotations

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import Kind, kind_of
from emulator.services.bigquery.sql.scopes import Columns

NOT_ORDERED = ("ARRAY", "STRUCT", "JSON", "GEOGRAPHY")
NOT_GROUPED = ("JSON", "GEOGRAPHY")
NOT_PARTITIONED = ("FLOAT64", *NOT_ORDERED)


def check(node: exp.Expr) -> None:
    """Raise SqlError where a clause or an aggregate cannot take the types of its expressions."""
    if isinstance(node, exp.Ordered):
        _refuse(node.this, NOT_ORDERED, "ORDER BY does not support expressions of type {}")
    elif isinstance(node, exp.Group):
        for item in node.expressions:
            _refuse(item, NOT_GROUPED, "Grouping by expressions of type {} is not allowed")
    elif isinstance(node, exp.Window):
        for item in node.args.get("partition_by") or ():
            _refuse(item, NOT_PARTITIONED, "Partitioning by expressions of type {} is not allowed")
    elif isinstance(node, exp.Distinct):
        message = "Aggregate functions with DISTINCT cannot be used with arguments of type {}"
        for item in node.expressions:
            _refuse(item, NOT_GROUPED, message)
    elif isinstance(node, (exp.Min, exp.Max)):
        name = type(node).__name__.upper()
        _refuse(node.this, NOT_ORDERED, name + " is not defined for arguments of type {}")


def check_distinct(columns: Columns, what: str) -> None:
    """Raise SqlError where rows are made distinct that hold what cannot be compared."""
    for name, kind in columns:
        if kind is not None and kind.name in NOT_GROUPED:
            raise SqlError(f"Column {name} of type {kind} cannot be used in {what}")


def _refuse(item: exp.Expr, names: tuple[str, ...], message: str) -> None:
    kind: Kind | None = kind_of(item)
    if kind is not None and kind.name in names:
        raise SqlError(message.format(kind))
