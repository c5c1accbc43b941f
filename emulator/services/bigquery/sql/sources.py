"""FROM clauses rewritten: UNNEST as BigQuery means it, where the fields of an array's structs are columns.

`UNNEST(records) AS r` becomes a lateral subquery with one column per field, so that `r.x`, plain `x`, `r.*` and `r`
all mean what they do in BigQuery. Whether the elements are structs is asked from DuckDB's own binder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.nodes import call, is_translated, unnest_name
from emulator.services.bigquery.sql.types import Field

Describe = Callable[[str], list[Field]]
ORDINAL = "bq_ordinal"


@dataclass
class Scope:
    """What is visible at a place of a query: common table expressions, and sources from the outside in."""

    ctes: list[exp.CTE] = field(default_factory=list)
    recursive: bool = False
    sources: list[exp.Expr] = field(default_factory=list)

    def inner(self) -> Scope:
        """A scope inside this one."""
        return Scope(list(self.ctes), self.recursive, list(self.sources))


class SourceRewriter:
    """Rewrites every SELECT of one statement, outer ones first. describe gives the schema of a DuckDB SELECT."""

    def __init__(self, describe: Describe) -> None:
        self._describe = describe
        self._count = 0

    def rewrite(self, tree: exp.Expr, outer: Sequence[exp.Expr] = ()) -> None:
        """Change the tree in place; outer are sources that its subqueries may refer to (of UPDATE, MERGE ...)."""
        self._visit(tree, Scope(sources=list(outer)))

    def _visit(self, node: exp.Expr, scope: Scope) -> None:
        if is_translated(node):
            return
        if isinstance(node, exp.Query) and not isinstance(node, (exp.Subquery, exp.Table)):
            self._query(node, scope.inner())
            return
        if isinstance(node, exp.In) and isinstance(node.args.get("unnest"), exp.Unnest):
            self._in_unnest(node)
        for child in list(node.iter_expressions()):
            self._visit(child, scope)

    def _query(self, query: exp.Expr, scope: Scope) -> None:
        clause = query.args.get("with_")
        if clause is not None:
            scope.recursive = scope.recursive or bool(clause.args.get("recursive"))
            for cte in clause.expressions:
                self._cte(cte, scope)
                scope.ctes.append(cte)
        if isinstance(query, exp.Select):
            self._select(query, scope)
            return
        for child in list(query.iter_expressions()):
            if child is not clause:
                self._visit(child, scope)

    def _cte(self, cte: exp.CTE, scope: Scope) -> None:
        """A common table expression; its recursive term sees the columns that its first term gives."""
        if not scope.recursive or not isinstance(cte.this, exp.Union):
            self._visit(cte.this, scope)
            return
        self._visit(cte.this.this, scope)
        inner = scope.inner()
        inner.ctes.append(exp.CTE(this=cte.this.this.copy(), alias=cte.args["alias"].copy()))
        self._visit(cte.this.expression, inner)

    def _select(self, select: exp.Select, scope: Scope) -> None:
        if select.args.get("kind") == "STRUCT" and any(item.is_star for item in select.expressions):
            _struct_of_star(select)
        start = select.args.get("from_")
        done: set[int] = {id(select.args.get("with_"))}
        own = 0
        if start is not None:
            done.add(id(start))
            self._source(start.this, scope, start)
            own += 1
        for join in select.args.get("joins") or ():
            done.add(id(join))
            self._source(join.this, scope, join)
            own += 1
            self._visit_all(join, scope, skip=join.this)
        self._keep_order(select, own)
        _hide_offsets(select)
        for child in list(select.iter_expressions()):
            if id(child) not in done:
                self._visit(child, scope)

    def _visit_all(self, node: exp.Expr, scope: Scope, skip: exp.Expr) -> None:
        for child in list(node.iter_expressions()):
            if child is not skip:
                self._visit(child, scope)

    def _source(self, source: exp.Expr, scope: Scope, parent: exp.Expr) -> None:
        if isinstance(source.unnest() if isinstance(source, exp.Subquery) else source, exp.Values):
            raise SqlError("Syntax error: Unexpected keyword VALUES: a query takes rows from UNNEST([STRUCT(...)])")
        if isinstance(source, exp.Unnest):
            new = self._unnest(source, scope)
            if isinstance(parent, exp.Join):
                new = exp.Lateral(this=exp.Subquery(this=new.this), alias=new.args["alias"])
                parent.set("this", new)
                if parent.side and not parent.args.get("on") and not parent.args.get("using"):
                    parent.set("on", exp.true())
                if not parent.side and not parent.args.get("on") and parent.kind != "CROSS":
                    parent.set("kind", "CROSS")
            else:
                parent.set("this", new)
            source = new
        else:
            self._visit(source, scope)
        scope.sources.append(source)

    def _unnest(self, unnest: exp.Unnest, scope: Scope) -> exp.Expr:
        if len(unnest.expressions) != 1:
            raise SqlError("UNNEST of several arrays at once is not emulated; join them by their offsets.")
        array = unnest.expressions[0]
        self._visit(array, scope)
        element = self._element(array, scope)
        alias = unnest_name(unnest) or self._name()
        columns: list[exp.Expr] = []
        if element["type"] == "RECORD":
            expand = exp.PropertyEQ(this=exp.to_identifier("max_depth"), expression=exp.Literal.number(2))
            columns.append(call("unnest", array.copy(), expand))
        else:
            columns.append(exp.alias_(call("unnest", array.copy()), alias, quoted=True))
        offset = unnest.args.get("offset")
        position = exp.Sub(this=call("generate_subscripts", array.copy(), 1), expression=exp.Literal.number(1))
        if offset:
            name = offset.name if isinstance(offset, exp.Expr) else "offset"
            columns.append(exp.alias_(position, name, quoted=True))
        inner = exp.Select(expressions=columns)
        inner.meta["position"] = position
        inner.meta["offset"] = columns[-1].alias if offset and element["type"] == "RECORD" else ""
        return exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))

    def _element(self, array: exp.Expr, scope: Scope) -> Field:
        """The field that describes the array's elements."""
        for sources in (scope.sources, []):
            select = exp.Select(expressions=[exp.alias_(array.copy(), "element")])
            if sources:
                select.set("from_", exp.From(this=sources[0].copy()))
                select.set("joins", [exp.Join(this=source.copy(), kind="CROSS") for source in sources[1:]])
            if scope.ctes:
                ctes = [cte.copy() for cte in scope.ctes]
                select.set("with_", exp.With(expressions=ctes, recursive=scope.recursive))
            try:
                described = self._describe(select.sql("duckdb"))[0]
            except SqlError as error:
                problem = error
                continue
            if described["mode"] != "REPEATED":
                if described["type"] == "JSON":
                    raise SqlError("UNNEST of JSON is not possible; use JSON_QUERY_ARRAY.")
                kind = described["type"]
                raise SqlError(f"Values referenced in UNNEST must be arrays. UNNEST contains expression of type {kind}")
            return described
        raise problem

    def _in_unnest(self, node: exp.In) -> None:
        """x IN UNNEST(array)."""
        array = node.args["unnest"].expressions[0]
        found = call("list_contains", array.copy(), node.this.copy())
        node.replace(exp.Paren(this=exp.Coalesce(this=found, expressions=[exp.false()])))

    def _keep_order(self, select: exp.Select, sources: int) -> None:
        """ARRAY(SELECT ... FROM UNNEST(a)) keeps the order of a: BigQuery does in practice, a join does not."""
        start = select.args.get("from_")
        plain = not any(select.args.get(part) for part in ("order", "group", "distinct", "having", "windows", "limit"))
        if sources != 1 or not plain or not isinstance(select.parent, exp.Array):
            return
        if start is None or any(select.find_all(exp.AggFunc)) or not isinstance(start.this, exp.Subquery):
            return
        position = start.this.this.meta.get("position")
        if position is None:
            return
        start.this.this.append("expressions", exp.alias_(position.copy(), ORDINAL))
        select.set("order", exp.Order(expressions=[exp.Ordered(this=exp.column(ORDINAL))]))
        if any(isinstance(item, exp.Star) or item.is_star for item in select.expressions):
            for item in select.expressions:
                star = item if isinstance(item, exp.Star) else item.this
                if isinstance(star, exp.Star):
                    star.set("except_", [*(star.args.get("except_") or []), exp.to_identifier(ORDINAL)])

    def _name(self) -> str:
        self._count += 1
        return f"unnest_{self._count}"


