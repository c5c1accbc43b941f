"""`start --text-model`: names that a model finds go from DICOM and FHIR, too; a model that is not there is said."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from emulator.errors import ApiError
from emulator.services.healthcare.deidentify import config
from tests.conftest import StartEmulator
from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.deidentify.test_operations import prepared

SPACY = """
class Entity:
    def __init__(self, start):
        self.start_char, self.end_char, self.label_ = start, start + 5, "PERSON"

class Document:
    def __init__(self, text):
        self.ents = [Entity(text.find("Xyzzy"))] if "Xyzzy" in text else []

def load(name):
    return Document
"""
"""Stands for spaCy: each of its pipelines knows one name."""


def context(model: str) -> Any:
    """As much of a start as is asked for its model."""
    return SimpleNamespace(settings=SimpleNamespace(text_model=model))


def test_names_that_the_model_of_a_start_knows_are_taken(
    start_emulator: StartEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "packages" / "spacy").mkdir(parents=True)
    (tmp_path / "packages" / "spacy" / "__init__.py").write_text(SPACY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))
    emulator = start_emulator("--text-model", str(tmp_path))
    dataset = prepared(emulator)
    patient = {"resourceType": "Basic", "id": "b", "code": {"text": "ask Xyzzy again"}}
    assert emulator.request("PUT", f"/v1/{dataset}/fhirStores/records/fhir/Basic/b", patient)[0] == 201
    given = {"fhirFieldConfig": {"profileType": "CLEAN_ALL"}}
    body = {"destinationStore": f"{dataset}/fhirStores/records-new", "config": given}
    done = transfers.start(emulator, f"{dataset}/fhirStores/records", "deidentify", body, "v1beta1")
    assert transfers.wait(emulator, done)["metadata"]["counter"] == {"success": "2"}
    (found,) = emulator.request("GET", f"/v1/{dataset}/fhirStores/records-new/fhir/Basic")[1]["entry"]
    assert found["resource"]["code"] == {"text": "ask [PERSON_NAME] again"}


def test_a_model_that_is_not_there_is_a_failed_precondition() -> None:
    with pytest.raises(ApiError, match="The model no_such_model") as caught:
        config.require_model(context("no_such_model"))
    assert caught.value.status == "FAILED_PRECONDITION"


def test_a_start_without_a_model_needs_none() -> None:
    assert config.require_model(context("")) == ""
