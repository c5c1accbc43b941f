"""Regular expressions that strangers send: matched in time that grows with the text only, as by Google's RE2.

Python's own engine tries every way to match: `(a+)+$`, or a glob with five stars, holds the whole process for hours.
The library that evaluates conditions has an engine that does not; it takes some 25 microseconds a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    from cel import cel

LONGEST = 10_000
FEW = 2
EXTRACTED_FROM = 10_000
"""Characters of a text that `extractor` looks at."""


class Pattern:
    """A regular expression in RE2's syntax. Raises ValueError for one that is none, or too large."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise ValueError(f"it has {len(text)} characters; at most {LONGEST} are allowed")
        self._text = text
        try:
            self.found_in("")
        except RuntimeError as problem:
            said = str(problem).partition(". Check function")[0].rpartition("error: ")[2]
            raise ValueError(" ".join(said.split())[:200] or "it can not be read") from None

    def found_in(self, text: str) -> bool:
        """Whether it matches some part of a text."""
        from cel import cel

        return _program().execute(cel.Context({"text": text, "pattern": self._text})) is True


def whole(text: str, loops: int) -> Callable[[str], bool]:
    """What tells whether a whole text matches an expression with so many `*`, in which `.` is any character.

    With one or two, Python's engine takes no longer than the square of the text, and is the faster one. Raises
    ValueError as Pattern does.
    """
    steady = Pattern(rf"\A(?s:{text})\z")
    if loops > FEW:
        return steady.found_in
    try:
        fast = re.compile(text, re.DOTALL)
    except (re.error, RecursionError):
        return steady.found_in
    return lambda value: fast.fullmatch(value) is not None


@cache
def _program() -> cel.Program:
    from cel import cel

    return cel.compile("text.matches(pattern)")


def extractor(pattern: str) -> Callable[[str], str]:
    """What gives the part of a text that the one group of an expression matches, "" where it does not match.

    By DuckDB's RE2, which the other library has without groups. Raises ValueError for an expression that can't be read.
    """
    import duckdb

    connection = _duckdb().cursor()
    sql = "SELECT regexp_extract(?, ?, 1)"

    def extract(text: str) -> str:
        found = connection.execute(sql, [text[:EXTRACTED_FROM], pattern]).fetchone()
        return str(found[0] or "") if found is not None else ""

    try:
        extract("")
    except duckdb.Error as problem:
        raise ValueError(str(problem).partition("\n")[0][:200]) from None
    return extract


@cache
def _duckdb() -> duckdb.DuckDBPyConnection:
    import duckdb

    return duckdb.connect(config={"enable_external_access": False, "threads": 1})
