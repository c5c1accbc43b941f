"""STRUCT constructors with a name for every field: the engine has no STRUCT without names.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#struct_type: (1, 2) is one, too; results show
fields without a name as _field_1, _field_2 ...
"""

from __future__ import annotations

from sqlglot import exp

from emulator.services.bigquery.sql.nodes import put

# Where the parser keeps a list of expressions as a tuple, which is no STRUCT.
LISTS = (exp.Values, exp.Insert, exp.Interval, exp.Any, exp.All, exp.Cube, exp.Rollup, exp.GroupingSets, exp.Group)
ANONYMOUS = "anonymous"


def anonymous_name(place: int) -> str:
    """The name of the field at that place, from 1, which was given none."""
    return f"_field_{place}"


def output_name(item: exp.Expr) -> str:
    """The name of a column of a SELECT list; "" for none."""
    return item.output_name if isinstance(item, (exp.Alias, exp.Column, exp.Dot)) else ""


def name_fields(tree: exp.Expr) -> None:
    """Name all fields of the constructors and types in a statement, in place; those that had no name are marked."""
    for node in list(tree.find_all(exp.Tuple)):
        if not isinstance(node.parent, LISTS) and node.find_ancestor(exp.Pivot) is None:
            items = [_anonymous(item, place) for place, item in enumerate(node.expressions, 1)]
            put(node, exp.Struct(expressions=items))
    for struct in tree.find_all(exp.Struct):
        struct.set("expressions", [_named(item, place) for place, item in enumerate(struct.expressions, 1)])
    for kind in tree.find_all(exp.DataType):
        for place, item in enumerate(list(kind.expressions), 1):
            if kind.this == exp.DType.STRUCT and isinstance(item, exp.DataType):
                named = exp.to_identifier(anonymous_name(place), quoted=True)
                item.replace(_marked(exp.ColumnDef(this=named, kind=item.copy())))
    for select in tree.find_all(exp.Select):
        for place, item in enumerate(list(select.expressions), 1):
            if select.args.get("kind") == "STRUCT" and not item.is_star and not output_name(item):
                item.replace(exp.alias_(item.copy(), anonymous_name(place), quoted=True))


def _named(item: exp.Expr, place: int) -> exp.Expr:
    if isinstance(item, exp.PropertyEQ):
        return item
    name = output_name(item)
    if not name:
        return _anonymous(item, place)
    return exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=item)


def _anonymous(item: exp.Expr, place: int) -> exp.Expr:
    named = exp.to_identifier(anonymous_name(place), quoted=True)
    return _marked(exp.PropertyEQ(this=named, expression=item))


def _marked(item: exp.Expr) -> exp.Expr:
    item.meta[ANONYMOUS] = True
    return item


def field_name(item: exp.Expr) -> str:
    """The name of a field of a constructor or a type; "" where it was given none."""
    return "" if item.meta.get(ANONYMOUS) else str(item.this.name)
