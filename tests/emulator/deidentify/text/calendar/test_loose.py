"""Dates that can't be moved: spoken ones and holidays."""

import pytest

from emulator.deidentify.text.calendar.loose import found_loose_dates
from emulator.deidentify.text.passage import Passage


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("born january fifth nineteen seventy here", "january fifth nineteen seventy"),
        ("on March twenty-first, two thousand and nine we", "March twenty-first, two thousand and nine"),
        ("the fifth of march twenty nineteen", "the fifth of march twenty nineteen"),
        ("born the twenty-ninth of February 1960 here", "the twenty-ninth of February 1960"),
        ("seen after Thanksgiving", "Thanksgiving"),
        ("on New Year's Day", "New Year's Day"),
        ("4th of July", "4th of July"),
    ],
)
def test_they_are_found(text: str, date: str) -> None:
    assert [text[each.start : each.end] for each in found_loose_dates(Passage(text))] == [date]


@pytest.mark.parametrize("text", ["he may go", "an easter egg", "twenty one"])
def test_other_words_are_left(text: str) -> None:
    assert list(found_loose_dates(Passage(text))) == []
