"""Which texts of a picture are blackened: findings, the record's own values, what was not read, nothing else."""

import re

import pytest

from emulator.deidentify.image.boxes import Box
from emulator.deidentify.image.rules import ImageRules, Mode
from emulator.deidentify.image.sensitive import rows, sensitive
from emulator.deidentify.keys import Secret
from emulator.deidentify.text import Cleaner, Known, TextRules

CLEANER = Cleaner(TextRules.basic(), Secret(bytes(32)))
RULES = ImageRules(Mode.SENSITIVE)
KNOWN = Known.of([("PERSON_NAME", "Wall^Peter"), ("MEDICAL_RECORD_NUMBER", "0012345")])


def box(text: str, x: int = 0, y: int = 0, score: float = 0.99) -> Box:
    return Box(x, y, 10 * len(text), 20, text, score)


class Expression:
    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)

    def found_in(self, text: str) -> bool:
        return self._pattern.search(text) is not None


def texts(boxes: list[Box], rules: ImageRules = RULES, known: Known = KNOWN) -> set[str]:
    return {each.text for each in sensitive(boxes, rules, CLEANER, known)}


def test_findings_and_known_values_are_blackened_and_settings_are_not() -> None:
    seen = [box("120 kV"), box("PETER WALL", y=30), box("01/02/1960", y=60), box("SUPINE", y=90), box("12345", y=120)]
    assert texts(seen) == {"PETER WALL", "01/02/1960", "12345"}


@pytest.mark.parametrize("misread", ["WA11", "O0I2345", "PETER WAII"])
def test_known_values_are_found_where_letters_and_digits_were_taken_for_each_other(misread: str) -> None:
    known = Known.of([("PERSON_NAME", "WALL^PETER"), ("PERSON_NAME", "WAII"), ("MEDICAL_RECORD_NUMBER", "0012345")])
    assert texts([box(misread)], known=known) == {misread}


def test_what_could_not_be_read_is_blackened() -> None:
    assert texts([box("kV", score=0.3), box("", y=30)]) == {"kV", ""}


def test_an_infotype_that_is_left_out_is_left_alone() -> None:
    rules = ImageRules(Mode.SENSITIVE, exclude=frozenset({"DATE"}))
    assert texts([box("01/02/1960"), box("WALL", y=40)], rules) == {"WALL"}


def test_an_expression_of_one_s_own_is_heard() -> None:
    rules = ImageRules(Mode.SENSITIVE, expressions=(Expression("^ROOM [0-9]+$"),))
    assert texts([box("ROOM 12"), box("ROOM", y=40)], rules) == {"ROOM 12"}


def test_a_row_is_read_from_left_to_right() -> None:
    one, two, far, below = box("Name:", 1), box("ZYX", 60), box("L", 400), box("kV", 0, 40)
    upright = Box(20, 0, 10, 200, "SIDE", 1.0)
    assert rows([two, far, below, one, upright]) == [[below], [one, two], [upright], [far]]
