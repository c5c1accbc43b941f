"""Google's client, and requests as Google's samples send them: what their tests assert holds here."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, observation
from tests.emulator.services.healthcare.fhir.test_bundles import bundle, entry


@pytest.fixture(params=["v1", "v1beta1"])
def resources(request: pytest.FixtureRequest, google_api: Callable[[str, str], Any]) -> Any:
    """projects.locations.datasets.fhirStores.fhir of google-api-python-client."""
    client = google_api("healthcare", request.param)
    return client.projects().locations().datasets().fhirStores().fhir()


def sent(call: Any, media: str = "application/fhir+json;charset=utf-8") -> Any:
    """The answer to a call whose body is FHIR, as the samples send it: with a media type of their own."""
    call.headers["content-type"] = media
    answer = call.execute()
    return json.loads(answer) if isinstance(answer, str | bytes) else answer


def test_the_life_of_a_resource(fhir: FhirStore, resources: Any) -> None:
    made = sent(resources.create(parent=fhir.name, type="Patient", body=PATIENT))
    name = f"{fhir.name}/fhir/Patient/{made['id']}"
    assert resources.read(name=name).execute()["id"] == made["id"]
    updated = sent(resources.update(name=name, body={**made, "active": True}))
    assert updated["active"] is True
    patch: Any = [{"op": "replace", "path": "/active", "value": False}]
    patched = sent(resources.patch(name=name, body=patch), "application/json-patch+json")
    assert patched["active"] is False
    history = resources.history(name=name).execute()
    assert [each["resource"]["meta"]["versionId"] for each in history["entry"]] == [
        each["meta"]["versionId"] for each in (patched, updated, made)
    ]
    version = resources.vread(name=f"{name}/_history/{made['meta']['versionId']}").execute()
    assert version["meta"] == made["meta"]
    resources.delete(name=name).execute()
    with pytest.raises(HttpError) as gone:
        resources.read(name=name).execute()
    assert gone.value.resp.status == 410
    resources.Resource_purge(name=name).execute()
    with pytest.raises(HttpError) as purged:
        resources.read(name=name).execute()
    assert purged.value.resp.status == 404


def test_searches_bundles_and_operations(fhir: FhirStore, resources: Any) -> None:
    body = bundle(
        "transaction",
        entry("POST", "Patient", PATIENT, "urn:uuid:6e0d6ac0-6b0f-4a3f-9d2c-1c7a8f5c0001"),
        entry("POST", "Observation", observation("urn:uuid:6e0d6ac0-6b0f-4a3f-9d2c-1c7a8f5c0001")),
    )
    done = sent(resources.executeBundle(parent=fhir.name, body=body))
    patient = done["entry"][0]["response"]["location"].split("/")[-3]
    assert sent(resources.search_type(parent=fhir.name, resourceType="Patient"))["total"] == 1
    assert sent(resources.search(parent=fhir.name, resourceType="Observation", body={}))["total"] == 1
    everything = resources.Patient_everything(name=f"{fhir.name}/fhir/Patient/{patient}").execute()
    assert len(everything["entry"]) == 2
    assert resources.capabilities(name=fhir.name).execute()["resourceType"] == "CapabilityStatement"
    for resource, severity in ((PATIENT, "information"), ({**PATIENT, "gender": "zzz"}, "error")):
        outcome = sent(resources.Resource_validate(parent=fhir.name, type="Patient", body=resource))
        assert outcome["issue"][0]["severity"] == severity
    resources.conditionalDelete(parent=fhir.name, type="Observation").uri += "?_id=none"


def test_stores_by_googles_client(fhir: FhirStore, healthcare: Any, dataset: str) -> None:
    stores = healthcare.projects().locations().datasets().fhirStores()
    assert stores.get(name=fhir.name).execute() == {"name": fhir.name, "version": "R4", "enableUpdateCreate": True}
    changed = stores.patch(
        name=fhir.name, updateMask="defaultSearchHandlingStrict", body={"defaultSearchHandlingStrict": True}
    ).execute()
    assert changed["defaultSearchHandlingStrict"] is True
    assert fhir.send("GET", "Patient?shoe=7").status_code == 400
    assert fhir.name in [each["name"] for each in stores.list(parent=dataset, pageSize=1000).execute()["fhirStores"]]
    fhir.create(PATIENT)
    stores.delete(name=fhir.name).execute()
    with pytest.raises(HttpError) as gone:
        stores.get(name=fhir.name).execute()
    assert gone.value.resp.status == 404
