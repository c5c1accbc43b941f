"""List filters (AIP-160)."""

import pytest

from emulator.errors import ApiError
from emulator.gateway.filters import Algebra, compile_filter, read

VALUE = {"name": "imaging", "labels": {"env": "dev", "team": "x ray"}, "size": 12, "done": True}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("labels.env=dev", True),
        ('labels.team="x ray" AND size>5', True),
        ("labels.env=prod OR size<=12", True),
        ("NOT labels.env=dev", False),
        ("labels.env!=prod", True),
        ("labels:env", True),
        ("labels.missing:*", False),
        ("(labels.env=prod OR done=true) size=12", True),
        ("name=~^ima", True),
        ("imaging", True),
    ],
)
def test_holds(text: str, wanted: bool) -> None:
    assert compile_filter(text)(VALUE) is wanted


@pytest.mark.parametrize("text", ["a=", "(a=b", "a=b)", "= b", "a=b AND"])
def test_what_cannot_be_read_is_a_400_that_quotes_it(text: str) -> None:
    with pytest.raises(ApiError) as refused:
        compile_filter(text)
    assert text in refused.value.message


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("labels.env=(prod OR dev)", True),
        ("labels.env=(NOT prod)", True),
        ("labels.env=(prod OR test)", False),
        ("-labels.env=prod", True),
        ('name!~"^ima"', False),
    ],
)
def test_groups_of_values_and_negations(text: str, wanted: bool) -> None:
    assert compile_filter(text)(VALUE) is wanted


WORDS: Algebra[str] = Algebra(
    lambda terms: f"({' and '.join(terms)})", lambda terms: f"({' or '.join(terms)})", lambda term: f"not {term}"
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a=1 OR b=2 c<3", "((a = 1 or b = 2) and c < 3)"),
        ("NOT a=1 AND -b:2", "(not a = 1 and not b : 2)"),
        ('labels."x y"="z"', "labels.x y = z"),
        ('labels."x\\"y":*', 'labels.x"y : *'),
        ('Has("1", "b c") AND NOT Has("2")', "(1/b c and not 2)"),
        ('tag("s") = c', "tag(s) = c"),
        ("end.", " end."),
        ("a='x \"y\"' b:'it\\'s'", '(a = x "y" and b : it\'s)'),
        (
            "at >= 2020-01-31T10:20:30.5Z AND at<2021-01-01T00:00:00-05:00",
            "(at >= 2020-01-31T10:20:30.5Z and at < 2021-01-01T00:00:00-05:00)",
        ),
    ],
)
def test_conditions_of_any_kind_are_joined_as_their_service_does(text: str, wanted: str) -> None:
    made = read(
        text,
        WORDS,
        lambda *parts: " ".join(filter(None, parts)) if parts[0] else f" {parts[2]}",
        ("tag",),
        {"Has": "/".join},
    )
    assert made == wanted


@pytest.mark.parametrize("text", ["Has()", 'Has("1"', 'Has("1",)', "Has(1)", 'Has("1" "2")', 'tag("1", "2") = c'])
def test_call_that_cannot_be_read_is_a_400(text: str) -> None:
    with pytest.raises(ApiError) as refused:
        read(text, WORDS, lambda *parts: " ".join(parts), ("tag",), {"Has": "/".join})
    assert refused.value.code == 400


def test_or_binds_tighter_than_and() -> None:
    assert not compile_filter("done=true OR size=1 AND size=2")(VALUE)
    assert compile_filter("size=12 AND size=1 OR done=true")(VALUE)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(.*)*x", "^(([a-z])+.)+[A-Z]$"])
def test_no_pattern_takes_for_ever(pattern: str) -> None:
    """RE2's syntax and its time, as in the Logging query language."""
    assert not compile_filter(f'name=~"{pattern}"')({"name": "a" * 5000 + "!"})
    assert compile_filter('name=~"^a{3}(?i:B)[[:digit:]]$"')({"name": "aaab7"})


@pytest.mark.parametrize("pattern", ["(?=a)", "a{1000}{1000}{1000}", "(" * 300 + ")" * 300, "a" * 10_001])
def test_a_pattern_that_re2_has_not_is_a_400(pattern: str) -> None:
    with pytest.raises(ApiError, match="not a regular expression"):
        compile_filter(f'name=~"{pattern}"')


def test_a_pattern_that_does_not_compile_is_a_400() -> None:
    with pytest.raises(ApiError, match="not a regular expression"):
        compile_filter('name=~"["')
