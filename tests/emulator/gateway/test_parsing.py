"""JSON bodies as people write them into curl lines."""

from typing import Any

import pytest

from emulator.gateway.parsing import loads


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # Cloud Healthcare: "Making access determinations", as the shell hands it on.
        (
            "{\n 'dataId' : 'DATA_ID',\n 'requestAttributes': {\n 'requesterIdentity': 'external-researcher'}\n}",
            {"dataId": "DATA_ID", "requestAttributes": {"requesterIdentity": "external-researcher"}},
        ),
        # "Transmitting HL7v2 messages over TCP/IP connections"
        ("{'filter' : 'sendFacility=\"A\"'}", {"filter": 'sendFacility="A"'}),
        ('{name: "a", $b_1 : {c: [true, null, 1.5e3]}}', {"name": "a", "$b_1": {"c": [True, None, 1500.0]}}),
        ('{"a": [1, 2, ], "b": {},\n}', {"a": [1, 2], "b": {}}),
        ("{'it\\'s': 'a \\\\ \\u00e9 \\n, ]'}", {"it's": "a \\ \u00e9 \n, ]"}),
        ("{\"a: 'b',]\": ''}", {"a: 'b',]": ""}),
        ("['a']", ["a"]),
    ],
)
def test_either_quotes_bare_keys_and_a_last_comma_are_read(text: str, value: Any) -> None:
    assert loads(text.encode()) == value


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{'a': b}",
        "{a b: 1}",
        "{'a'}",
        "'a",
        "{\"a': 1}",
        "[,]",
        "{'a': 1,,}",
        "{'a': 'b'c}",
        "{'a': '\\'}",
        "{1: 2}",
    ],
)
def test_what_is_no_json_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(ValueError, match=r"line 1 column \d+"):
        loads(text.encode())


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(ValueError, match=r"line 1 column \d+"):
        loads(b"{'a': '\xff'}")


@pytest.mark.parametrize("unit", ["'", '"\\', "a", " ,", "a ", "\\'", "{a:"])
def test_hostile_texts_take_no_longer_than_their_length(unit: str) -> None:
    """They would take minutes if each place were looked at from each other one."""
    with pytest.raises(ValueError, match="line 1"):
        loads((unit * ((1 << 16) // len(unit))).encode())
