"""What words on the command line mean: paths, wildcards, filters."""

from __future__ import annotations

import pytest

from scripts.dicomweb import ResourcePath
from scripts.errors import UsageError
from scripts.selection import is_searchable, outermost, parse_paths


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        (["1"], ["/studies/1"]),
        (["1", "2"], ["/studies/1/series/2"]),
        (["1", "2", "3"], ["/studies/1/series/2/instances/3"]),
        (["studies/1", "/studies/2/series/3/"], ["/studies/1", "/studies/2/series/3"]),
        (["studies/1/series/2/instances/a%2Fb"], ["/studies/1/series/2/instances/a%2Fb"]),
    ],
)
def test_paths(words: list[str], paths: list[str]) -> None:
    assert [str(path) for path in parse_paths(words)] == paths


@pytest.mark.parametrize(
    "words",
    [
        ["1", "2", "3", "4"],
        [""],
        ["1", ""],
        ["1", " "],
        ["studies/1", ""],
        ["studies/1", "2"],
        ["series/1"],
        ["studies/"],
        ["studies/1/series"],
        ["studies/1/instances/2"],
        ["studies/1/series/2/instances/3/frames/4"],
    ],
)
def test_what_is_no_path(words: list[str]) -> None:
    with pytest.raises(UsageError):
        parse_paths(words)


def test_what_lies_below_another_is_left_out() -> None:
    words = ["studies/1/series/2", "studies/1", "studies/3/series/1", "studies/3/series/1/instances/9", "studies/1"]
    assert [str(path) for path in outermost(parse_paths(words))] == ["/studies/1", "/studies/3/series/1"]


def test_level_of_a_path() -> None:
    levels = [path.level for path in (ResourcePath("1"), ResourcePath("1", "2"), ResourcePath("1", "2", "3"))]
    assert levels == ["study", "series", "instance"]


def test_keys_by_level_are_those_that_the_emulator_takes_too() -> None:
    from emulator.services.healthcare.dicom.web.qido import KEYS

    for level, plural in (("study", "studies"), ("series", "series"), ("instance", "instances")):
        for key, tag in KEYS["instance"].items():
            assert is_searchable(key, plural) == is_searchable(tag, plural) == (key in KEYS[level])
    assert not is_searchable("Rows", "instances")
