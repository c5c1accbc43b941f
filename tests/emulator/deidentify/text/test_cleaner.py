"""Texts cleaned by rules and by what is known of a person."""

import pytest

from emulator.deidentify.keys import Secret
from emulator.deidentify.text import Cleaner, Known, TextRules
from emulator.deidentify.text.transformations import CryptoHash, DateShift, Mask, Redact, Replace, Transformation

SECRET = Secret(b"k" * 32)
WALL = Known.of([("PERSON_NAME", "Wall^Peter^James"), ("MEDICAL_RECORD_NUMBER", "00123456"), ("DATE", "19700105")])


def cleaned(text: str, known: Known = WALL, rules: TextRules | None = None, context: str = "patient") -> str:
    return Cleaner(rules or TextRules.basic(), SECRET).clean(text, known, context).text


@pytest.mark.parametrize(
    "written", ["Peter Wall", "WALL^PETER", "wall, peter", "Wall", "peter", "Wallpeter", "WALL_PETER"]
)
def test_a_known_name_is_found_in_any_writing(written: str) -> None:
    assert cleaned(f"Film of {written}, upright") == "Film of [PERSON_NAME], upright"


@pytest.mark.parametrize("written", ["00123456", "123456", "123-456", "001 234 56"])
def test_a_known_id_is_found_with_other_separators(written: str) -> None:
    assert cleaned(f"Number {written} again") == "Number [MEDICAL_RECORD_NUMBER] again"


@pytest.mark.parametrize(
    ("transformation", "left"),
    [
        (Redact(), "My name is ."),
        (Replace(), "My name is [PERSON_NAME]."),
        (Mask(), "My name is *****."),
        (Mask("#"), "My name is #####."),
        (CryptoHash(), f"My name is {SECRET.hash('Peter')}."),
        (CryptoHash(Secret(b"o" * 16)), f"My name is {Secret(b'o' * 16).hash('Peter')}."),
    ],
)
def test_a_finding_is_transformed(transformation: Transformation, left: str) -> None:
    """RedactConfig and ReplaceWithInfoTypeConfig give "My name is Jane." as their example."""
    assert cleaned("My name is Peter.", rules=TextRules(transformation)) == left


def test_dates_of_a_patient_move_alike() -> None:
    days = SECRET.days("patient")
    moved = cleaned("2019-03-05", Known.none())
    assert moved == cleaned("Seen 2019-03-05.", Known.none())[5:-1]
    assert days == SECRET.days("patient") != SECRET.days("another")


def test_a_transformation_of_a_type_stands_before_the_default() -> None:
    rules = TextRules(Replace(), {"DATE": DateShift(), "PERSON_NAME": Redact()}, frozenset({"MEDICAL_RECORD_NUMBER"}))
    assert cleaned("Peter 123456 a@b.org", rules=rules) == " 123456 [EMAIL_ADDRESS]"


def test_contextual_values_become_ctx() -> None:
    assert cleaned("Wall of chest", Known.of([("CTX", "Wall")]), TextRules.empty()) == "[CTX] of chest"
