"""What the engine does not tell of regular expressions: their groups."""

from __future__ import annotations

import re

from emulator.services.bigquery.sql.scalars.caching import cached
from emulator.services.bigquery.sql.scalars.errors import ScalarError


@cached(1000)
def group_count(pattern: str) -> int:
    """The number of capturing groups, 0 or 1. Raises ScalarError for more.

    https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_extract
    """
    count, at, in_class = 0, 0, False
    while at < len(pattern):
        character = pattern[at]
        if pattern.startswith("\\Q", at):
            end = pattern.find("\\E", at)
            at = len(pattern) if end < 0 else end
        elif character == "\\":
            at += 1
        elif in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
            at += len(re.match(r"\[\^?\]?", pattern[at:])[0]) - 1  # type: ignore[index]  # it begins with [
        elif character == "(" and (pattern[at + 1 : at + 2] != "?" or re.match(r"\(\?P?<\w", pattern[at:])):
            count += 1
        at += 1
    if count > 1:
        raise ScalarError(
            "Regular expressions passed into extraction functions must not have more than 1 capturing group"
        )
    return count


def group_place(match: str, pattern: str, after: int) -> int:
    """Where the group of a pattern begins in what it matched, or (after is 1) where it ends; the whole without one.

    Raises ScalarError for a pattern with a group that only the engine can read.
    """
    if not group_count(pattern):
        return len(match) if after else 0
    try:
        found = re.fullmatch(pattern, match)
    except re.error:
        found = None
    if found is None:
        raise ScalarError(f"The position of a group in the regular expression {pattern} cannot be told by the emulator")
    return found.end(1) if after else found.start(1)
