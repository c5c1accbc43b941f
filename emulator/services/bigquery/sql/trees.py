"""The trees of GoogleSQL text, as the parser gives them."""

from __future__ import annotations

import logging

import sqlglot
from sqlglot import exp

from emulator.services.bigquery.sql.dialect import GoogleSql
from emulator.services.bigquery.sql.escapes import checked_literals
from emulator.services.bigquery.sql.special import plain
from emulator.services.bigquery.sql.syntax import syntax_error

logging.getLogger("sqlglot").setLevel(logging.ERROR)


def syntax(sql: str) -> list[exp.Expr]:
    """The trees of a query text as the parser gives them. Raises SqlError where it is not GoogleSQL."""
    sql = checked_literals(sql)
    special = plain(sql)
    sql = special.text
    try:
        trees = sqlglot.parse(sql, read=GoogleSql)
    except sqlglot.errors.SqlglotError as error:
        raise syntax_error(error, sql) from None
    made = [tree for tree in trees if tree is not None]
    if made and special.word:
        made[0].meta["special"] = special
    if made and special.moment:
        _clone_as_of(made[0], special.moment)
    if made and special.options:
        (table,) = syntax(f"CREATE TABLE t (a INT64) {special.options}")
        made[0].set("properties", table.args["properties"])
    return made


def _clone_as_of(tree: exp.Expr, moment: str) -> None:
    """Give the table that CREATE ... CLONE names the time at which it is wanted."""
    (value,) = syntax(f"SELECT {moment}")
    clone = tree.args.get("clone")
    if clone is not None and isinstance(clone.this, exp.Table):
        version = exp.Version(this="TIMESTAMP", expression=value.expressions[0], kind="AS OF")
        clone.this.set("version", version)
