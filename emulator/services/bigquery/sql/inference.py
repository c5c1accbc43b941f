"""Finds the types of a statement's expressions, checks them, and writes out where values become others.

Done on the tree as it was parsed, before any rewriting. What has a type that cannot be told is left as it is.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

from sqlglot import exp

from emulator.services.bigquery.sql import restrictions, signatures, variables
from emulator.services.bigquery.sql.aliases import tell_apart
from emulator.services.bigquery.sql.coercion import align
from emulator.services.bigquery.sql.ctes import meant
from emulator.services.bigquery.sql.dot_star import fields_of, starred
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.expressions import expression_kind
from emulator.services.bigquery.sql.kinds import BIGNUMERIC, INT64, Kind, coerces, kind_of, note, typed
from emulator.services.bigquery.sql.nodes import unnest_name
from emulator.services.bigquery.sql.pivots import pivoted, rename
from emulator.services.bigquery.sql.plans import Variable
from emulator.services.bigquery.sql.scopes import Columns, Level, Source, is_known, meaning, whole
from emulator.services.bigquery.sql.setops import merge
from emulator.services.bigquery.sql.structs import output_name

ColumnsOf = Callable[[exp.Table], Columns | None]
CONDITIONS = ("where", "having", "qualify")


class Inference:
    """One pass over one statement. columns_of gives the columns of a stored table or view, None if unknown."""

    def __init__(self, columns_of: ColumnsOf, named: variables.Named | None = None) -> None:
        self._variables = named or {}
        self._columns_of = columns_of
        self._ctes: dict[int, Columns | None] = {}
        self._waiting: dict[int, list[Level]] = {}

    # Queries
    def query(self, query: exp.Expr, levels: Sequence[Level] = ()) -> Columns | None:
        """Find the types inside a query; gives its columns, or None where they cannot be told. Raises SqlError."""
        outer = list(levels)
        clause = query.args.get("with_")
        if clause is not None:
            self._waiting.update((id(cte), outer) for cte in clause.expressions)
            for cte in clause.expressions:
                self._cte(cte)
        if isinstance(query, exp.Select):
            return self._select(query, outer)
        columns: Columns | None = None
        if isinstance(query, exp.SetOperation):
            first = self.query(query.this, outer)
            cte = query.find_ancestor(exp.CTE, exp.Select)
            if isinstance(cte, exp.CTE) and cte.this.unnest() is query:
                self._ctes.setdefault(id(cte), first)  # what a recursive term sees
            columns = merge(query, first, self.query(query.expression, outer))
        elif isinstance(query, exp.Subquery) and isinstance(query.this, exp.Query):
            columns = self.query(query.this, outer)
        _note_row(query, columns)
        for key in ("order", "limit", "offset"):
            if isinstance(part := query.args.get(key), exp.Expr):
                self.expression(part, [[Source("", columns)], *outer])
        return columns

    def _cte(self, cte: exp.CTE) -> Columns | None:
        if id(cte) in self._waiting:
            columns = self.query(cte.this, self._waiting.pop(id(cte)))
            self._ctes[id(cte)] = columns
        return self._ctes.get(id(cte))

    def _select(self, select: exp.Select, outer: list[Level]) -> Columns | None:
        level: Level = []
        levels = [level, *outer]
        start = select.args.get("from_")
        if start is not None:
            self.source(start.this, level, outer)
        self._joins(select, level, outer)
        columns: Columns | None = []
        self._spread(select, levels)
        for item in select.expressions:
            self.expression(item, levels)
            shown = _shown(item, level)
            columns = None if columns is None or shown is None else columns + shown
        tell_apart(select, levels)
        aliases = Source("", [(name, kind) for name, kind in columns or [] if name])
        for key in ("where", "group", "having", "qualify", "windows", "distinct"):
            for part in _parts(select.args.get(key)):
                self.expression(part, [level, [aliases], *outer])
        for key in ("order", "limit", "offset"):
            for part in _parts(select.args.get(key)):
                self.expression(part, [[aliases], *levels])
        if isinstance(select.args.get("distinct"), exp.Distinct):
            restrictions.check_distinct(columns or [], "SELECT DISTINCT")
        require_window(select)
        for key in CONDITIONS:
            if (condition := select.args.get(key)) is not None:
                require_bool(condition.this, key.upper())
        if select.args.get("kind") == "VALUE" and len(select.expressions) == 1:
            value = kind_of(select.expressions[0])
            note(select, value)
            if value is None or value.name != "STRUCT":
                return None if value is None else [("", value)]
            return list(value.fields)
        _note_row(select, columns)
        return columns

    def _spread(self, select: exp.Select, levels: list[Level]) -> None:
        """Write the fields out that `value.*` shows, where the value is no source and no column by its name alone."""
        items: list[exp.Expr] = []
        for item in select.expressions:
            value = starred(item, levels[0])
            if value is not None:
                self.expression(value, levels)
            items += [item] if value is None else fields_of(item, value)
        if len(items) != len(select.expressions) or any(map(operator.is_not, items, select.expressions)):
            select.set("expressions", items)

    # Sources
    def _joins(self, node: exp.Expr, level: Level, outer: list[Level]) -> None:
        for join in node.args.get("joins") or ():
            self.source(join.this, level, outer)
            if join.args.get("on") is not None:
                self.expression(join.args["on"], [level, *outer])
                require_bool(join.args["on"], "JOIN ON")
            for name in join.args.get("using") or ():
                _check_using(name.name.lower(), level)
                level[-1].merged.add(name.name.lower())

    def source(self, node: exp.Expr, level: Level, outer: list[Level]) -> None:
        """Add a source of a FROM clause to a level; outer are those around it."""
        made = self._made(node, level, outer)
        level.append(self._pivoted(node, made) if node.args.get("pivots") else made)
        if isinstance(node, (exp.Table, exp.Subquery)):
            self._joins(node, level, outer)

    def _pivoted(self, node: exp.Expr, source: Source) -> Source:
        """A source after its PIVOT, renamed as BigQuery has it; the types of the aggregates stay with their copies."""
        pivots = node.args["pivots"]
        name = (pivots[-1].alias or node.alias_or_name).lower()
        if len(pivots) != 1 or source.columns is None or any(not column for column, _ in source.columns):
            return Source(name, None)
        aggregates = [aggregate.copy() for aggregate in pivots[0].expressions]
        for aggregate in aggregates:
            self.expression(aggregate, [[source]])
        columns = pivoted(pivots[0], source.columns, [kind_of(aggregate) for aggregate in aggregates])
        if columns is not None:
            rename(node, pivots[0], columns)
        return Source(name, columns)

    def _made(self, node: exp.Expr, level: Level, outer: list[Level]) -> Source:
        name = node.alias_or_name.lower()
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            cte = meant(node)
            if cte is not None:
                return Source(name, self._cte(cte))
            path = [part.name for part in node.parts]
            last = path[-1].rpartition(".")[2].lower()
            whole_path = tuple(".".join(path).lower().split("."))
            return Source(node.alias.lower() or last, self._columns_of(node), path=() if node.alias else whole_path)
        if isinstance(node, exp.Unnest):
            return self._unnest(node, [level, *outer])
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
            if not isinstance(node.this, exp.Table):
                return Source(node.alias.lower(), self.query(node, outer))
            self.source(node.this, level, outer)
            return level.pop()
        return Source(name, None)

    def _unnest(self, node: exp.Unnest, levels: list[Level]) -> Source:
        for array in node.expressions:
            self.expression(array, levels)
        name = unnest_name(node).lower()
        kind = kind_of(node.expressions[0]) if len(node.expressions) == 1 else None
        if kind is not None and kind.name not in ("ARRAY", "NULL"):
            raise SqlError(f"Values referenced in UNNEST must be arrays. UNNEST contains expression of type {kind}")
        element = kind.element if kind is not None else None
        if element is None:
            return Source(name, None)
        columns: Columns = list(element.fields) if element.name == "STRUCT" else [(name, element)]
        offset = node.args.get("offset")
        if offset:
            columns.append((offset.name if isinstance(offset, exp.Expr) else "offset", INT64))
        return Source(name, columns, element)

    # Expressions
    def expression(self, node: exp.Expr, levels: list[Level]) -> None:
        """Find the types in an expression, innermost first. Raises SqlError for one that cannot be right."""
        if isinstance(node, exp.Query) and not isinstance(node, exp.Table):
            self.query(node, levels)
            return
        if isinstance(node, exp.Table):
            return
        for child in list(node.iter_expressions()):
            self.expression(child, levels)
        if isinstance(node, exp.Column):
            variable = self._variables.get(node.parts[0].name.lower())
            if variable is not None and not is_known([part.name for part in node.parts], levels):
                self._variable(node, variable, levels)
            elif not isinstance(node.this, exp.Star):
                note(node, meaning([part.name for part in node.parts], levels))
            return
        signatures.check(node)
        restrictions.check(node)
        align(node)
        note(node, expression_kind(node))

    def _variable(self, node: exp.Column, variable: Variable, levels: list[Level]) -> None:
        """Put a variable's value in the place of its name."""
        if isinstance(node.this, exp.Star):
            raise SqlError(f"{variable.name}.* of a variable is not emulated; name its fields.")
        value = variables.put(node, variable)
        self.expression(value, levels)
        note(node, kind_of(value))
        if isinstance(value.parent, exp.Alias):
            note(value.parent, kind_of(value))


