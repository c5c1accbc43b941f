"""Escape sequences of string, bytes and identifier literals, of which the parser takes any; raw bytes spelled out.

https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#escape_sequences
"""

from __future__ import annotations

import re

from emulator.services.bigquery.sql.errors import SqlError

OPENING = re.compile(
    r"(?P<comment>--[^\n]*|\#[^\n]*|/\*.*?\*/)|(?P<prefix>\b[rRbB]{1,2})?(?P<quote>\"\"\"|'''|\"|'|`)", re.DOTALL
)
BODIES = {quote: re.compile(rf"(?:\\.|(?!{quote}).)*+{quote}", re.DOTALL) for quote in ('"""', "'''", '"', "'", "`")}
ESCAPE = re.compile(
    r"\\(?:[abfnrtv\\?\"'`]|[0-3][0-7]{2}|[xX][0-9a-fA-F]{2}|(?P<unicode>u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})"
    r"|(?P<illegal>.))",
    re.DOTALL,
)
RAW = re.compile(r"\\(.)", re.DOTALL)
QUOTING = "\\'\"`"


def checked_literals(sql: str) -> str:
    """The text with rb'...', which the parser does not know, written as b'...'.

    Raises SqlError for an escape sequence that GoogleSQL does not have, such as that of a d outside a raw string.
    """
    at, parts, done = 0, [], 0
    while opening := OPENING.search(sql, at):
        at = opening.end()
        if opening["comment"]:
            continue
        body = BODIES[opening["quote"]].match(sql, at)
        if body is None:
            break  # the parser says so
        prefix = (opening["prefix"] or "").lower()
        if "r" not in prefix:
            _check(sql, at, body.end(), is_bytes="b" in prefix)
        elif "b" in prefix:
            parts += [sql[done : opening.start()], "b", opening["quote"], _escaped(body[0])]
            done = body.end()
        at = body.end()
    return "".join(parts) + sql[done:]


def _escaped(body: str) -> str:
    """The rest of a raw literal as that of one that is not: its backslashes are there, also those before a quote."""
    return RAW.sub(lambda found: "\\\\" + (f"\\{found[1]}" if found[1] in QUOTING else found[1]), body)


def _check(sql: str, start: int, end: int, *, is_bytes: bool) -> None:
    for escape in ESCAPE.finditer(sql, start, end):
        illegal = escape["illegal"] or (escape["unicode"] if is_bytes else None)
        if illegal:
            line = sql.count("\n", 0, escape.start()) + 1
            column = escape.start() - sql.rfind("\n", 0, escape.start())
            raise SqlError(f"Syntax error: Illegal escape sequence: \\{illegal[0]} at [{line}:{column}]")
