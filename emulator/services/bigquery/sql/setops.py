"""UNION, INTERSECT and EXCEPT: the types that the columns of their operands have in common."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from emulator.services.bigquery.sql.coercion import convert
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import NULL, Kind, Mismatch, is_literal, note, same_shape, supertype
from emulator.services.bigquery.sql.restrictions import check_distinct
from emulator.services.bigquery.sql.scopes import Columns
from emulator.services.bigquery.sql.structs import output_name

NAMES: dict[type[exp.Expr], str] = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}


def merge(query: exp.SetOperation, left: Columns | None, right: Columns | None) -> Columns | None:
    """The columns of a set operation, its operands converted to them.

    None where they cannot be told. Raises SqlError for columns that have no common type, or another number.
    """
    if query.args.get("by_name") and (left is None or right is None):
        raise SqlError("BY NAME of queries whose columns cannot be told is not emulated; name their columns.")
    if left is None or right is None:
        return None
    if query.args.get("by_name"):
        left, right = _by_name(query, left, right)
    name = f"{NAMES[type(query)]} {'DISTINCT' if query.args.get('distinct') else 'ALL'}"
    if len(left) != len(right):
        counts = f"query 1 has {len(left)} columns, query 2 has {len(right)} columns"
        raise SqlError(f"Queries in {name} have mismatched column count; {counts}")
    firm = [literals(side, len(left)) for side in (query.this, query.expression)]
    columns: Columns = []
    for place, ((own, one), (_, other)) in enumerate(zip(left, right, strict=True)):
        try:
            kind = supertype([(one, firm[0][place]), (other, firm[1][place])])
        except Mismatch:
            raise SqlError(f"Column {place + 1} in {name} has incompatible types: {one}, {other}") from None
        columns.append((own, kind))
    if query.args.get("distinct"):
        check_distinct(columns, name)
    for key, before in (("this", left), ("expression", right)):
        if any(not same_shape(kind, new) for (_, kind), (_, new) in zip(before, columns, strict=True)):
            convert_columns(query.args[key], before, [kind for _, kind in columns])
    return columns


def literals(side: exp.Expr, count: int) -> list[bool]:
    """Which columns of a query are literals in all its SELECTs."""
    inner = side.unnest()
    if isinstance(inner, exp.SetOperation):
        first, second = literals(inner.this, count), literals(inner.expression, count)
        return [one and other for one, other in zip(first, second, strict=True)]
    if isinstance(inner, exp.Select) and len(inner.expressions) == count:
        return [is_literal(item.this if isinstance(item, exp.Alias) else item) for item in inner.expressions]
    return [False] * count


def convert_columns(side: exp.Expr, before: Columns, kinds: list[Kind | None]) -> None:
    """Make the columns of a query these types, in each of its SELECTs."""
    inner = side.unnest()
    if isinstance(inner, exp.SetOperation):
        convert_columns(inner.this, before, kinds)
        convert_columns(inner.expression, before, kinds)
        return
    if not isinstance(inner, exp.Select) or inner.args.get("kind"):
        return
    if any(item.is_star for item in inner.expressions) or inner.args.get("distinct"):
        inner = _reorder(inner, before, zip(before, range(len(before)), strict=True))
    for item, kind in zip(list(inner.expressions), kinds, strict=True):
        name, named = output_name(item), isinstance(item, exp.Alias)
        value = item.this if named else item
        new = convert(value, kind)
        if new is not value and named:
            note(item, kind)
        elif new is not value and name:
            new.replace(note(exp.alias_(new.copy(), name, quoted=True), kind))


def _by_name(query: exp.SetOperation, left: Columns, right: Columns) -> tuple[Columns, Columns]:
    """The columns of both operands in one order, which they get; what one lacks is NULL.

    INNER (and CORRESPONDING) keeps the columns of both, LEFT those of the first, FULL all; else they have to be the
    same. Raises SqlError where they are not, and for columns without a name or with the same one.
    https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#by_name_or_corresponding
    """
    what = f"{NAMES[type(query)]} BY NAME"
    sides = []
    for columns in (left, right):
        names = [name.lower() for name, _ in columns]
        if "" in names or len(set(names)) < len(names):
            raise SqlError(f"{what} needs a name of its own for each column")
        sides.append(dict(zip(names, columns, strict=True)))
    mode = str(query.args.get("side") or query.args.get("kind") or "").upper()
    listed = query.args.get("on")
    if listed:
        shown = [column.name.lower() for column in listed]
    elif mode == "INNER":
        shown = [name for name in sides[0] if name in sides[1]]
    else:
        shown = [*sides[0], *(name for name in sides[1] if name not in sides[0] and mode != "LEFT")]
    for name in shown:
        sharing = sum(name in side for side in sides)
        if sharing == 0 or (sharing == 1 and mode not in ("LEFT", "FULL")) or (mode == "LEFT" and name not in sides[0]):
            raise SqlError(f"Column {name} in {what} is not in both queries")
    if not shown:
        raise SqlError(f"{what} has no columns in common")
    for key, columns, side in (("this", left, sides[0]), ("expression", right, sides[1])):
        places = {name: place for place, name in enumerate(side)}
        _reorder(query.args[key], columns, [(side.get(name, (name, NULL)), places.get(name)) for name in shown])
    for key in ("by_name", "side", "kind", "on"):
        query.set(key, None)
    named = [next(side[name][0] for side in sides if name in side) for name in shown]
    first, second = ([(own, side.get(own.lower(), (own, NULL))[1]) for own in named] for side in sides)
    return first, second


def _reorder(
    operand: exp.Expr, columns: Columns, wanted: Iterable[tuple[tuple[str, Kind | None], int | None]]
) -> exp.Select:
    """Make an operand give columns by their places in it, or NULL where a place is None; its own may have no names."""
    inner = [exp.to_identifier(f"bq_{place}", quoted=True) for place in range(len(columns))]
    items = []
    for (name, kind), place in wanted:
        value = note(exp.Null() if place is None else exp.column(inner[place].copy()), kind)
        items.append(note(exp.alias_(value, name, quoted=True), kind) if name else value)
    outer = exp.Select(expressions=items)
    operand.replace(outer)
    alias = exp.TableAlias(this=exp.to_identifier("bq_operand"), columns=inner)
    outer.set("from_", exp.From(this=exp.Subquery(this=operand, alias=alias)))
    return outer
