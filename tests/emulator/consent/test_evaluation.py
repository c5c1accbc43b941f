"""What policies say of a use, against a plain evaluator; results by name."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.consent import rules
from emulator.consent.evaluation import NO_MATCHING_POLICY, NO_SATISFIED_POLICY, Evaluation, Policy, evaluate
from tests.emulator.consent import plain_consents
from tests.emulator.consent.cases import CASES

Json = dict[str, Any]
RULES = (
    "purpose == 'research'",
    "purpose != 'care'",
    "purpose in ['care'] && role == 'a'",
    "role == 'a' || role == 'b'",
)
VALUES = {"kind": ("image", "report", "video"), "identity": ("open", "hidden")}


def chosen(most: int) -> st.SearchStrategy[dict[str, list[str]]]:
    """Values of some attributes, at most so many of each."""
    each = {
        name: st.lists(st.sampled_from(all_), min_size=1, max_size=most, unique=True) for name, all_ in VALUES.items()
    }
    return st.fixed_dictionaries({}, optional=each)


def in_json(values: dict[str, list[str]]) -> list[Json]:
    return [{"attributeDefinitionId": name, "values": list(found)} for name, found in values.items()]


@settings(max_examples=CASES, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.sampled_from(RULES), chosen(2)), max_size=3),
    chosen(1),
    chosen(1),
    chosen(2),
    st.fixed_dictionaries({}, optional={"purpose": st.sampled_from(("research", "care")), "role": st.just("a")}),
)
def test_policies_say_what_a_plain_evaluator_says(
    said: list[tuple[str, dict[str, list[str]]]],
    mapping: dict[str, list[str]],
    mapping_defaults: dict[str, list[str]],
    policy_defaults: dict[str, list[str]],
    request: dict[str, str],
) -> None:
    policies = [Policy(resources, rules.read(rule)) for rule, resources in said]
    resource = {name: values[0] for name, values in {**mapping_defaults, **mapping}.items()}
    # A policy that names some attributes has the defaults for the others, as if they were written out.
    written = [{**policy_defaults, **resources} if resources else {} for _, resources in said]
    consent = {
        "policies": [
            {"authorizationRule": {"expression": rule}, "resourceAttributes": in_json(resources)}
            for (rule, _), resources in zip(said, written, strict=True)
        ]
    }
    defaults = {name: values[0] for name, values in mapping_defaults.items()}
    expected = plain_consents.says(consent, {"resourceAttributes": in_json(mapping)}, request, defaults)
    assert evaluate(policies, resource, request, policy_defaults).result == expected


def test_that_a_rule_cannot_be_told_is_told() -> None:
    policies = [Policy({}, rules.read("purpose == 'research'")), Policy({"kind": ["x"]}, rules.read("role == 'a'"))]
    assert evaluate(policies, {}, {"purpose": "care"}, {}) == Evaluation(NO_SATISFIED_POLICY)
    assert evaluate(policies, {}, {}, {}) == Evaluation(NO_SATISFIED_POLICY, untold=True)
    assert evaluate(policies[1:], {"kind": "y"}, {}, {}) == Evaluation(NO_MATCHING_POLICY)
