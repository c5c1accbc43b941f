"""`value.*` in a SELECT list: the fields of a STRUCT as columns.

https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#select_expression_star
"""

from __future__ import annotations

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import kind_of, note
from emulator.services.bigquery.sql.nodes import call
from emulator.services.bigquery.sql.scopes import Level


def starred(item: exp.Expr, level: Level) -> exp.Expr | None:
    """The value whose fields an item shows; None for columns, `*` and `source.*`, which the engine reads itself."""
    if isinstance(item, exp.Dot) and isinstance(item.expression, exp.Star):
        value: exp.Expr = item.this
        return value
    if not isinstance(item, exp.Column) or not isinstance(item.this, exp.Star) or len(item.parts) < 3:
        return None
    names = [part.copy() for part in item.parts[:-1]]
    path = tuple(name.name.lower() for name in names)
    if any(source.path and source.path[-len(path) :] == path for source in level):
        return None
    name, *before = reversed(names)
    return exp.Column(this=name, **dict(zip(("table", "db", "catalog"), before, strict=False)))


def fields_of(item: exp.Expr, value: exp.Expr) -> list[exp.Expr]:
    """The items that stand for `value.*`, with EXCEPT and REPLACE. Raises SqlError where the value is no STRUCT."""
    kind = kind_of(value)
    if kind is None or kind.name != "STRUCT":
        shown = "this value, whose type cannot be told" if kind is None else f"type {kind}"
        raise SqlError(f"Dot-star is not supported for {shown}")
    star = item.expression if isinstance(item, exp.Dot) else item.this
    hidden = {name.name.lower() for name in star.args.get("except_") or ()}
    other = {new.alias.lower(): new for new in star.args.get("replace") or ()}
    items: list[exp.Expr] = []
    for place, (name, own) in enumerate(kind.fields, 1):
        if name.lower() in other:
            items.append(other[name.lower()].copy())
        elif name.lower() not in hidden:
            field = note(call("struct_extract_at", value.copy(), place), own)
            items.append(note(exp.alias_(field, name, quoted=True), own) if name else field)
    return items
