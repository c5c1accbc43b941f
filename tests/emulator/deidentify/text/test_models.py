"""A model that recognises names, beside the rules.

What needs spaCy itself is skipped where that is not installed: `pip install spacy` into the environment runs it.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from emulator.deidentify.keys import Secret
from emulator.deidentify.settings import Settings
from emulator.deidentify.text import Cleaner, Finding, Known, TextRules, models
from emulator.deidentify.text.info_types import ALL


@dataclass
class Entity:
    start_char: int
    end_char: int
    label_: str


@dataclass
class Document:
    ents: list[Entity]


def pipeline(line: str) -> Document:
    """Stands for a pipeline of spaCy's that knows four words."""
    known = {"Xyzzy": "PERSON", "2019": "DATE", "Plugh": "HOSPITAL", "77-0": "US_DRIVERS_LICENSE_NUMBER"}
    return Document([Entity(line.find(w), line.find(w) + len(w), kind) for w, kind in known.items() if w in line])


@pytest.fixture
def without_spacy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A place where spaCy is not installed."""
    monkeypatch.setattr(models, "find_spec", lambda _: None)
    models.named.cache_clear()
    yield
    models.named.cache_clear()


@pytest.fixture
def with_spacy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A place where spaCy is installed and loads `pipeline` from any folder but `broken`; what was loaded."""
    loaded: list[str] = []

    def load(name: str) -> Any:
        if name.endswith("broken"):
            raise OSError("[E053] Could not read config file")
        loaded.append(name)
        return pipeline

    module = ModuleType("spacy")
    module.load = load  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "spacy", module)
    monkeypatch.setattr(models, "find_spec", lambda name: object() if name == "spacy" else None)
    models.named.cache_clear()
    yield loaded
    models.named.cache_clear()


def test_a_pipelines_names_are_findings_of_the_whole_text_by_what_labels_stand_for() -> None:
    assert list(models.SpacyModel(pipeline).find("a\nof Xyzzy in 2019\nXyzzy at Plugh 77-0")) == [
        Finding(5, 10, "PERSON_NAME", 0.5),
        Finding(19, 24, "PERSON_NAME", 0.5),
        Finding(28, 33, "ORGANIZATION_NAME", 0.5),
        Finding(34, 38, "US_DRIVERS_LICENSE_NUMBER", 0.5),
    ]


def test_every_label_stands_for_an_info_type_that_there_are_rules_for() -> None:
    assert {info_type for info_type, _ in models.labels().values()} <= ALL
    assert {score for _, score in models.labels().values()} == {0.5}


def test_a_cleaner_takes_what_a_model_finds() -> None:
    cleaner = Cleaner(TextRules.basic(), Secret(bytes(32)), models.SpacyModel(pipeline))
    assert cleaner.clean("ask Xyzzy again", Known.none(), "").text == "ask [PERSON_NAME] again"


def test_settings_that_name_a_model_clean_with_it_and_load_it_once(with_spacy: list[str], tmp_path: Path) -> None:
    settings = Settings(Secret(bytes(32)), text=TextRules.basic(), image_text=TextRules.basic(), model=str(tmp_path))
    for cleaner in (settings.cleaner(), settings.image_cleaner()):
        assert cleaner.clean("ask Xyzzy", Known.none(), "").text == "ask [PERSON_NAME]"
    assert with_spacy == [str(tmp_path)]
    assert Settings(Secret(bytes(32)), text=TextRules.basic()).cleaner().find("ask Xyzzy", Known.none()) == []


@pytest.mark.usefixtures("without_spacy")
def test_without_spacy_a_sentence_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(models.ModelMissing, match=r"spaCy is not installed\. Run `pip install spacy`"):
        models.require(str(tmp_path))


@pytest.mark.usefixtures("with_spacy")
@pytest.mark.parametrize("name", ["no_such_package", "no/such/folder", "a b"])
def test_a_model_that_is_not_there_is_said(name: str) -> None:
    with pytest.raises(models.ModelMissing, match=f"The model {name} is not here"):
        models.require(name)


@pytest.mark.usefixtures("with_spacy")
def test_a_folder_that_is_no_pipeline_is_said(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    with pytest.raises(models.ModelMissing, match="cannot be loaded"):
        models.named(str(tmp_path / "broken"))


def test_a_pipeline_of_spacy_itself_finds_what_it_was_told(tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy")
    made = spacy.blank("en")
    ruler = made.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": "Xyzzy"}, {"label": "GPE", "pattern": "Plover"}])
    made.to_disk(tmp_path / "model")
    cleaner = Settings(Secret(bytes(32)), text=TextRules.basic(), model=str(tmp_path / "model")).cleaner()
    assert cleaner.clean("Xyzzy of Plover", Known.none(), "").text == "[PERSON_NAME] of [LOCATION]"
