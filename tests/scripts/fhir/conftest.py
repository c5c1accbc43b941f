"""FHIR stores for tests of the commands, one for each test."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.outputs import FhirStoreOutputs
from tests.scripts.conftest import Live

Unique = Callable[[str], str]


@dataclasses.dataclass(frozen=True)
class Place:
    """A FHIR store of its own on the shared emulator: its name, and the outputs of a stack that has it alone."""

    name: str
    path: Path
    live: Live


MakeStore = Callable[..., Place]


@pytest.fixture
def make_store(live: Live, tmp_path_factory: pytest.TempPathFactory, unique: Unique) -> MakeStore:
    """Makes a FHIR store: its settings as Google's API has them, R4 with ids of the client's own unless said."""

    def make(**settings: object) -> Place:
        body = {"version": "R4", "enableUpdateCreate": True, **settings}
        store_id = unique("fhir")
        parent = live.outputs.dataset_name
        status, answer = live.emulator.request("POST", f"/v1/{parent}/fhirStores?fhirStoreId={store_id}", body)
        assert status == 200, answer
        store = FhirStoreOutputs(f"{parent}/fhirStores/{store_id}", str(body["version"]), "imaging_fhir", streams=False)
        path = tmp_path_factory.mktemp("outputs") / "outputs.json"
        path.write_text(dataclasses.replace(live.outputs, fhir_stores={store_id: store}).to_json())
        return Place(store.name, path, live)

    return make


@pytest.fixture
def store(make_store: MakeStore) -> Place:
    """An empty store of R4."""
    return make_store()
