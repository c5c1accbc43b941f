"""`--store`: a stack's commands on another DICOM store than its first."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from infra.outputs import DicomStoreOutputs
from tests.scripts.conftest import Live, Run
from tests.scripts.files import small_film


@pytest.fixture
def two_stores(live: Live, tmp_path: Path) -> Path:
    """The outputs of a stack with a second DICOM store, `heart`, as a file."""
    dataset = live.outputs.dataset_name
    status, answer = live.emulator.request("POST", f"/v1/{dataset}/dicomStores?dicomStoreId=heart", {})
    assert status in (200, 409), answer
    second = DicomStoreOutputs(f"{dataset}/dicomStores/heart", "bq://p.imaging.dicom_stream_heart", streams=False)
    path = tmp_path / "two-stores.json"
    path.write_text(dataclasses.replace(live.outputs, dicom_stores={"heart": second}).to_json())
    return path


def found(run: Run, outputs: Path, patient: str, *words: str) -> int:
    answer = run("search", "instances", f"PatientID={patient}", "--json", "--outputs", outputs, *words)
    assert answer.code == 0, answer.err
    return len(json.loads(answer.out))


def test_what_is_stored_in_one_store_is_in_no_other(run: Run, two_stores: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.dcm"
    film.write_bytes(small_film("second-heart", 1))
    stored = run("store", film, "--outputs", two_stores, "--store", "heart")
    assert stored.code == 0, stored.err
    assert found(run, two_stores, "second-heart", "--store", "heart") == 1
    assert found(run, two_stores, "second-heart", "--store", "dicom") == found(run, two_stores, "second-heart") == 0
    path = ["--where", "PatientID=second-heart", "--yes", "--outputs", two_stores, "--store", "heart"]
    assert run("delete", *path).code == 0
    assert found(run, two_stores, "second-heart", "--store", "heart") == 0


def test_a_store_that_is_not_there_is_one_sentence_with_those_that_are(run: Run, two_stores: Path) -> None:
    ended = run("search", "studies", "--outputs", two_stores, "--store", "hart")
    assert ended.code == 2
    assert "has no DICOM store hart: choose one with --store dicom|heart, or add it to" in " ".join(ended.err.split())
