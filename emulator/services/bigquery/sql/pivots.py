"""PIVOT: the columns that it gives, named as BigQuery names them.

https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#pivot_operator
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from emulator.services.bigquery.sql.kinds import Kind
from emulator.services.bigquery.sql.scopes import Columns


def pivoted(pivot: exp.Pivot, columns: Columns, kinds: Sequence[Kind | None]) -> Columns | None:
    """The columns of a PIVOT of a source with these columns; kinds are its aggregates' types.

    None where they cannot be told: of UNPIVOT, or of values that are no literals.
    """
    fields = pivot.args.get("fields") or []
    if pivot.args.get("unpivot") or len(fields) != 1 or not isinstance(fields[0], exp.In):
        return None
    names = [_value_name(item) for item in fields[0].expressions]
    if not names or any(name is None for name in names):
        return None
    used = {column.name.lower() for column in pivot.find_all(exp.Column)}
    found = [(name, kind) for name, kind in columns if name.lower() not in used]
    for name in names:
        for aggregate, kind in zip(pivot.expressions, kinds, strict=True):
            found.append((_column_name(aggregate, str(name)), kind))
    return found


def _value_name(item: exp.Expr) -> str | None:
    """The name that a value of the IN list gives to its columns."""
    if isinstance(item, exp.PivotAlias):
        return str(item.args["alias"].name)
    if isinstance(item, exp.Neg) and isinstance(item.this, exp.Literal):
        return f"minus_{_value_name(item.this)}"
    if isinstance(item, exp.Literal):
        return item.name if item.is_string else item.name.replace(".", "_point_")
    if isinstance(item, exp.Boolean):
        return "TRUE" if item.this else "FALSE"
    if isinstance(item, exp.Cast) and item.to.this == exp.DType.DATE and item.this.is_string:
        return str(item.this.name.replace("-", "_"))
    return None


def _column_name(aggregate: exp.Expr, value: str) -> str:
    if isinstance(aggregate, exp.Alias):
        return f"{aggregate.alias}_{value}"
    return f"_{value}" if value[:1].isdigit() else value


def rename(source: exp.Expr, pivot: exp.Pivot, columns: Columns) -> None:
    """Give the columns their names, in place: the pivoted source becomes a subquery with a list of columns."""
    names = [exp.to_identifier(name, quoted=True) for name, _ in columns]
    alias = exp.to_identifier(pivot.alias or source.alias_or_name or "bq_pivot", quoted=True)
    pivot.set("alias", None)
    inner = exp.Select(expressions=[exp.Star()])
    joins = source.args.pop("joins", None)
    outer = exp.Subquery(this=inner, alias=exp.TableAlias(this=alias, columns=names), joins=joins)
    source.replace(outer)
    inner.set("from_", exp.From(this=source))
