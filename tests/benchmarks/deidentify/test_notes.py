"""Made-up notes, and how what was found in them is counted."""

import pytest

from benchmarks.deidentify.notes import HELD_OUT, TUNED, Note, Planted, notes
from benchmarks.deidentify.text import basic, score


@pytest.mark.parametrize("of", [TUNED, HELD_OUT])
def test_notes_are_the_same_for_a_seed(of: str) -> None:
    assert notes(20, of, seed=3) == notes(20, of, seed=3) != notes(20, of, seed=4)


@pytest.mark.parametrize("of", [TUNED, HELD_OUT])
def test_what_is_planted_stands_in_the_text(of: str) -> None:
    for note in notes(40, of):
        assert note.planted
        assert "{" not in note.text
        assert all(note.text[each.start : each.end].strip() for each in note.planted)


def test_what_is_left_of_a_value_counts_as_missed() -> None:
    text = "Dr. Peter Wall saw a cyst at Xyzzyville"
    planted = (Planted(4, 14, "PERSON_NAME", "doctor_full"), Planted(29, 39, "LOCATION", "city"))
    result = score(basic(), [Note(text, "made up", planted, ())], known=False)
    assert (result.planted.total(), result.found.total()) == (2, 1)
    assert result.missed == [("LOCATION", "city", "Xyzzyville")]
    assert (result.harmless, result.covered) == (5, 0)


def test_most_of_what_is_planted_is_found() -> None:
    result = score(basic(), notes(60), known=True)
    assert result.recall > 0.95
    assert result.over_redaction < 0.02
