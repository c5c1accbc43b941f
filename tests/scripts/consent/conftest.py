"""A consent store and a DICOM store of their own for a test of the commands, on the shared emulator."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.outputs import ConsentStoreOutputs
from tests.emulator.services.healthcare.instances import made
from tests.scripts.conftest import Finished, Live, Run
from tests.scripts.outputs import ATTRIBUTES
from tests.support.patience import PATIENCE

Json = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Desk:
    """Where consents are kept in a test: its stores, and the commands on them."""

    live: Live
    store: str
    dicom: str
    path: Path
    run: Run

    def __call__(self, *words: object) -> Finished:
        """Run `consent` with these words."""
        return self.run("consent", *words, "--outputs", self.path)

    def ok(self, *words: object) -> str:
        """What a command prints that must succeed."""
        ended = self(*words)
        assert ended.code == 0, ended.err
        return ended.out

    def get(self, path: str) -> Json:
        """What the API says of what lies below the consent store."""
        code, answer = self.live.emulator.request("GET", f"/v1/{self.store}{path}")
        assert code == 200, answer
        return dict(answer)

    def store_study(self, uid: str, **attributes: Any) -> None:
        """Put a study of one instance into the DICOM store."""
        import requests

        data = made(StudyInstanceUID=uid, SeriesInstanceUID=f"{uid}.1", SOPInstanceUID=f"{uid}.1.1", **attributes)
        headers = {"Authorization": f"Bearer {self.live.emulator.owner_token}", "Content-Type": "application/dicom"}
        url = f"{self.live.emulator.base_url}/v1/{self.dicom}/dicomWeb/studies"
        answer = requests.post(url, data=data, headers=headers, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text

    def outputs(self, **attributes: Json) -> Path:
        """The outputs of a stack that has these attributes for the store, as a file."""
        stores = {"consents": ConsentStoreOutputs(self.store, json.dumps(attributes))}
        path = self.path.with_name("others.json")
        path.write_text(dataclasses.replace(self.live.outputs, consent_stores=stores).to_json())
        return path


@pytest.fixture
def desk(live: Live, tmp_path: Path, unique: Callable[[str], str], run: Run) -> Desk:
    """Empty stores; the stack has the attributes of stack local."""
    parent = live.outputs.dataset_name
    names = {}
    for collection, parameter in (("consentStores", "consentStoreId"), ("dicomStores", "dicomStoreId")):
        name = unique(collection.lower())
        code, answer = live.emulator.request("POST", f"/v1/{parent}/{collection}?{parameter}={name}", {})
        assert code == 200, answer
        names[collection] = answer["name"]
    path = tmp_path / "outputs.json"
    stores = {"consents": ConsentStoreOutputs(names["consentStores"], json.dumps(ATTRIBUTES))}
    outputs = dataclasses.replace(live.outputs, dicom_store_name=names["dicomStores"], consent_stores=stores)
    path.write_text(outputs.to_json())
    return Desk(live, names["consentStores"], names["dicomStores"], path, run)


@pytest.fixture
def ready(desk: Desk) -> Desk:
    """The same with attributes defined, and a mapped study of each of two patients: 1.2.1 of p1, 1.2.2 of p2."""
    desk.ok("define")
    for number in (1, 2):
        desk.store_study(f"1.2.{number}", PatientID=f"p{number}")
    desk.ok("map")
    return desk
