"""The step that de-identifies: with the real commands, on films in the place of a cohort's."""

from pathlib import Path

import pytest

from engine.layout import Layout
from scripts.demonstration.children import StepFailed
from scripts.demonstration.places import Places
from scripts.demonstration.steps import Demonstration
from tests.scripts.files import write_films


@pytest.fixture
def demonstration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Demonstration:
    """One that needs no emulator, with two films of a cohort."""
    made = Demonstration(Places(Layout(), folder=tmp_path))
    monkeypatch.setattr(made, "credentials", dict)
    write_films(made.places.results / "cohort", "8123456", 2)
    return made


def test_the_films_of_the_cohort_are_de_identified_and_looked_at(demonstration: Demonstration) -> None:
    demonstration._deidentify()
    assert demonstration.facts["deidentified"]["films"] == 2
    assert demonstration.facts["deidentified"]["values"] > 0
    assert len(list((demonstration.places.results / "deidentified").rglob("*.dcm"))) == 2


def test_what_is_found_stops_the_demonstration(demonstration: Demonstration, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"deidentify": {"deidentified": 2}, "leaks": {"leaks": [{}], "source": {"values": 1}}}
    monkeypatch.setattr(demonstration, "_local", lambda command, *_: answers[command])
    with pytest.raises(StepFailed, match="still tell of the patients"):
        demonstration._deidentify()
