"""What a text says by escapes and in base64 is found, and taken out where it stands."""

import base64
import json
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.deidentify.keys import Secret
from emulator.deidentify.text import Cleaner, Known, TextRules
from emulator.deidentify.text.findings import Finding
from emulator.deidentify.text.layers import layers

CLEANER = Cleaner(TextRules.basic(), Secret(bytes(32)))
KNOWN = Known.of([("PERSON_NAME", "Müller^Bartholomew"), ("MEDICAL_RECORD_NUMBER", "84-7712-93")])


def cleaned(text: str) -> str:
    return CLEANER.clean(text, KNOWN, "patient").text


@pytest.mark.parametrize(
    "written",
    [
        "M%C3%BCller",
        "M%FCller",
        "M&uuml;ller",
        "M&#252;ller",
        "M&#xFC;ller",
        json.dumps("Müller").strip('"'),
        "\\X4DC3BC6C6C6572\\",
        "M=C3=BCller",
        "M=FCll=\r\ner",
        "Ｍüｌｌｅｒ",
        base64.b64encode("Müller, Bartholomew".encode()).decode(),
        base64.b64encode(b"of 84771293, on a line that is broken in mail").decode()[:40]
        + "\r\n"
        + base64.b64encode(b"of 84771293, on a line that is broken in mail").decode()[40:],
        base64.b64encode(quote("name=Müller&page=1").encode()).decode(),
    ],
)
def test_a_value_in_another_writing_goes(written: str) -> None:
    left = cleaned(f"pic of {written} here")
    assert re.fullmatch(r"pic of \[\w+\] here", left), left


def test_what_stands_around_an_escape_stays() -> None:
    assert cleaned("https://viewer?q=M%C3%BCller%20Bartholomew&series=2") == "[URL]"
    assert cleaned("q=M%C3%BCller%20Bartholomew&series=2") == "q=[PERSON_NAME]&series=2"


@pytest.mark.parametrize("text", ["50%25 of & all; 3=3D", "electroencephalographically", "\\X\\ &; %zz", "a=\nb"])
def test_texts_that_say_nothing_else_stay(text: str) -> None:
    assert cleaned(text) == text


@given(st.text("%&;#=\\uXx0123456789abcdefABCDEF\n ", max_size=60))
def test_every_finding_of_a_layer_has_a_place(text: str) -> None:
    for layer in layers(text):
        for at in range(len(layer.text)):
            found = layer.outside(Finding(at, at + 1, "PERSON_NAME", 1))
            assert 0 <= found.start < found.end <= len(text)
