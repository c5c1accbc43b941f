"""FOR SYSTEM_TIME AS OF: the time that a table is asked of, written into its name as table@milliseconds.

https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#for_system_time_as_of
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from emulator.services.bigquery.names import RoutineName, TableName
from emulator.services.bigquery.sql.catalog import Defaults
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.references import resolve, tables
from emulator.services.bigquery.sql.statements import Statement, copied_table, target_node

Evaluate = Callable[[exp.Expr], int]


def settle(statement: Statement, defaults: Defaults, evaluate: Evaluate) -> None:
    """Give each table of a statement that is asked of a time its name with that time, and say what is read anew.

    evaluate gives the milliseconds since 1970 of a timestamp. Raises SqlError where there can be no such time.
    """
    asked = [table for table in statement.tree.find_all(exp.Table) if table.args.get("version")]
    for table in asked:
        _write(table, evaluate(_moment(table.args["version"])))
    if not asked:
        return
    routines = tuple(item for item in statement.reads if isinstance(item, RoutineName))
    source = copied_table(statement.tree)
    own = target_node(statement.tree) if statement.is_dml else None
    found = [source] if source is not None else [table for table in tables(statement.tree) if table is not own]
    created = statement.tree.this if isinstance(statement.tree, exp.Create) and source is None else None
    statement.reads = (*(resolve(table, defaults) for table in found if table is not created), *routines)


def _moment(version: exp.Version) -> exp.Expr:
    if str(version.args.get("kind")) != "AS OF" or not isinstance(version.expression, exp.Expr):
        raise SqlError("A table is asked of a time by FOR SYSTEM_TIME AS OF.")
    return version.expression


def _write(table: exp.Table, milliseconds: int) -> None:
    if not table.alias and isinstance(table.parent, (exp.From, exp.Join)):
        table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name.rpartition(".")[2], quoted=True)))
    if table.name.endswith("*"):
        raise SqlError("FOR SYSTEM_TIME AS OF of a wildcard table is not emulated.")
    table.set("this", exp.to_identifier(f"{table.name}@{milliseconds}", quoted=True))
    table.set("version", None)


def other_time(name: TableName, known: list[TableName]) -> TableName | None:
    """The same table at the time at which it was looked up, for a statement that was read again since."""
    base, at, _ = name.table.partition("@")
    same = [other for other in known if other.parent == name.parent and other.table.startswith(f"{base}@")]
    return same[0] if at and same else None
