"""Authorization rules (CEL's language definition; Cloud Healthcare: policies.authorizationRule)."""

import pytest
from cel import cel
from hypothesis import given, settings

from emulator.consent import rules
from emulator.consent.errors import InvalidRule
from tests.emulator.consent import plain
from tests.emulator.consent.cases import CASES
from tests.emulator.consent.plain import Tree


@settings(max_examples=CASES, deadline=None, derandomize=True)
@given(plain.trees(), plain.requests())
def test_a_rule_holds_where_its_tree_comes_to_true(tree: Tree, request: dict[str, str]) -> None:
    rule = rules.read(plain.written(tree))
    assert rule.holds(request) is plain.worked_out(tree, request)
    assert rule.attributes == plain.names(tree)


@settings(max_examples=CASES, deadline=None, derandomize=True)
@given(plain.trees(), plain.requests())
def test_a_rule_holds_where_another_engine_of_the_language_says_so(tree: Tree, request: dict[str, str]) -> None:
    text = plain.written(tree)
    try:
        expected = cel.compile(text).execute(cel.Context(dict(request)))
    except RuntimeError:
        expected = None
    found = rules.read(text).holds(request)
    # That engine gives up at an absent attribute on the left, where the language lets the right side decide.
    assert found is expected or (expected is None and plain.names(tree) - request.keys())


@pytest.mark.parametrize(
    ("text", "request_", "holds"),
    [
        ("purpose == 'a' && role == 'b'", {"purpose": "x"}, False),
        ("role == 'b' && purpose == 'a'", {"purpose": "x"}, False),
        ("role == 'b' || purpose == 'a'", {"purpose": "a"}, True),
        ("role == 'b' || purpose == 'a'", {"purpose": "x"}, None),
        ("role == 'b' && purpose == 'a'", {"purpose": "a"}, None),
        ("role != 'b'", {}, None),
        ("purpose in []", {"purpose": "a"}, False),
        ("purpose in ['a', 'b',]", {"purpose": "b"}, True),
        ("// who\npurpose == 'a' // why", {"purpose": "a"}, True),
        (r"purpose == '\u00fc\x41\101\n\'\U0001F642'", {"purpose": "üAA\n'🙂"}, True),
        ("purpose == 'a' || role == 'b' && role == 'c'", {"purpose": "a", "role": "x"}, True),
        ("(purpose == 'a' || role == 'b') && role == 'c'", {"purpose": "a", "role": "x"}, False),
    ],
)
def test_what_rules_say(text: str, request_: dict[str, str], holds: bool | None) -> None:
    assert rules.read(text).holds(request_) is holds


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "it ends where an attribute or a text should follow"),
        ("purpose", "it ends where a comparison should follow"),
        ("purpose ==", "it ends where an attribute or a text should follow"),
        ("purpose == 'a' &&", "it ends where an attribute or a text should follow"),
        ("!(purpose == 'a')", "'!' at character 1 cannot be read: rules have no negation"),
        ("purpose == 1", "'1' at character 12 cannot be read: a rule compares request attributes with texts"),
        ("purpose = 'a'", "'=' at character 9 cannot be read"),
        ("purpose == 'a", "the text that begins there has no end"),
        ("purpose == r'a'", "'r' at character 12 cannot be read"),
        ("request.purpose == 'a'", "'.' at character 8 cannot be read"),
        ("size(purpose) == 'a'", '"(" at character 5 is no comparison: these are ==, !=, <, <=, >, >=, in'),
        ("true", '"true" at character 1 is neither a request attribute nor a text'),
        ("purpose IN ['a']", '"IN" at character 9 is no comparison'),
        ("purpose in 'a'", "the text at character 12 stands where a list of texts should"),
        ("purpose in ['a' 'b']", "the text at character 17 stands where a comma or ] should"),
        ("purpose in ['a'", "it ends where ] or , should follow"),
        ("(purpose == 'a'", "it ends where a closing parenthesis should follow"),
        ("(purpose == 'a']", '"]" at character 16 stands where a ) should'),
        ("purpose == 'a' purpose == 'b'", '"purpose" at character 16 is not expected there'),
        ("purpose == 'a' == 'b'", '"==" at character 16 is not expected there'),
        (r"purpose == '\q'", r"\q is no escape of a character"),
        (r"purpose == '\ud800'", r"\ud800 is no escape of a character"),
        (" && ".join(["purpose == 'a'"] * 12), "it has more than 10 logical operators"),
        ("(" * 51 + "purpose == 'a'" + ")" * 51, "it has more than 50 parentheses inside each other"),
        ("purpose == '" + "a" * 10_000 + "'", "it has 10013 characters; at most 10000 are allowed"),
    ],
)
def test_what_is_no_rule_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InvalidRule) as refused:
        rules.read(text)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_ten_logical_operators_are_not_too_many() -> None:
    assert rules.read(" || ".join(["purpose == 'a'"] * 11)).holds({"purpose": "a"}) is True
