"""Primary and foreign keys of tables, which BigQuery notes and does not enforce.

https://cloud.google.com/bigquery/docs/primary-foreign-keys
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlglot import exp

from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql.catalog import Defaults
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.references import resolve

Constraints = dict[str, Any]  # TableConstraints of the API


def read(items: Iterable[exp.Expr], defaults: Defaults) -> Constraints:
    """The keys among the items in the parentheses of CREATE TABLE, or of ADD in ALTER TABLE. Raises SqlError."""
    found: Constraints = {}
    for item in items:
        if isinstance(item, exp.Constraint):
            for inner in item.expressions:
                _add(found, inner, defaults, item.name)
        elif isinstance(item, exp.ColumnDef):
            _add_of_column(found, item, defaults)
        else:
            _add(found, item, defaults, "")
    return found


def _add_of_column(found: Constraints, column: exp.ColumnDef, defaults: Defaults) -> None:
    for constraint in column.args.get("constraints") or ():
        kind = constraint.args.get("kind")
        if isinstance(kind, exp.PrimaryKeyColumnConstraint):
            _set_primary(found, [column.name], kind)
        elif isinstance(kind, exp.Reference):
            _add_foreign(found, [column.name], kind, defaults, constraint.name)


def _add(found: Constraints, item: exp.Expr, defaults: Defaults, name: str) -> None:
    if isinstance(item, exp.PrimaryKey):
        _set_primary(found, [column.name for column in item.expressions], item)
    elif isinstance(item, exp.ForeignKey):
        _add_foreign(found, [column.name for column in item.expressions], item.args["reference"], defaults, name)
    else:
        raise SqlError(f"{item.sql('bigquery')} is not emulated.")


def _check_not_enforced(item: exp.Expr, what: str) -> None:
    if "NOT ENFORCED" not in [str(option).upper() for option in item.args.get("options") or ()]:
        raise SqlError(f"{what} must be NOT ENFORCED.")


def _set_primary(found: Constraints, columns: list[str], item: exp.Expr) -> None:
    _check_not_enforced(item, "PRIMARY KEY")
    if "primaryKey" in found:
        raise SqlError("A table has one primary key.")
    found["primaryKey"] = {"columns": columns}


def _add_foreign(found: Constraints, columns: list[str], reference: exp.Expr, defaults: Defaults, name: str) -> None:
    _check_not_enforced(reference, "FOREIGN KEY")
    schema = reference.this
    table = resolve(schema.this if isinstance(schema, exp.Schema) else schema, defaults)
    others = [column.name for column in schema.expressions] if isinstance(schema, exp.Schema) else []
    if not isinstance(table, TableName) or len(others) != len(columns):
        raise SqlError("A foreign key refers to as many columns of one table as it has.")
    pairs = [{"referencingColumn": own, "referencedColumn": other} for own, other in zip(columns, others, strict=True)]
    key = {"referencedTable": table.reference, "columnReferences": pairs}
    found.setdefault("foreignKeys", []).append({"name": name, **key} if name else key)
