"""The trees of GoogleSQL text, as the parser gives them."""

from __future__ import annotations

import logging

import sqlglot
from sqlglot import exp

from emulator.services.bigquery.sql.dialect import GoogleSql
from emulator.services.bigquery.sql.escapes import checked_literals
from emulator.services.bigquery.sql.syntax import syntax_error

logging.getLogger("sqlglot").setLevel(logging.ERROR)


def syntax(sql: str) -> list[exp.Expr]:
    """The trees of a query text as the parser gives them. Raises SqlError where it is not GoogleSQL."""
    sql = checked_literals(sql)
    try:
        trees = sqlglot.parse(sql, read=GoogleSql)
    except sqlglot.errors.SqlglotError as error:
        raise syntax_error(error, sql) from None
    return [tree for tree in trees if tree is not None]
