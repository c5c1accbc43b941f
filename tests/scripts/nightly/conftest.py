"""A stack whose stores, buckets and tables no other test uses, and a nightly run on it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.outputs import Hl7v2StoreOutputs, Outputs
from scripts.nightly.parameters import Parameters
from tests.scripts.deidentify.conftest import Place
from tests.scripts.deidentify.conftest import place as place_fixture

place = place_fixture


@dataclasses.dataclass(frozen=True)
class Night:
    """Parameters of nightly runs, and what they left."""

    parameters: Parameters
    place: Place

    @property
    def outputs(self) -> Outputs:
        """The stack's."""
        return self.parameters.outputs

    def count(self, store: str) -> int:
        """How many instances a store holds."""
        _, found = self.place.live.emulator.request("GET", f"/v1/{store}/dicomWeb/instances")
        return len(found or [])

    def objects(self, bucket: str, prefix: str = "") -> list[str]:
        """The names of a bucket's objects."""
        _, found = self.place.live.emulator.request("GET", f"/storage/v1/b/{bucket}/o?prefix={prefix}")
        return [each["name"] for each in found.get("items", [])]

    def land(self, name: str, content: bytes) -> None:
        """Put a file into the landing bucket, as somebody else would."""
        from google.cloud import storage
        from google.oauth2.credentials import Credentials

        emulator = self.place.live.emulator
        client = storage.Client(
            self.outputs.project,
            Credentials(token=emulator.owner_token),
            client_options={"api_endpoint": emulator.base_url},
        )
        client.bucket(self.outputs.landing_bucket).blob(name).upload_from_string(content)
        client.close()

    def report(self, run: str) -> Any:
        """The report of a run."""
        name = f".nightly%2F{run}.json"
        path = f"/storage/v1/b/{self.outputs.export_bucket}/o/{name}?alt=media"
        status, found = self.place.live.emulator.request("GET", path)
        assert status == 200, found
        return found

    def operations(self) -> list[str]:
        """The operations on the stack's dataset, by the method that began each."""
        _, found = self.place.live.emulator.request("GET", f"/v1/{self.outputs.dataset_name}/operations?pageSize=1000")
        return [each["metadata"]["apiMethodName"].rpartition(".")[2] for each in found["operations"]]


class Killed(BaseException):
    """The process is gone."""


def killing(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """Let a function of a module end the process, once."""
    whole = getattr(module, name)

    def die(*_: Any, **__: Any) -> None:
        monkeypatch.setattr(module, name, whole)
        raise Killed

    monkeypatch.setattr(module, name, die)


@pytest.fixture
def night(place: Place, tmp_path: Path, unique: Callable[[str], str]) -> Night:
    """Runs that export to table and bucket and de-identify; there is no source, and nothing has landed."""
    outputs = Outputs.from_file(place.path)
    landing, dataset = unique("landing"), unique("dataset").replace("-", "_")
    emulator = place.live.emulator
    emulator.request("POST", f"/storage/v1/b?project={outputs.project}", {"name": landing})
    agent = outputs.healthcare_agent_email
    for bucket in (landing, outputs.export_bucket):
        _, policy = emulator.request("GET", f"/storage/v1/b/{bucket}/iam")
        policy["bindings"].append({"role": "roles/storage.objectAdmin", "members": [f"serviceAccount:{agent}"]})
        assert emulator.request("PUT", f"/storage/v1/b/{bucket}/iam", policy)[0] == 200
    access = [{"role": "WRITER", "userByEmail": agent}, {"role": "OWNER", "specialGroup": "projectOwners"}]
    body: dict[str, Any] = {
        "datasetReference": {"datasetId": dataset},
        "location": outputs.bigquery_location,
        "access": access,
    }
    status, answer = emulator.request("POST", f"/bigquery/v2/projects/{outputs.project}/datasets", body)
    assert status == 200, answer
    body["datasetReference"] = {"datasetId": f"{dataset}_fhir"}
    assert emulator.request("POST", f"/bigquery/v2/projects/{outputs.project}/datasets", body)[0] == 200
    hl7v2 = unique("hl7v2")
    path = f"/v1/{outputs.dataset_name}/hl7V2Stores?hl7V2StoreId={hl7v2}"
    assert emulator.request("POST", path, {"parserConfig": {"version": "V3"}})[0] == 200
    outputs = dataclasses.replace(
        outputs,
        landing_bucket=landing,
        bigquery_dataset=dataset,
        dicom_stream_table=None,
        fhir_stores={
            name: dataclasses.replace(store, bigquery_dataset=f"{dataset}_fhir")
            for name, store in outputs.fhir_stores.items()
        },
        hl7v2_stores={hl7v2: Hl7v2StoreOutputs(f"{outputs.dataset_name}/hl7V2Stores/{hl7v2}", "V3")},
    )
    parameters = Parameters(outputs, key=str(place.key), recipe="ps315-headers")
    (tmp_path / "parameters.json").write_text(parameters.to_json())
    return Night(parameters, place)


@pytest.fixture
def parameters_file(night: Night, tmp_path: Path) -> Path:
    """The parameters as a file."""
    file = tmp_path / "parameters.json"
    assert json.loads(file.read_text())["key"] == night.parameters.key
    return file