def require_bool(condition: exp.Expr, clause: str) -> None:
    """Raise SqlError where the condition of a clause is no BOOL."""
    if not coerces(typed(condition), "BOOL"):
        raise SqlError(f"{clause} clause should return type BOOL, but returns {kind_of(condition)}")


def require_window(select: exp.Select) -> None:
    """Raise SqlError for QUALIFY where neither it nor the SELECT list has a window function."""
    qualify = select.args.get("qualify")
    if qualify is not None and not any(item.find(exp.Window) for item in (qualify, *select.expressions)):
        raise SqlError("The QUALIFY clause requires analytic function to be present in it or in the SELECT list")


def _check_using(name: str, level: Level) -> None:
    """Raise SqlError where USING would compare BIGNUMERIC with another number, for which the engine has no cast."""
    kinds = {kind for source in level for own, kind in source.columns or () if own.lower() == name}
    if BIGNUMERIC in kinds and len(kinds) > 1:
        raise SqlError(f"USING({name}) of BIGNUMERIC and another type is not emulated; join ON one = other.")


def _parts(value: object) -> list[exp.Expr]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, exp.Expr)]


def _note_row(query: exp.Expr, columns: Columns | None) -> None:
    """The type of a query's one row where it is used as a value: its one column, or a STRUCT."""
    inner = query.this if isinstance(query, exp.Subquery) else query
    if isinstance(query, exp.Subquery):
        note(query, kind_of(inner))
    elif columns is not None and query.args.get("kind") == "STRUCT":
        note(query, Kind("STRUCT", fields=tuple(columns)))
    elif columns is not None and len(columns) == 1:
        note(query, columns[0][1])


