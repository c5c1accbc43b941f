"""Types in statements that change rows: what is put into a column has its type, or becomes it.

https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax
"""

from __future__ import annotations

from sqlglot import exp

from emulator.services.bigquery.sql.coercion import convert, fits
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.inference import Inference, require_bool
from emulator.services.bigquery.sql.kinds import Kind, Mismatch, Typed, note, supertype, typed
from emulator.services.bigquery.sql.record_fields import kind_at, path_of, whole
from emulator.services.bigquery.sql.scopes import Columns, Level, Source
from emulator.services.bigquery.sql.setops import convert_columns, literals

VALUE = "Value has type {own} which cannot be inserted into column {column}, which has type {kind}"
QUERY = "Query column {place} has type {own} which cannot be inserted into column {column}, which has type {kind}"
UPDATE = "Value of type {own} cannot be assigned to {column}, which has type {kind}"


def infer(inference: Inference, tree: exp.Expr, target: Source) -> None:
    """Find the types in INSERT, UPDATE, DELETE or MERGE, and convert what goes into columns. Raises SqlError."""
    columns = target.columns or []
    if isinstance(tree, exp.Insert):
        _insert(inference, tree, columns, [])
        return
    level: Level = [target]
    using = tree.args.get("using")
    start = tree.args.get("from_")
    for node in (using, start.this if start is not None else None):
        if isinstance(node, exp.Expr):
            inference.source(node, level, [])
    for key, clause in (("on", "MERGE ON"), ("where", "WHERE")):
        if isinstance(condition := tree.args.get(key), exp.Expr):
            inference.expression(condition, [level])
            require_bool(condition.this if isinstance(condition, exp.Where) else condition, clause)
    if isinstance(tree, exp.Update):
        _update(inference, tree, columns, level)
    elif isinstance(tree, exp.Merge):
        for when in tree.args["whens"].expressions:
            if (condition := when.args.get("condition")) is not None:
                inference.expression(condition, [level])
            then = when.args["then"]
            if isinstance(then, exp.Update):
                _update(inference, then, columns, level)
            elif isinstance(then, exp.Insert):
                _insert(inference, then, columns, level)


def fill(query: exp.Expr, shown: Columns | None, columns: Columns) -> None:
    """Convert what a query gives to the columns that it goes into. Raises SqlError where it does not fit."""
    if shown is None or len(shown) != len(columns):
        return
    given = zip(shown, literals(query, len(shown)), columns, strict=True)
    for place, ((_, own), literal, (name, kind)) in enumerate(given, 1):
        _check((own, literal), kind, QUERY, place=place, column=name)
    convert_columns(query, shown, [kind for _, kind in columns])


def _insert(inference: Inference, tree: exp.Insert, columns: Columns, level: Level) -> None:
    named = tree.this.expressions if isinstance(tree.this, (exp.Schema, exp.Tuple)) else []
    kinds = {name.lower(): kind for name, kind in columns}
    into = [(item.name, kinds.get(item.name.lower())) for item in named] or columns
    source = tree.expression
    if isinstance(source, exp.Query):
        fill(source, inference.query(source), into)
        return
    rows = source.expressions if isinstance(source, exp.Values) else [source]
    for row in rows:
        if isinstance(row, exp.Tuple):
            for value, (name, kind) in zip(list(row.expressions), into, strict=False):
                inference.expression(value, [level])
                _assign(value, kind, VALUE, name)


def _update(inference: Inference, tree: exp.Update, columns: Columns, level: Level) -> None:
    kinds = {name.lower(): kind for name, kind in columns}
    alias = level[0].name
    records: dict[str, dict[tuple[str, ...], exp.Expr]] = {}
    for assignment in list(tree.expressions):
        inference.expression(assignment.expression, [level])
        column = assignment.this
        name, *path = path_of(column, alias) if isinstance(column, exp.Column) else [column.name]
        kind = kind_at(kinds.get(name.lower()), path, name)
        _assign(assignment.expression, kind, UPDATE, ".".join([name, *path]))
        if path:
            records.setdefault(name.lower(), {})[tuple(part.lower() for part in path)] = assignment.expression
            assignment.pop()
    for name, paths in records.items():
        kind = kinds.get(name)
        if kind is None:
            raise SqlError(f"Column {name} is not present in the table")
        before = note(exp.column(name, table=exp.to_identifier(alias, quoted=True), quoted=True), kind)
        tree.append("expressions", exp.EQ(this=exp.column(name, quoted=True), expression=whole(before, kind, paths)))


def _assign(value: exp.Expr, kind: Kind | None, message: str, column: str) -> None:
    _check(typed(value), kind, message, column=column)
    if not isinstance(value, exp.Null):
        convert(value, kind)


def _check(given: Typed, kind: Kind | None, message: str, **names: object) -> None:
    """Raise SqlError where a value is not taken by a column of that type."""
    if kind is None or given[0] is None:
        return
    try:
        common = supertype([(kind, False), given])
    except Mismatch:
        common = None
        taken = False
    else:
        taken = common is None or fits(common, kind)
    if not taken:
        raise SqlError(message.format(own=given[0], kind=kind, **names))
