"""What is wrong with a text that is no GoogleSQL, in BigQuery's words."""

from __future__ import annotations

import re
from typing import Any

from sqlglot.dialects.bigquery import BigQuery
from sqlglot.errors import ParseError, SqlglotError

from emulator.services.bigquery.sql.errors import SqlError

RESERVED = frozenset(word.lower() for word in BigQuery.Generator.RESERVED_KEYWORDS)
ANSI = re.compile(r"\x1b\[[0-9;]*m")
LEGACY_TABLE = re.compile(r"\[[\w-]+[:.][\w-]+(\.[\w$-]+)?\]")
UNCLOSED = re.compile(r"Missing (.*) from (\d+):(\d+)")
NEEDED = re.compile(r"Expect(?:ed|ing) ([()\[\]])\Z")
UNKNOWN_PIPE = "Unsupported pipe syntax operator"
MIXED = "Different set operations cannot be used in the same query without using parentheses for grouping"
ENDS = ("Required keyword", "Failed to parse any statement")


def syntax_error(error: SqlglotError, sql: str) -> SqlError:
    """The parser's error as one for the user, with the line and column where it shows."""
    hint = " Legacy SQL is not emulated; write `project.dataset.table`." if LEGACY_TABLE.search(sql) else ""
    if isinstance(error, ParseError) and error.errors:
        return SqlError(_unexpected(error.errors[0]) + hint)
    said = ANSI.sub("", str(error)).split("\n", 1)[0] if isinstance(error, ParseError) else _unclosed(error)
    return SqlError(f"Syntax error: {said}{hint}")


def _unclosed(error: SqlglotError) -> str:
    """What the text ends inside of."""
    found = UNCLOSED.match(str(error.__cause__))
    if found is None:
        return "Unclosed comment"
    what = "identifier" if "`" in found[1] else "string"
    return f"Unclosed {what} literal at [{found[2]}:{int(found[3]) + 1}]"


def _unexpected(found: dict[str, Any]) -> str:
    said, word = str(found["description"] or ""), str(found["highlight"] or "")
    column = found["col"] - len(word) + 1  # the parser's is that of the word's end
    if said.startswith("The number of provided arguments"):
        return f"No matching signature: a function has too many arguments at [{found['line']}:{column}]"
    if said == MIXED:
        return f"Syntax error: {said} at [{found['line']}:{column}]"
    if said.startswith(UNKNOWN_PIPE):
        return f"The pipe operator {word.upper()} is not emulated at [{found['line']}:{column}]"
    if _at_end(found, said, word):
        return f"Syntax error: Unexpected end of script at [{found['line']}:{found['col'] + 1}]"
    needed = NEEDED.match(said)
    wrong = f'Expected "{needed[1]}" but got' if needed else "Unexpected"
    return f"Syntax error: {wrong} {described(word)} at [{found['line']}:{column}]"


def _at_end(found: dict[str, Any], said: str, word: str) -> bool:
    """Whether the parser missed what comes after the text, and did not stumble over the last word."""
    if str(found["end_context"] or "").strip() or said.startswith("Invalid expression"):
        return False
    if "but got" in said:
        return "SENTINEL" in said
    return said.startswith(ENDS) or word not in (")", "]")


def described(word: str) -> str:
    """A word of a text as an error names it."""
    if word.lower() in RESERVED:
        return f"keyword {word.upper()}"
    if word.isidentifier():
        return f'identifier "{word}"'
    return f'integer literal "{word}"' if word.isdigit() else f'"{word}"'
