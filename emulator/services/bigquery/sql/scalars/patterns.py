"""What the engine does not tell of regular expressions: their groups.

The patterns are read, never matched, here: a matcher that backtracks could take forever.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from emulator.services.bigquery.sql.scalars.caching import cached
from emulator.services.bigquery.sql.scalars.errors import ScalarError

CAPTURING = re.compile(r"\((?!\?)|\(\?P?<\w+>")
FLAGS = re.compile(r"\(\?[a-zA-Z]+\)")
CLASS_START = re.compile(r"\[\^?\]?")


@cached(1000)
def group_count(pattern: str) -> int:
    """The number of capturing groups, 0 or 1. Raises ScalarError for more.

    https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_extract
    """
    count = sum(bool(CAPTURING.match(pattern, at)) for at, _ in _syntax(pattern))
    if count > 1:
        raise ScalarError(
            "Regular expressions passed into extraction functions must not have more than 1 capturing group"
        )
    return count


@cached(1000)
def place_pattern(pattern: str, after: int) -> str:
    """A pattern for what another one matched, whose first group is all that comes before a place.

    The place is where the other's group begins (after is 0) or ends, or the whole match without a group. Raises
    ScalarError for a group inside another, or among alternatives.
    """
    if not group_count(pattern):
        return "(?s)^(.*)$" if after else "^()"
    flags = FLAGS.match(pattern)
    start = flags.end() if flags else 0
    begin = end = depth = 0
    for at, character in _syntax(pattern):
        if character == "|" and not depth:
            break
        if CAPTURING.match(pattern, at) and not depth:
            begin = at + 1
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == ")" and not depth and begin and not end:
            end = at
    else:
        if end and pattern[end + 1 : end + 2] not in ("*", "+", "?", "{"):
            opening = CAPTURING.match(pattern, begin - 1)
            inner = pattern[opening.end() if opening else begin : end]
            first, rest = pattern[start : begin - 1], pattern[end + 1 :]
            head = f"({first}(?:{inner}))" if after else f"({first})(?:{inner})"
            return f"{pattern[:start]}^{head}(?:{rest})$"
    raise ScalarError(f"The position of the group in the regular expression {pattern} is not emulated")


def _syntax(pattern: str) -> Iterator[tuple[int, str]]:
    """The places and characters of a pattern that are syntax: not escaped, not quoted, not of a class."""
    at, in_class = 0, False
    while at < len(pattern):
        character = pattern[at]
        if pattern.startswith("\\Q", at):
            end = pattern.find("\\E", at)
            at = len(pattern) if end < 0 else end + 2
        elif character == "\\":
            at += 2
        elif in_class:
            in_class = character != "]"
            at += 1
        elif opening := CLASS_START.match(pattern, at):
            in_class = True
            at = opening.end()
        else:
            yield at, character
            at += 1
