"""Known values are found in what was read, though some of it was read wrong; what only looks a little alike is not."""

import pytest

from emulator.deidentify.image.misreading import known_in
from emulator.deidentify.text import Known

VALUES = (
    *(("PERSON_NAME", "KOWALSKI^MARIA"), ("PERSON_NAME", "Li^Wu")),
    *(("MEDICAL_RECORD_NUMBER", "8123456"), ("DATE", "19600229")),
)
KNOWN = Known.of(VALUES)
NAMES = ("KOWALSKINMARIA", "KOWALSKl*MARlA", "K0WA1SKI", "KOWALSKI", "KOVALSKI M", "ROWALSKIMARlA 40", "Maria Kowaski")


def kinds(text: str) -> set[str]:
    return {each.info_type for each in known_in(text, KNOWN)}


@pytest.mark.parametrize("misread", NAMES)
def test_a_name_is_found_though_a_character_was_taken_for_another(misread: str) -> None:
    assert kinds(misread) == {"PERSON_NAME"}


@pytest.mark.parametrize("misread", ["MRN8123456", "MRN B1Z34S6", "8123466", "ID:812 3456"])
def test_so_is_an_id(misread: str) -> None:
    assert "MEDICAL_RECORD_NUMBER" in kinds(misread)


def test_a_date_is_found_with_letters_that_look_like_its_digits() -> None:
    assert "DATE" in kinds("DOB Z9/O2/1960")


@pytest.mark.parametrize("text", ["SUPINE", "120 kV 8123 mAs", "KOWLOON", "L", "", "MARGIN", "LIVER"])
def test_what_looks_only_a_little_alike_is_not(text: str) -> None:
    assert kinds(text) == set()


def test_the_place_is_that_of_the_value_in_the_text_give_or_take_what_may_be_wrong() -> None:
    text = "Name: KOWALSKINMARIA  120 kV"
    found = known_in(text, KNOWN)
    assert {text[each.start : each.end] for each in found} >= {"KOWALSKINMARIA", "KOWALSKI"}
    assert min(each.start for each in found) >= len("Na")
    assert max(each.end for each in found) == len("Name: KOWALSKINMARIA")
