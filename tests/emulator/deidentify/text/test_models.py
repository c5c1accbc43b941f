"""A model that recognises names, beside the rules."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from emulator.deidentify.keys import Secret
from emulator.deidentify.text import Cleaner, Finding, Known, TextRules, models


@dataclass
class Entity:
    start_char: int
    end_char: int
    label_: str


@dataclass
class Document:
    ents: list[Entity]


def pipeline(line: str) -> Document:
    """Stands for a pipeline of spaCy's that knows two words."""
    known = {"Xyzzy": "PERSON", "2019": "DATE"}
    return Document([Entity(line.find(w), line.find(w) + len(w), kind) for w, kind in known.items() if w in line])


def test_a_pipelines_names_are_findings_of_the_whole_text() -> None:
    assert list(models.SpacyModel(pipeline).find("a\nof Xyzzy in 2019\nXyzzy")) == [
        Finding(5, 10, "PERSON_NAME", 0.5),
        Finding(19, 24, "PERSON_NAME", 0.5),
    ]


def test_a_cleaner_takes_what_a_model_finds() -> None:
    class Xyzzy:
        def find(self, text: str) -> Iterator[Finding]:
            yield Finding(text.find("Xyzzy"), text.find("Xyzzy") + 5, "PERSON_NAME", 0.5)

    cleaner = Cleaner(TextRules.basic(), Secret(bytes(32)), Xyzzy())
    assert cleaner.clean("ask Xyzzy again", Known.none(), "").text == "ask [PERSON_NAME] again"


def test_a_model_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_PACKAGES", ("no_such_package",))
    with pytest.raises(models.ModelMissing, match="pip install spacy"):
        models.installed()