def _shown(item: exp.Expr, level: Level) -> Columns | None:
    """The columns that an item of a SELECT list shows."""
    if not item.is_star:
        return [(output_name(item), kind_of(item))]
    star = item if isinstance(item, exp.Star) else item.this
    if isinstance(item, exp.Star):
        found = _all(level)
    elif isinstance(item, exp.Column):
        path = [part.name.lower() for part in item.parts[:-1]]
        source = next((source for source in level if path == [source.name] or tuple(path) == source.path), None)
        kind = whole(source) if source is not None else meaning(path, [level])
        found = list(kind.fields) if kind is not None and kind.name == "STRUCT" else None
    else:
        kind, star = kind_of(item.this), item.expression
        found = list(kind.fields) if kind is not None and kind.name == "STRUCT" else None
    if found is None or not isinstance(star, exp.Star):
        return None
    hidden = {name.name.lower() for name in star.args.get("except_") or ()}
    other = {new.alias.lower(): kind_of(new) for new in star.args.get("replace") or ()}
    new = {pair.this.name.lower(): pair.alias for pair in star.args.get("rename") or ()}
    shown = [(name, kind) for name, kind in found if name.lower() not in hidden]
    return [(new.get(name.lower(), name), other.get(name.lower(), kind)) for name, kind in shown]


def _all(level: Level) -> Columns | None:
    """The columns of SELECT *."""
    found: Columns = []
    for source in level:
        if source.columns is None:
            return None
        found += [(name, kind) for name, kind in source.columns if name.lower() not in source.merged]
    return found
