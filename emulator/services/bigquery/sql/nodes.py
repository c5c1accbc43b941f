"""Small pieces of syntax trees."""

from __future__ import annotations

import functools
from typing import Any

from sqlglot import exp, parse_one


def call(name: str, *arguments: Any) -> exp.Anonymous:
    """A call of a DuckDB function or of one of our macros; plain Python values become literals."""
    node = exp.Anonymous(this=name, expressions=[exp.convert(argument) for argument in arguments])
    node.meta["ours"] = True
    return node


def cast(value: exp.Expr, kind: str) -> exp.Cast:
    """CAST to a DuckDB type."""
    return exp.Cast(this=value, to=engine_type(kind))


def engine_type(name: str) -> exp.DataType:
    """A DuckDB type."""
    return _parsed_type(name).copy()


@functools.lru_cache(maxsize=1000)  # parsing one takes long
def _parsed_type(name: str) -> exp.DataType:
    return exp.DataType.build(name, dialect="duckdb")


def translated(sql: str) -> exp.Expr:
    """DuckDB text as a tree that no rewriting touches again."""
    tree = parse_one(sql, read="duckdb")
    tree.meta["translated"] = True
    return tree


def unnest_name(unnest: exp.Unnest) -> str:
    """The name that the elements of an array in a FROM clause have there; "" where it gives none."""
    alias = unnest.args.get("alias")
    if alias is None:
        return ""
    return str(alias.columns[0].name if alias.columns else alias.name)


def put(old: exp.Expr, new: exp.Expr) -> None:
    """Replace a node; in a list without numbering all others anew, which takes long in a long one."""
    parent, key, index = old.parent, old.arg_key, old.index
    if parent is None or key is None or index is None:
        old.replace(new)
        return
    parent.args[key][index] = new
    new.parent, new.arg_key, new.index = parent, key, index
    old.parent = old.arg_key = old.index = None


def stored_table(name: str) -> exp.Table:
    """A table of the engine by its full name, which is ours: no name of a statement becomes one."""
    table = exp.to_table(name, dialect="duckdb")
    table.meta["ours"] = True
    return table


def is_translated(node: exp.Expr) -> bool:
    """Whether `translated` made this tree."""
    return bool(node.meta.get("translated"))


def text(value: str) -> exp.Literal:
    """A string."""
    return exp.Literal.string(value)


def at_zone(value: exp.Expr, zone: exp.Expr | None) -> exp.Expr:
    """AT TIME ZONE; UTC where none is given, as in BigQuery."""
    return exp.AtTimeZone(this=exp.Paren(this=value), zone=zone_name(zone))


def zone_name(zone: exp.Expr | None) -> exp.Expr:
    """The name of a zone as the engine takes it: offsets such as +05:30 have another form there."""
    if zone is None:
        return text("UTC")
    return zone if zone.is_string and zone.name[:1] not in ("+", "-") else call("bq_zone", zone)
