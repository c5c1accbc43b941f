"""Policies from what a person says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.consent import rules
from scripts.consent import policies
from scripts.errors import UsageError


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["purpose=research"], "purpose == 'research'"),
        (["purpose=research,care"], "purpose in ['research', 'care']"),
        (["purpose=research", "purpose=care", "role=a"], "purpose in ['research', 'care'] && role == 'a'"),
        (["purpose=it's"], r"purpose == 'it\'s'"),
    ],
)
def test_a_rule_permits_any_of_the_values_of_each_attribute(words: list[str], rule: str) -> None:
    assert policies.rule(policies.values_of(words, "--request")) == rule


@given(st.text(min_size=1).filter(lambda text: not any(each in text for each in ",\n\r")))
def test_any_value_is_written_so_that_the_store_reads_it(value: str) -> None:
    assert rules.read(policies.rule({"purpose": [value]})).holds({"purpose": value}) is True


def test_what_says_no_attribute_is_refused() -> None:
    for word in ("purpose", "=research", "purpose=", "purpose=a,"):
        with pytest.raises(UsageError, match="write NAME=VALUE"):
            policies.values_of([word], "--request")
    with pytest.raises(UsageError, match="one value of purpose: ask once for each"):
        policies.request_of("research", ["purpose=care"])