def _struct_of_star(select: exp.Select) -> None:
    """SELECT AS STRUCT * ...: the rows of a subquery as structs."""
    inner = select.copy()
    inner.set("kind", None)
    row = exp.to_identifier("bq_row", quoted=True)
    for key in list(select.args):
        select.set(key, None)
    select.set("expressions", [exp.Column(this=row)])
    select.set("from_", exp.From(this=exp.Subquery(this=inner, alias=exp.TableAlias(this=row.copy()))))


def _hide_offsets(select: exp.Select) -> None:
    """`r.*` does not show the offset of UNNEST(...) AS r WITH OFFSET."""
    hidden: dict[str, str] = {}
    start = select.args.get("from_")
    sources = [start.this] if start is not None else []
    for source in [*sources, *(join.this for join in select.args.get("joins") or ())]:
        inner = source.find(exp.Select) if isinstance(source, (exp.Subquery, exp.Lateral)) else None
        if inner is not None and inner.meta.get("offset"):
            hidden[source.alias_or_name.lower()] = inner.meta["offset"]
    for item in select.expressions:
        if isinstance(item, exp.Column) and isinstance(item.this, exp.Star) and item.table.lower() in hidden:
            kept = item.this.args.get("except_") or []
            item.this.set("except_", [*kept, exp.to_identifier(hidden[item.table.lower()], quoted=True)])
