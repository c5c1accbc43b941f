"""operationMetadata.fhirOutput: Provenance resources tell what became of DICOM, in a store that somebody names."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.deidentify.test_dicom import datasets
from tests.emulator.services.healthcare.deidentify.test_fhir_streams import grant
from tests.emulator.services.healthcare.fhir.conftest import FhirStore, Json
from tests.emulator.services.healthcare.instances import made
from tests.support.emulator import RunningEmulator

MakeStore = Callable[..., FhirStore]
KEY = base64.b64encode(b"k" * 32).decode()


@pytest.fixture
def metadata(emulator: RunningEmulator, make_fhir_store: MakeStore) -> FhirStore:
    """A store that may be told."""
    store = make_fhir_store(enableUpdateCreate=True)
    grant(emulator, store)
    return store


def config(store: FhirStore) -> Json:
    """A configuration with a key that names a store for its metadata."""
    return {
        "dicomTagConfig": {"profileType": "DEIDENTIFY_TAG_CONTENTS"},
        "text": {"additionalTransformations": [{"infoTypes": ["DATE"], "dateShiftConfig": {"cryptoKey": KEY}}]},
        "operationMetadata": {"fhirOutput": {"fhirStore": store.name}},
    }


def deidentify(emulator: RunningEmulator, source: Store, target: Store, given: Json) -> dict[str, Any]:
    body = {"destinationStore": target.name, "config": given}
    return transfers.wait(emulator, transfers.start(emulator, source.name, "deidentify", body, "v1beta1"))


def told(store: FhirStore, query: str = "") -> list[Json]:
    """The Provenance resources of a store."""
    return [each["resource"] for each in store.read(f"Provenance?_count=100{query}").get("entry", [])]


def said(resource: Json) -> dict[str, Any]:
    """What the extensions of a resource say, by the last word of their URLs."""
    flat = [each for each in resource["extension"] if "extension" not in each]
    return {each["url"].rpartition(":")[2]: next(v for k, v in each.items() if k != "url") for each in flat}


def test_a_run_and_each_instance_have_a_provenance(
    emulator: RunningEmulator, store: Store, make_store: Callable[..., Store], metadata: FhirStore
) -> None:
    for number in range(1, 3):
        store.post(made(uid=f"1.2.1.1.{number}", PatientName="Kowalski^Maria"))
    target = make_store()
    done = deidentify(emulator, store, target, config(metadata))
    number = done["name"].rpartition("/")[2]
    run = metadata.read(f"Provenance/{number}")
    assert said(run).items() >= {"operation": done["name"], "success": 2, "failure": 0}.items()
    assert [each["display"] for each in run["target"]] == [target.name]
    assert [each["what"]["display"] for each in run["entity"]] == [store.name]
    assert run["occurredPeriod"]["start"] <= run["occurredPeriod"]["end"]
    assert run["agent"][0]["who"]["display"] == transfers.agent(emulator)
    instances = told(metadata, f"&entity=Provenance/{number}")
    assert len(instances) == 2
    new = {f"urn:oid:{each.SOPInstanceUID}" for each in datasets(target)}
    assert {each["target"][0]["identifier"]["value"] for each in instances} == new
    old = {each["entity"][0]["what"]["identifier"]["value"] for each in instances}
    assert old == {"urn:oid:1.2.1.1.1", "urn:oid:1.2.1.1.2"}
    for each in instances:
        found = [{part["url"]: part for part in one["extension"]} for one in each["extension"]]
        (names,) = [one for one in found if one["infoType"]["valueString"] == "PERSON_NAME"]
        assert names["origin"]["valueString"] == "HEADER"
        assert names["count"]["valueInteger"] >= 1


def test_it_says_how_without_the_key_and_without_a_value(
    emulator: RunningEmulator, store: Store, make_store: Callable[..., Store], metadata: FhirStore
) -> None:
    store.post(made(PatientName="Kowalski^Maria"))
    done = deidentify(emulator, store, make_store(), config(metadata))
    given = json.loads(said(metadata.read(f"Provenance/{done['name'].rpartition('/')[2]}"))["config"])
    assert given["dicomTagConfig"] == {"profileType": "DEIDENTIFY_TAG_CONTENTS"}
    assert given["text"] == {"additionalTransformations": [{"infoTypes": ["DATE"], "dateShiftConfig": {}}]}
    everything = json.dumps(told(metadata))
    assert KEY not in everything
    assert "kowalski" not in everything.lower()


def test_what_is_written_is_valid(
    emulator: RunningEmulator, store: Store, make_store: Callable[..., Store], metadata: FhirStore
) -> None:
    store.post(made())
    deidentify(emulator, store, make_store(), config(metadata))
    for resource in told(metadata):
        metadata.put(resource)


def test_a_whole_dataset_is_told_of_as_one_run(
    emulator: RunningEmulator, dataset: str, store: Store, metadata: FhirStore, unique: Callable[[str], str]
) -> None:
    parent = dataset.rpartition("/")[0]
    source, destination = (f"{parent}/{unique('told')}" for _ in range(2))
    asked = {
        "datasets": source,
        "dicomStores": f"{source}/dicomStores/dicom",
        "fhirStores": f"{source}/fhirStores/fhir",
    }
    for collection, name in asked.items():
        above, _, last = name.rpartition("/")
        wanted = {"version": "R4"} if collection == "fhirStores" else {}
        assert emulator.request("POST", f"/v1/{above}?{collection[:-1]}Id={last}", wanted)[0] == 200
    replace(store, url=f"{emulator.base_url}/v1/{source}/dicomStores/dicom/dicomWeb").post(made())
    body = {"destinationDataset": destination, "config": config(metadata)}
    done = transfers.wait(emulator, transfers.start(emulator, source, "deidentify", body, "v1beta1"))
    run = metadata.read(f"Provenance/{done['name'].rpartition('/')[2]}")
    twin = f"{destination}/dicomStores/dicom"
    assert [each["display"] for each in run["target"]] == [twin]
    (target,) = (each["target"][0]["display"] for each in told(metadata, f"&entity=Provenance/{run['id']}"))
    assert target.startswith(f"{twin}/dicomWeb/studies/")


@pytest.mark.parametrize(
    ("settings", "code", "why"),
    [
        ({"version": "STU3", "enableUpdateCreate": True}, "FAILED_PRECONDITION", "must be of R4, and is of STU3"),
        ({}, "FAILED_PRECONDITION", "must have enableUpdateCreate set to true"),
    ],
)
def test_a_store_that_is_not_as_it_must_be_is_refused(
    emulator: RunningEmulator,
    store: Store,
    make_store: Callable[..., Store],
    make_fhir_store: MakeStore,
    settings: dict[str, Any],
    code: str,
    why: str,
) -> None:
    body = {"destinationStore": make_store().name, "config": config(make_fhir_store(**settings))}
    _, answer = emulator.request("POST", f"/v1beta1/{store.name}:deidentify", body)
    assert answer["error"]["status"] == code
    assert why in answer["error"]["message"]


def test_a_store_that_the_service_agent_may_not_write_to_is_refused_before_anything_is_done(
    emulator: RunningEmulator, store: Store, make_store: Callable[..., Store], make_fhir_store: MakeStore
) -> None:
    store.post(made())
    target = make_store()
    body = {"destinationStore": target.name, "config": config(make_fhir_store(enableUpdateCreate=True))}
    status, answer = emulator.request("POST", f"/v1beta1/{store.name}:deidentify", body)
    assert status == 403
    assert "Healthcare API doesn't have required FHIR store permission" in answer["error"]["message"]
    assert target.client.search_for_instances() == []
