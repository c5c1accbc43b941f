"""UNPIVOT with its columns in BigQuery's order: the rest, the values, the name.

https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#unpivot_operator; the engine puts the name
before the values.
"""

from __future__ import annotations

from sqlglot import exp


def reorder(tree: exp.Expr) -> None:
    """Wrap each source that is unpivoted into a subquery that gives the columns in their order."""
    for pivot in list(tree.find_all(exp.Pivot)):
        source = pivot.parent
        if not pivot.args.get("unpivot") or source is None or len(source.args["pivots"]) != 1:
            continue
        values = [name.copy() for part in pivot.expressions for name in getattr(part, "expressions", None) or [part]]
        names = [field.this.copy() for field in pivot.args["fields"]]
        alias = pivot.args.get("alias") or source.args.get("alias")
        inner = source.copy()
        inner.args["pivots"][0].set("alias", None)
        inner.set("joins", None)
        rest = exp.Star(except_=[name.copy() for name in (*names, *values)])
        columns = [exp.Column(this=name) for name in (*values, *names)]
        query = exp.Select(expressions=[rest, *columns], from_=exp.From(this=inner))
        wrapped = exp.Subquery(this=query, alias=alias.copy() if alias is not None else None)
        wrapped.set("joins", source.args.get("joins"))
        source.replace(wrapped)
