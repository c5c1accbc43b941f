import copy
import json

import pytest

from emulator.fhir import outcomes, parsing

NUMBERS = (
    *("1.00", "0.0", "-0", "-0.0", "1.0", "-2.50", "0.10", "100.50", "0.5", "98.6", "5", "-7"),
    *("1e3", "1E+3", "1.5e-7", "0.00001"),
    *("3.14159265358979323846", "12345678901234567890123", "123456789012345678", "0.1234567890123456789"),
)


def refusal(raw: bytes) -> str:
    with pytest.raises(outcomes.Refused) as raised:
        parsing.parse(raw)
    assert raised.value.status == 400
    (issue,) = raised.value.issues
    assert (issue.code, issue.text) == ("structure", "unparseable_resource")
    return issue.diagnostics


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("form", ['{"value":%s}', '{ "value" : %s }', '{"value":[1,%s,2]}', '{"é\\u00e9":%s}'])
def test_a_number_keeps_its_digits(number: str, form: str) -> None:
    written = parsing.serialize(parsing.parse((form % number).encode()))
    assert f"{number}" in written.decode().translate(str.maketrans("[]:{}", ",,,,,")).split(",")


def test_a_number_that_keeps_its_digits_is_a_float_too() -> None:
    value = parsing.parse(b'{"value": 1.50}')["value"]
    assert value == 1.5
    assert isinstance(value, float)
    assert str(value) == "1.50"


def test_a_copy_keeps_its_digits() -> None:
    assert parsing.serialize(copy.deepcopy(parsing.parse(b'{"value":1.50}'))) == b'{"value":1.50}'


def test_text_that_looks_like_numbers_comes_back() -> None:
    raw = '{"div":"a [1.00] \\"b\\": 1e3, \\u0022é\\n"}'.encode()
    assert parsing.parse(raw) == json.loads(raw)


def test_keys_keep_their_order_and_are_sorted_on_request() -> None:
    value = parsing.parse(b'{"b": 1.0, "a": [true, null]}')
    assert parsing.serialize(value) == b'{"b":1.0,"a":[true,null]}'
    assert parsing.canonical(value) == b'{"a":[true,null],"b":1.0}'


@pytest.mark.parametrize(
    "raw", ['{"id":"a","id":"b"}', '{"x":[{"é":1,"y":2,"\\u00e9":3}]}', '{"a":"\\u0022","a":"\\u0022\\u0022\\u0022"}']
)
def test_a_key_that_occurs_twice_is_refused(raw: str) -> None:
    assert "occurs twice" in refusal(raw.encode())


def test_a_key_that_says_the_same_twice_counts_once() -> None:
    # googleapis/mcp-toolbox, integration test of Cloud Healthcare: a Patient with the same gender twice is created
    raw = b'{"gender":"male","active":true,"gender":"male","n":[{"a":1.00,"a":1.00}]}'
    value = parsing.parse(raw)
    assert parsing.serialize(value) == b'{"gender":"male","active":true,"n":[{"a":1.00}]}'
    assert "occurs twice" in refusal(b'{"a":1,"a":true}')


def test_the_same_key_in_two_objects_is_none_that_occurs_twice() -> None:
    assert parsing.parse(b'{"a":{"a":1.0},"b":{"a":"\\u00e9"}}') == {"a": {"a": 1.0}, "b": {"a": "é"}}


@pytest.mark.parametrize("raw", [b"", b"{", b'{"a":NaN}', b'{"a":Infinity}', b'{"a":01}', b'{"a":"\\ud800"}', b"{} {}"])
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    assert refusal(raw).startswith("invalid JSON: line 1, column ")


def test_bytes_that_are_no_utf_8_are_refused() -> None:
    assert refusal(b'{"a":"\xff"}') == "invalid JSON: byte 6 is not UTF-8"


@pytest.mark.parametrize("raw", [b"[]", b"1", b"null", b'"text"'])
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    assert refusal(raw) == "invalid JSON: a resource is an object"


@pytest.mark.parametrize("depth", [255, 1_000, 1_025, 100_000])
@pytest.mark.parametrize(("begin", "end"), [('{"a":', "}"), ("[", "]"), ('{"a":1.00,"b":', "}")])
def test_what_is_nested_too_deep_is_refused(depth: int, begin: str, end: str) -> None:
    raw = '{"a":' + begin * depth + "1" + end * depth + "}"
    assert refusal(raw.encode()) == "field exceeded the maximum nesting depth 254"


def test_two_hundred_levels_are_not_too_deep() -> None:
    raw = '{"a":' * 200 + "1.00" + "}" * 200
    assert parsing.serialize(parsing.parse(raw.encode())) == raw.encode()


def test_a_body_over_the_limit_is_refused() -> None:
    raw = b'{"a":"' + b"x" * 92 + b'"}'
    assert parsing.parse(raw, limit=100)
    with pytest.raises(outcomes.Refused) as raised:
        parsing.parse(raw, limit=99)
    assert raised.value.status == 413


def test_the_limits_are_googles() -> None:
    # Cloud Healthcare, quotas and limits: a resource 10 MB, a bundle that is executed 50 MB.
    assert (parsing.MAX_RESOURCE, parsing.MAX_BUNDLE) == (10_485_760, 52_428_800)
