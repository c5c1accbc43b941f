"""What holds for any text: nothing known is left, order and intervals of dates stay, cleaning twice changes nothing."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.deidentify.notes import HELD_OUT, TUNED, notes
from emulator.deidentify.keys import Secret
from emulator.deidentify.text import Cleaner, Known, TextRules
from emulator.deidentify.text.calendar.written import written_dates
from emulator.deidentify.text.folding import words
from emulator.deidentify.text.transformations import Mask, Redact, Replace

SECRET = Secret(bytes(32))
REPLACING = Cleaner(TextRules(Replace()), SECRET)
SHIFTING = Cleaner(TextRules.basic(), SECRET)
BRACKETS = re.compile(r"\[[A-Z_]+\]")

said = st.sampled_from(
    (
        *(
            "Dr. Peter Wall",
            "WALL, PETER J",
            "wall",
            "Mrs. Okonkwo",
            "Her son John",
            "seen by",
            "Boston, MA 02118",
            "[",
        ),
        *("MRN: 00123456", "123-456", "on 3/5/2019", "March 5", "62-year-old", "Mercy Hospital", "[PERSON_NAME]", "]"),
        *("The", "lungs", "are clear", ",", ".", "\n", ":", "(", ")", "name is", "lives in", "a@b.org", "Name:", "5/5"),
        *(
            "[",
            "January 5, 1970",
            "05.01.70",
            "Jan",
            "PATIENT",
            "with",
            "Parkinson disease",
            "12 Main St",
            "and",
            "^",
            "-",
        ),
    )
)
texts = st.lists(st.tuples(said, st.sampled_from((" ", "  ", "\n", ", ")))).map(
    lambda parts: "".join(part for pair in parts for part in pair)
)
KNOWN = Known.of([("PERSON_NAME", "Wall^Peter^James"), ("MEDICAL_RECORD_NUMBER", "00123456"), ("DATE", "19700105")])


@given(texts | st.lists(said).map("-".join))
def test_nothing_known_is_left(text: str) -> None:
    remains = BRACKETS.sub(" ", REPLACING.clean(text, KNOWN, "").text)
    assert {"wall", "peter", "james", "00123456"}.isdisjoint(word.text for word in words(remains))
    assert KNOWN.find(remains) == []


@given(texts)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = REPLACING.clean(text, KNOWN, "").text
    assert REPLACING.clean(once, KNOWN, "").text == once


@pytest.mark.parametrize("of", [TUNED, HELD_OUT])
def test_cleaning_a_note_twice_changes_nothing(of: str) -> None:
    for note in notes(40, of):
        known = Known.of(note.known)
        once = REPLACING.clean(note.text, known, "").text
        assert REPLACING.clean(once, known, "").text == once
        assert known.find(BRACKETS.sub(" ", once)) == []


@given(texts)
def test_findings_are_in_order_and_apart(text: str) -> None:
    findings = REPLACING.find(text, KNOWN)
    ends = [0, *(each.end for each in findings)]
    assert all(end <= each.start < each.end for end, each in zip(ends, findings, strict=False))


@given(texts)
def test_what_is_not_found_stays(text: str) -> None:
    findings = Cleaner(TextRules(Redact()), SECRET).find(text, KNOWN)
    left = "".join(
        text[end:each]
        for end, each in zip([0, *(f.end for f in findings)], [*(f.start for f in findings), len(text)], strict=True)
    )
    assert Cleaner(TextRules(Redact()), SECRET).clean(text, KNOWN, "").text == left
    assert len(Cleaner(TextRules(Mask()), SECRET).clean(text, KNOWN, "").text) == len(text)


days = st.dates(date(1931, 1, 1), date(2029, 12, 31))


@given(st.lists(days, min_size=2, max_size=6), st.text("0123456789", min_size=1))
def test_order_and_intervals_of_a_patients_dates_stay(dates: list[date], patient: str) -> None:
    text = "; ".join(f"seen {each:%B %d, %Y}" for each in dates)
    cleaned = SHIFTING.clean(text, Known.none(), patient).text
    later = [each + timedelta(SECRET.days(patient)) for each in dates]
    assert [each.readings[0] for each in written_dates(cleaned)] == [(d.year, d.month, d.day) for d in later]


@given(texts, st.sampled_from(["a", "b"]))
def test_a_patients_texts_are_cleaned_alike(text: str, patient: str) -> None:
    assert SHIFTING.clean(text, KNOWN, patient) == Cleaner(TextRules.basic(), SECRET).clean(text, KNOWN, patient)


HOSTILE = ("a", "A", "1", "a.", "A ", "1 1 ", "a^", "1.", "a:", "1-", "a@", "Dr. van van ", "one ", "[CTX] ", "0 ", "é")


@pytest.mark.parametrize("part", HOSTILE)
def test_long_texts_are_looked_through_in_time_that_grows_with_them(part: str) -> None:
    """Rules that looked at all of the text from each place of it would take hours for these."""
    text = part * (100_000 // len(part))
    assert SHIFTING.clean(text, KNOWN, "patient").text
