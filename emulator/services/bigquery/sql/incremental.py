"""What the query of a materialized view may hold.

https://cloud.google.com/bigquery/docs/materialized-views-create#query_limitations
"""

from __future__ import annotations

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError

NOT_DETERMINISTIC = (
    exp.CurrentDate,
    exp.CurrentDatetime,
    exp.CurrentTime,
    exp.CurrentTimestamp,
    exp.Rand,
    exp.SessionUser,
    exp.Uuid,
)
CLAUSES = {
    "distinct": "SELECT DISTINCT",
    "having": "HAVING",
    "limit": "LIMIT",
    "offset": "OFFSET",
    "order": "ORDER BY",
    "qualify": "QUALIFY",
}


def check(query: exp.Expr, *, whole: bool) -> None:
    """Raise SqlError for what no such view may hold, and unless it is computed as a whole, for what has to be."""
    for node in query.find_all(*NOT_DETERMINISTIC):
        raise _refused(f"the non-deterministic function {node.sql('bigquery').partition('(')[0]}")
    if whole:
        return
    if (operation := query.find(exp.SetOperation)) is not None:
        raise _refused(str(operation.key).upper())
    if query.find(exp.Window) is not None:
        raise _refused("analytic functions")
    for select in query.find_all(exp.Select):
        for clause, words in CLAUSES.items():
            if select.args.get(clause) is not None:
                raise _refused(words)
        for join in select.args.get("joins") or ():
            if join.side in ("LEFT", "RIGHT", "FULL"):
                raise _refused(f"{join.side} OUTER JOIN")
    for subquery in query.find_all(exp.Subquery):
        if not isinstance(subquery.parent, (exp.From, exp.Join)) and isinstance(subquery.parent, exp.Expr):
            raise _refused("subqueries outside of FROM")


def _refused(what: str) -> SqlError:
    return SqlError(f"Materialized view query contains unsupported feature: {what}.")
