"""Common table expressions: which one a name means, names that can mean nothing else, and the end of recursion.

https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#with_clause
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.nodes import call, text

MAX_ITERATIONS = 500  # BigQuery: iterations of a recursive common table expression
ITERATION = "bq_iteration"


def meant(table: exp.Table) -> exp.CTE | None:
    """The common table expression that a table node names, if it names one.

    Inside a WITH clause a name means what stands before it; with RECURSIVE also itself and what comes after it.
    """
    if len(table.parts) != 1 or not isinstance(table.this, exp.Identifier):
        return None
    name = table.name.lower()
    inside: exp.CTE | None = None
    below: exp.Expr = table
    node = table.parent
    while node is not None:
        clause = node.args.get("with_")
        if clause is not None:
            for cte in reversed(_visible(clause, inside if clause is below else None)):
                if cte.alias.lower() == name:
                    return cte
        if isinstance(node, exp.CTE):
            inside = node
        below, node = node, node.parent
    return None


def _visible(clause: exp.With, inside: exp.CTE | None) -> list[exp.CTE]:
    found: list[exp.CTE] = []
    for cte in clause.expressions:
        if cte is inside and not clause.args.get("recursive"):
            break
        found.append(cte)
    return found


def rename(tree: exp.Expr, prefix: str) -> None:
    """Give every common table expression a name of ours, so that no name of the statement reaches the engine."""
    references = [(table, cte) for table in tree.find_all(exp.Table) if (cte := meant(table)) is not None]
    numbered = list(tree.find_all(exp.CTE))
    for cte in numbered:
        _refuse_duplicates(cte)
    for table, cte in references:
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
        table.set("this", exp.to_identifier(f"{prefix}{numbered.index(cte)}", quoted=True))
        table.meta["ours"] = True
    for number, cte in enumerate(numbered):
        if cte.args["alias"].args.get("columns"):
            raise SqlError("Syntax error: a common table expression takes no list of columns.")
        cte.args["alias"].set("this", exp.to_identifier(f"{prefix}{number}", quoted=True))
    for clause in list(tree.find_all(exp.With)):
        if clause.args.get("recursive"):
            _sort(clause, references)
    for cte in numbered:
        own = [table for table, meant_ in references if meant_ is cte]
        if any(_within(table, cte) for table in own):
            _limit(cte, own)


def _sort(clause: exp.With, references: list[tuple[exp.Table, exp.CTE]]) -> None:
    """Put what an expression refers to before it: with RECURSIVE the order is free, but not on the engine."""
    left = list(clause.expressions)
    done: list[exp.CTE] = []
    while left:
        for cte in left:
            others = [other for other in left if other is not cte]
            if not any(meant_ is other and _within(table, cte) for table, meant_ in references for other in others):
                break
        else:
            raise SqlError("Two WITH subqueries refer to each other; a recursive one may refer to itself only")
        left.remove(cte)
        done.append(cte)
    clause.set("expressions", done)


def _refuse_duplicates(cte: exp.CTE) -> None:
    clause = cte.parent
    if clause is not None and sum(other.alias.lower() == cte.alias.lower() for other in clause.expressions) > 1:
        raise SqlError(f"Duplicate alias {cte.alias} for WITH subquery")


def _within(node: exp.Expr, outer: exp.Expr) -> bool:
    return any(ancestor is outer for ancestor in _ancestors(node))


def _ancestors(node: exp.Expr) -> Iterator[exp.Expr]:
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent


def _limit(cte: exp.CTE, references: list[exp.Table]) -> None:
    """Count the iterations of a recursive expression in a column that no reference shows; the 501st is an error."""
    union = cte.this.unnest() if isinstance(cte.this, (exp.Subquery, exp.Paren)) else cte.this
    if not isinstance(union, exp.Union) or union.args.get("distinct"):
        raise SqlError(f"The recursive WITH subquery {references[0].alias} must be a UNION ALL of two terms.")
    name = cte.args["alias"].this
    for table in references:
        star = exp.Star(except_=[exp.to_identifier(ITERATION)])
        source = exp.Table(this=name.copy())
        source.meta["ours"] = True
        inner = exp.Select(expressions=[star], from_=exp.From(this=source))
        hidden = exp.Subquery(this=inner, alias=table.args["alias"].copy())
        for key in ("joins", "pivots", "sample"):
            hidden.set(key, table.args.get(key))
        table.replace(hidden)
    zero = exp.alias_(exp.Literal.number(0), ITERATION)
    base = exp.Select(expressions=[exp.Star(), zero], from_=exp.From(this=_derived(union.this, "bq_base")))
    working = exp.Table(this=name.copy())
    working.meta["ours"] = True
    before = exp.Max(this=exp.column(ITERATION))
    last = exp.Select(expressions=[exp.alias_(before, "n")], from_=exp.From(this=working))
    message = f"A recursive CTE has reached the maximum number of iterations: {MAX_ITERATIONS}."
    reached = exp.GTE(this=exp.column("n", table="bq_last"), expression=exp.Literal.number(MAX_ITERATIONS))
    following = exp.Add(this=exp.column("n", table="bq_last"), expression=exp.Literal.number(1))
    counted = exp.Case(ifs=[exp.If(this=reached, true=call("bq_error", text(message)))], default=following)
    term = exp.Select(
        expressions=[exp.Column(this=exp.Star(), table=exp.to_identifier("bq_term")), exp.alias_(counted, ITERATION)],
        from_=exp.From(this=_derived(union.expression, "bq_term")),
        joins=[exp.Join(this=exp.Subquery(this=last, alias=_named("bq_last")), kind="CROSS")],
    )
    cte.set("this", exp.Union(this=base, expression=term, distinct=False))


def _derived(query: exp.Expr, alias: str) -> exp.Subquery:
    inner = query.unnest() if isinstance(query, exp.Subquery) else query
    return exp.Subquery(this=inner.copy() if inner.parent is None else inner.pop(), alias=_named(alias))


def _named(alias: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(alias))
