"""Healthcare datasets and stores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from emulator.provider.values import UNKNOWN
from tests.emulator.provider.engine import Engine, RefusedError
from tests.support.emulator import RunningEmulator

DATASET = "gcp:healthcare/dataset:Dataset"
Unique = Callable[[str], str]


@pytest.fixture
def dataset(emulator: RunningEmulator, unique: Unique) -> str:
    """The full name of a fresh dataset."""
    parent, name = f"projects/{emulator.project}/locations/us-central1", unique("stores")
    status, _ = emulator.request("POST", f"/v1/{parent}/datasets?datasetId={name}", {})
    assert status == 200
    return f"{parent}/datasets/{name}"


@pytest.fixture
def topic(emulator: RunningEmulator, engine: Engine, unique: Unique) -> str:
    """The full name of a topic that the healthcare agent may publish to."""
    name = f"projects/{emulator.project}/topics/{unique('events')}"
    emulator.request("PUT", f"/v1/{name}", {})
    engine.up(name, "gcp:projects/serviceIdentity:ServiceIdentity", {"service": "healthcare.googleapis.com"})
    agent = engine.state[name].outputs["member"]
    engine.up(
        "grant",
        "gcp:pubsub/topicIAMMember:TopicIAMMember",
        {"topic": name, "role": "roles/pubsub.publisher", "member": agent},
    )
    return name


def settled(engine: Engine, name: str, inputs: dict[str, Any]) -> None:
    """Declared again, and read back, a resource shows no difference."""
    assert engine.diff(name, inputs).details == {}
    difference = engine.refresh(name)
    assert difference is not None
    assert difference.details == {}


def test_dataset(engine: Engine, emulator: RunningEmulator, unique: Unique) -> None:
    inputs = {"name": unique("dataset"), "location": "us-central1"}
    planned = engine.preview("d", DATASET, inputs)
    assert planned["timeZone"] is UNKNOWN
    assert planned["project"] == emulator.project
    assert engine.up("d", DATASET, inputs) == "create"
    kept = engine.state["d"]
    assert kept.id == f"projects/{emulator.project}/locations/us-central1/datasets/{inputs['name']}"
    assert kept.outputs["selfLink"] == kept.id
    assert kept.outputs["name"] == inputs["name"]
    settled(engine, "d", inputs)
    assert engine.up("d", DATASET, {**inputs, "timeZone": "Europe/Berlin"}) == "update"
    assert engine.state["d"].outputs["timeZone"] == "Europe/Berlin"
    moved = engine.diff("d", {**inputs, "location": "europe-west4"})
    assert moved.replaces == ["location"]
    assert not moved.delete_first
    for resource_id in (kept.id, f"{emulator.project}/us-central1/{inputs['name']}", f"us-central1/{inputs['name']}"):
        imported = engine.import_("i", DATASET, resource_id)
        assert imported is not None
        assert imported.id == kept.id
        assert engine.diff("i", {**inputs, "timeZone": "Europe/Berlin"}).details == {}
    engine.delete("d")
    engine.delete("i")


def test_dicom_store(engine: Engine, emulator: RunningEmulator, dataset: str, topic: str) -> None:
    token = "gcp:healthcare/dicomStore:DicomStore"
    inputs = {
        "name": "xrays",
        "dataset": dataset,
        "labels": {"a": "1"},
        "notificationConfig": {"pubsubTopic": topic, "sendForBulkImport": True},
    }
    engine.up("s", token, inputs)
    settled(engine, "s", inputs)
    _, live = emulator.request("GET", f"/v1/{dataset}/dicomStores/xrays")
    assert live["labels"] == {"a": "1", "goog-pulumi-provisioned": "true"}
    changed = {**inputs, "labels": {"b": "2"}, "notificationConfig": {"pubsubTopic": topic}}
    assert engine.diff("s", changed).details == {
        "labels.a": "delete",
        "labels.b": "add",
        "notificationConfig.sendForBulkImport": "delete",
    }
    assert engine.up("s", token, changed) == "update"
    _, live = emulator.request("GET", f"/v1/{dataset}/dicomStores/xrays")
    assert live["labels"] == {"b": "2", "goog-pulumi-provisioned": "true"}
    assert not live["notificationConfig"].get("sendForBulkImport")
    without = {"name": "xrays", "dataset": dataset, "labels": {"b": "2"}}
    assert engine.diff("s", without).details == {"notificationConfig": "delete"}
    assert engine.up("s", token, without) == "update"
    settled(engine, "s", without)
    assert engine.diff("s", {**without, "dataset": UNKNOWN}).details == {"dataset": "update_replace"}
    engine.delete("s")


def test_a_store_deleted_by_others_is_gone(engine: Engine, emulator: RunningEmulator, dataset: str) -> None:
    token = "gcp:healthcare/dicomStore:DicomStore"
    inputs = {"name": "gone", "dataset": dataset}
    engine.up("s", token, inputs)
    kept = engine.state["s"]
    emulator.request("DELETE", f"/v1/{dataset}/dicomStores/gone")
    assert engine.refresh("s") is None
    engine.state["s"] = kept
    engine.delete("s")


def test_fhir_store(engine: Engine, dataset: str, topic: str) -> None:
    token = "gcp:healthcare/fhirStore:FhirStore"
    inputs = {
        "name": "fhir",
        "dataset": dataset,
        "version": "R4",
        "enableUpdateCreate": True,
        "labels": {"a": "1"},
        "notificationConfigs": [{"pubsubTopic": topic, "sendFullResource": True}],
    }
    engine.up("s", token, inputs)
    settled(engine, "s", inputs)
    assert engine.up("s", token, {**inputs, "enableUpdateCreate": False}) == "update"
    assert engine.diff("s", {**inputs, "version": "STU3"}).replaces == ["version"]
    assert engine.diff("s", {**inputs, "disableReferentialIntegrity": True}).delete_first
    engine.delete("s")


def test_everything_that_a_fhir_store_is_set_to_comes_back(
    engine: Engine, emulator: RunningEmulator, dataset: str
) -> None:
    token = "gcp:healthcare/fhirStore:FhirStore"
    stream = {
        "resourceTypes": ["Patient"],
        "bigqueryDestination": {
            "datasetUri": f"bq://{emulator.project}.fhir",
            "schemaConfig": {"schemaType": "ANALYTICS_V2", "recursiveStructureDepth": 3},
        },
    }
    inputs = {
        "name": "fhir",
        "dataset": dataset,
        "version": "STU3",
        "disableReferentialIntegrity": True,
        "defaultSearchHandlingStrict": True,
        "complexDataTypeReferenceParsing": "DISABLED",
        "validationConfig": {"disableProfileValidation": True, "enabledImplementationGuides": ["http://guide"]},
        "streamConfigs": [stream],
    }
    engine.up("s", token, inputs)
    settled(engine, "s", inputs)
    without = {key: inputs[key] for key in ("name", "dataset", "version", "disableReferentialIntegrity")}
    assert engine.up("s", token, without) == "update"
    _, live = emulator.request("GET", f"/v1/{dataset}/fhirStores/fhir")
    assert not live.get("validationConfig")
    assert not live.get("streamConfigs")
    assert not live.get("defaultSearchHandlingStrict")
    settled(engine, "s", without)
    engine.delete("s")


def test_a_member_of_a_fhir_store_beside_others(engine: Engine, emulator: RunningEmulator, dataset: str) -> None:
    engine.up("s", "gcp:healthcare/fhirStore:FhirStore", {"name": "fhir", "dataset": dataset, "version": "R4"})
    store = f"{dataset}/fhirStores/fhir"
    theirs = {"role": "roles/healthcare.fhirStoreViewer", "members": ["user:b@example.com"]}
    emulator.request("POST", f"/v1/{store}:setIamPolicy", {"policy": {"bindings": [theirs]}})
    role = "roles/healthcare.fhirResourceReader"
    inputs = {"fhirStoreId": store, "role": role, "member": "user:a@example.com"}
    assert engine.up("m", "gcp:healthcare/fhirStoreIamMember:FhirStoreIamMember", inputs) == "create"
    settled(engine, "m", inputs)
    _, policy = emulator.request("GET", f"/v1/{store}:getIamPolicy")
    assert {item["role"]: item["members"] for item in policy["bindings"]} == {
        theirs["role"]: theirs["members"],
        role: ["user:a@example.com"],
    }
    engine.delete("m")
    _, policy = emulator.request("GET", f"/v1/{store}:getIamPolicy")
    assert policy["bindings"] == [theirs]
    engine.delete("s")


def test_hl7_store(engine: Engine, dataset: str, topic: str) -> None:
    token = "gcp:healthcare/hl7Store:Hl7Store"
    inputs: dict[str, Any] = {
        "name": "hl7",
        "dataset": dataset,
        "rejectDuplicateMessage": True,
        "parserConfig": {"segmentTerminator": "DQ==", "version": "V3"},
        "notificationConfigs": [{"pubsubTopic": topic, "filter": 'messageType="ADT"'}],
    }
    engine.up("s", token, inputs)
    settled(engine, "s", inputs)
    with pytest.raises(RefusedError, match="one of allowNullHeader, schema, segmentTerminator must be set with it"):
        engine.diff("s", {**inputs, "parserConfig": {"version": "V3"}})
    other = {**inputs, "parserConfig": {"segmentTerminator": "DQ==", "version": "V2"}}
    assert engine.diff("s", other).details == {"parserConfig.version": "update_replace"}
    engine.delete("s")


def test_consent_store(engine: Engine, dataset: str) -> None:
    token = "gcp:healthcare/consentStore:ConsentStore"
    inputs = {"name": "consent", "dataset": dataset, "defaultConsentTtl": "86400s", "labels": {"a": "1"}}
    engine.up("s", token, inputs)
    settled(engine, "s", inputs)
    assert engine.diff("s", {**inputs, "defaultConsentTtl": "86400.0s"}).details == {}
    assert engine.up("s", token, {**inputs, "enableConsentCreateOnUpdate": True}) == "update"
    engine.delete("s")
