"""The filters of row access policies as a query of the table itself.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_row_access_policy_statement
"""

from __future__ import annotations

from sqlglot import exp

from emulator.services.bigquery.sql.catalog import TableInfo
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.trees import syntax


def query(info: TableInfo, named: frozenset[str]) -> str:
    """A GoogleSQL query of the rows of a table that its filters let through, with these pseudo-columns of it."""
    name = info.name
    shown = ", ".join(["*", *sorted(named)])
    condition = " OR ".join(f"({text})" for text in info.row_filters or ()) or "FALSE"
    return f"SELECT {shown} FROM `{name.project}.{name.dataset}.{name.table}` WHERE {condition}"


def check(predicate: str) -> None:
    """Raise SqlError for a filter that is no condition of a row alone."""
    trees = syntax(f"SELECT ({predicate})")
    if len(trees) != 1 or not isinstance(trees[0], exp.Select) or len(trees[0].expressions) != 1:
        raise SqlError("FILTER USING takes one condition.")
    if trees[0].find(exp.Subquery) is not None or sum(1 for _ in trees[0].find_all(exp.Select)) > 1:
        raise SqlError("Subqueries in the filter of a row access policy are not emulated.")
    if any(trees[0].find_all(exp.AggFunc, exp.Window)):
        raise SqlError("The filter of a row access policy has no aggregate and no analytic functions.")
