"""Statements about tables and schemas that the parser has no words for, written as ones that it has.

The words that it does not know are blanked out, so that places in errors stay right, and noted in the tree's `meta`.
https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import Token

from emulator.services.bigquery.sql.cursor import tokenized, word_of

GAP = r"(?:\s|--[^\n]*\n|#[^\n]*\n|/\*.*?\*/)"
START = re.compile(
    rf"{GAP}*(?:CREATE{GAP}+(?:OR{GAP}+REPLACE{GAP}+)?|DROP{GAP}+|ALTER{GAP}+)"
    rf"(?P<word>EXTERNAL|SNAPSHOT|MATERIALIZED)?{GAP}*(?P<kind>TABLE|VIEW|SCHEMA)\b",
    re.IGNORECASE | re.DOTALL,
)


COPIES = re.compile(r"\b(?:CLONE|COPY)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Special:
    """A statement in the parser's words: what was left out of it.

    word is EXTERNAL, SNAPSHOT or MATERIALIZED, or what ALTER changes that is no table; columns are those of WITH
    PARTITION COLUMNS, as written (None without that clause); moment is the expression of FOR SYSTEM_TIME AS OF after
    CLONE or COPY, and options what follows.
    """

    text: str
    word: str = ""
    columns: str | None = None
    moment: str = ""
    options: str = ""


def plain(sql: str) -> Special:
    """A text as the parser takes it. Raises SqlError where a literal has no end."""
    begun = START.match(sql)
    if begun is None:
        return Special(sql)
    word = (begun["word"] or "").upper()
    altered = begun["kind"].upper() if "ALTER" in begun[0].upper() else ""
    alters_other = altered in ("VIEW", "SCHEMA")
    if not word and not alters_other and not COPIES.search(sql):
        return Special(sql)
    tokens = tokenized(sql)
    text = sql
    if word and (word != "MATERIALIZED" or alters_other):
        text = _blank(text, *begun.span("word"))
    if alters_other:
        start, end = begun.span("kind")
        text = f"{text[:start]}TABLE{text[end:]}"
        tokens = tokenized(text)
        word = word or altered
    text, columns = _partition_columns(text, tokens)
    text, moment, options = _after_copy(text, tokens)
    return Special(text, word, columns, moment, options)


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]


def _at(tokens: Sequence[Token], *words: str) -> int | None:
    """Where these words stand one after the other outside brackets."""
    found = [word_of(token) for token in tokens]
    depth = 0
    for at, word in enumerate(found):
        depth += (word in ("(", "[")) - (word in (")", "]"))
        if not depth and tuple(found[at : at + len(words)]) == words:
            return at
    return None


def _partition_columns(text: str, tokens: Sequence[Token]) -> tuple[str, str | None]:
    at = _at(tokens, "WITH", "PARTITION", "COLUMNS")
    if at is None:
        return text, None
    end = at + 2
    if len(tokens) > end + 1 and word_of(tokens[end + 1]) == "(":
        depth = 0
        for end in range(at + 3, len(tokens)):
            word = word_of(tokens[end])
            depth += (word == "(") - (word == ")")
            if not depth:
                break
    columns = text[tokens[at + 2].end + 1 : tokens[end].end + 1]
    return _blank(text, tokens[at].start, tokens[end].end + 1), columns


def _after_copy(text: str, tokens: Sequence[Token]) -> tuple[str, str, str]:
    """A text without what follows the table that is cloned or copied: FOR SYSTEM_TIME AS OF, and OPTIONS."""
    if _at(tokens, "CLONE") is None and _at(tokens, "COPY") is None:
        return text, "", ""
    end = len(text.rstrip().rstrip(";"))
    options, at = _at(tokens, "OPTIONS"), _at(tokens, "FOR", "SYSTEM_TIME", "AS", "OF")
    listed = moment = ""
    if options is not None:
        start = tokens[options].start
        text, listed, end = _blank(text, start, end), text[start:end], start
    if at is not None:
        moment = text[tokens[at + 3].end + 1 : end].strip()
        text = _blank(text, tokens[at].start, end)
    return text, moment, listed
