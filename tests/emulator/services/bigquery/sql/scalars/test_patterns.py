"""Groups of regular expressions, of which extraction functions take one at most.

https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_extract, #regexp_instr;
https://github.com/google/re2/wiki/Syntax
"""

import re

import pytest

from emulator.services.bigquery.sql.scalars.errors import ScalarError
from emulator.services.bigquery.sql.scalars.patterns import group_count, place_pattern


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("", 0), ("ab", 0), ("a(b)", 1), (r"a\(b\)", 0), ("[(]", 0), ("[](]", 0), ("[^](](x)", 1), ("(?:a)", 0),
        ("(?i)a", 0), ("(?i:a)", 0), ("(?P<n>a)", 1), ("(?<n>a)", 1), (r"\Q((\E(a)", 1), (r"\Q(", 0),
    ],
)  # fmt: skip
def test_groups(pattern: str, count: int) -> None:
    assert group_count(pattern) == count


@pytest.mark.parametrize("pattern", ["(a)(b)", "((a))", "(a)|(b)"])
def test_more_than_one_group_is_an_error(pattern: str) -> None:
    with pytest.raises(ScalarError, match="must not have more than 1 capturing group"):
        group_count(pattern)


@pytest.mark.parametrize(
    ("pattern", "match", "start", "end"),
    [
        ("a+", "aaa", 0, 3), ("a(a)", "aa", 1, 2), ("a*(a)b?", "aaab", 2, 3), ("(?i)x(Y)z", "XYZ", 1, 2),
        ("(?P<n>a.)b", "aab", 0, 2), ("(a|b)(?:c|d)", "ad", 0, 1), ("()b", "b", 0, 0),
    ],
)  # fmt: skip
def test_places_of_a_group(pattern: str, match: str, start: int, end: int) -> None:
    for after, expected in enumerate((start, end)):
        found = re.match(place_pattern(pattern, after), match)
        assert found is not None
        assert len(found[1]) == expected


@pytest.mark.parametrize("pattern", ["a(b)*", "(?:a(b))", "a|(b)", "(a)|b"])
def test_places_that_are_not_told(pattern: str) -> None:
    with pytest.raises(ScalarError, match="is not emulated"):
        place_pattern(pattern, 0)
