"""HL7v2 stores for tests of the commands, one for each test."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.outputs import Hl7v2StoreOutputs
from tests.scripts.conftest import Live

Unique = Callable[[str], str]


@dataclasses.dataclass(frozen=True)
class Place:
    """An HL7v2 store of its own on the shared emulator: its name, and the outputs of a stack that has it alone."""

    name: str
    path: Path
    live: Live


MakeStore = Callable[..., Place]


@pytest.fixture
def make_store(live: Live, tmp_path_factory: pytest.TempPathFactory, unique: Unique) -> MakeStore:
    """Makes an HL7v2 store: its settings as Google's API has them, parser V3 unless said."""

    def make(**settings: object) -> Place:
        body = {"parserConfig": {"version": "V3"}, **settings}
        store_id = unique("hl7v2")
        parent = live.outputs.dataset_name
        status, answer = live.emulator.request("POST", f"/v1/{parent}/hl7V2Stores?hl7V2StoreId={store_id}", body)
        assert status == 200, answer
        store = Hl7v2StoreOutputs(f"{parent}/hl7V2Stores/{store_id}", "V3")
        path = tmp_path_factory.mktemp("outputs") / "outputs.json"
        path.write_text(dataclasses.replace(live.outputs, hl7v2_stores={store_id: store}).to_json())
        return Place(store.name, path, live)

    return make


@pytest.fixture
def store(make_store: MakeStore) -> Place:
    """An empty store."""
    return make_store()
