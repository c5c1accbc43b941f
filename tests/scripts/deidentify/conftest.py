"""A research side for tests of the commands: twins, an export bucket and a crosswalk bucket of their own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.outputs import FhirStoreOutputs, ResearchOutputs
from tests.scripts.conftest import Live

KEY = bytes(range(32))


@dataclasses.dataclass(frozen=True)
class Place:
    """A stack of its own on the shared emulator: its outputs as a file, and a key for it."""

    path: Path
    key: Path
    live: Live
    dicom: str
    research: ResearchOutputs


@pytest.fixture
def place(live: Live, tmp_path: Path, unique: Callable[[str], str]) -> Place:
    """Empty stores with empty twins, and buckets without objects."""
    dataset = live.outputs.dataset_name
    parent, _, _ = dataset.rpartition("/")

    def post(path: str, body: dict[str, object]) -> None:
        status, answer = live.emulator.request("POST", path, body)
        assert status == 200, answer

    names = {kind: unique(kind) for kind in ("dicom", "fhir", "research")}
    twin = f"{parent}/{names['research']}"
    post(f"/v1/{dataset}/dicomStores?dicomStoreId={names['dicom']}", {})
    fhir = {"version": "R4", "enableUpdateCreate": True, "disableReferentialIntegrity": True}
    post(f"/v1/{dataset}/fhirStores?fhirStoreId={names['fhir']}", fhir)
    post(f"/v1/{parent}?datasetId={names['research']}", {})
    post(f"/v1/{twin}/dicomStores?dicomStoreId=dicom", {})
    post(f"/v1/{twin}/fhirStores?fhirStoreId={names['fhir']}", fhir)
    crosswalk = unique("crosswalk")
    export = unique("export")
    for bucket in (crosswalk, export):
        post(f"/storage/v1/b?project={live.outputs.project}", {"name": bucket})
    agent = f"serviceAccount:{live.outputs.healthcare_agent_email}"
    _, policy = live.emulator.request("GET", f"/storage/v1/b/{export}/iam")
    policy["bindings"].append({"role": "roles/storage.objectViewer", "members": [agent]})
    assert live.emulator.request("PUT", f"/storage/v1/b/{export}/iam", policy)[0] == 200
    research = ResearchOutputs(
        dataset_name=twin,
        dicom_store_name=f"{twin}/dicomStores/dicom",
        bucket=export,
        bigquery_dataset="imaging_research",
        topic=live.outputs.dicom_topic,
        subscription=live.outputs.dicom_subscription,
        researcher_email=live.outputs.reader_email,
        steward_email=live.outputs.loader_email,
        fhir_stores={names["fhir"]: f"{twin}/fhirStores/{names['fhir']}"},
        crosswalk_bucket=crosswalk,
    )
    store = f"{dataset}/fhirStores/{names['fhir']}"
    outputs = dataclasses.replace(
        live.outputs,
        dicom_store_name=f"{dataset}/dicomStores/{names['dicom']}",
        export_bucket=export,
        fhir_stores={names["fhir"]: FhirStoreOutputs(store, "R4", "imaging_fhir", streams=False)},
        research=research,
    )
    path, key = tmp_path / "outputs.json", tmp_path / "key"
    path.write_text(outputs.to_json())
    key.write_bytes(KEY)
    return Place(path, key, live, outputs.dicom_store_name, research)
