"""Notifications of FHIR stores (Cloud Healthcare: FHIR Pub/Sub notifications; fhir.md section 8 of the reference)."""

import base64
import json
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, Json, observation
from tests.emulator.services.healthcare.topics import pull
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

MakeStore = Callable[..., FhirStore]


def one_of(emulator: RunningEmulator, topic: str) -> tuple[dict[str, str], bytes]:
    """Attributes and data of the only message that waits."""
    (message,) = pull(emulator, topic)
    return message["attributes"], base64.b64decode(message["data"])


@pytest.fixture
def told(make_fhir_store: MakeStore, topic: str) -> Callable[..., FhirStore]:
    """Creates a store that tells the topic, with settings of its notification config."""

    def make(**settings: Any) -> FhirStore:
        configs = [{"pubsubTopic": topic, **settings}]
        return make_fhir_store(enableUpdateCreate=True, notificationConfigs=configs)

    return make


def test_each_change_is_told_by_name(emulator: RunningEmulator, told: Callable[..., FhirStore], topic: str) -> None:
    store = told()
    made = store.create(PATIENT)
    attributes, data = one_of(emulator, topic)
    assert data.decode() == f"{store.name}/fhir/Patient/{made['id']}"
    assert attributes == {
        "action": "CreateResource",
        "lastUpdatedTime": attributes["lastUpdatedTime"],
        "payloadType": "NameOnly",
        "resourceType": "Patient",
        "storeName": store.name,
        "versionId": made["meta"]["versionId"],
    }
    assert attributes["lastUpdatedTime"].endswith(" UTC")
    assert parsedate_to_datetime(attributes["lastUpdatedTime"]).isoformat()[:19] == made["meta"]["lastUpdated"][:19]


def test_actions_are_those_of_the_verbs(emulator: RunningEmulator, told: Callable[..., FhirStore], topic: str) -> None:
    store = told()
    patient: Json = {**PATIENT, "id": "a"}
    patch = json.dumps([{"op": "replace", "path": "/gender", "value": "male"}]).encode()
    store.put(patient)
    store.put({**patient, "active": True})
    assert store.send("PATCH", "Patient/a", patch, Content_Type="application/json-patch+json").status_code == 200
    assert store.send("DELETE", "Patient/a").status_code == 200
    assert store.send("DELETE", "Patient/a").status_code == 200  # nothing is there, nothing is told
    actions = [message["attributes"]["action"] for message in pull(emulator, topic)]
    assert actions == ["CreateResource", "UpdateResource", "PatchResource", "DeleteResource"]


def test_whole_resources_where_the_settings_want_them(
    emulator: RunningEmulator, told: Callable[..., FhirStore], topic: str
) -> None:
    store = told(sendFullResource=True)
    made = store.put({**PATIENT, "id": "a"})
    attributes, data = one_of(emulator, topic)
    assert (attributes["payloadType"], json.loads(data)) == ("FullResource", made)
    store.send("DELETE", "Patient/a")
    attributes, data = one_of(emulator, topic)
    assert (attributes["payloadType"], data.decode()) == ("NameOnly", f"{store.name}/fhir/Patient/a")


def test_the_previous_resource_of_a_deletion(
    emulator: RunningEmulator, told: Callable[..., FhirStore], topic: str
) -> None:
    store = told(sendPreviousResourceOnDelete=True)
    made = store.put({**PATIENT, "id": "a"})
    assert one_of(emulator, topic)[0]["payloadType"] == "NameOnly"
    store.send("DELETE", "Patient/a")
    attributes, data = one_of(emulator, topic)
    assert (attributes["action"], attributes["payloadType"]) == ("DeleteResource", "FullResource")
    assert json.loads(data) == made


def test_notifications_are_pulled_as_googles_page_does(
    emulator: RunningEmulator, told: Callable[..., FhirStore], topic: str
) -> None:
    """Google's page "FHIR Pub/Sub notifications": an empty body and ?maxMessages=10."""
    store = told(sendFullResource=True, sendPreviousResourceOnDelete=True)
    made = store.put({**PATIENT, "id": "a"})
    store.put({**PATIENT, "id": "b"})
    subscription = topic.replace("/topics/", "/subscriptions/")
    headers = {"Authorization": f"Bearer {emulator.owner_token}", "Content-Type": "application/json; charset=utf-8"}
    address = f"{emulator.base_url}/v1/{subscription}:pull"
    answer = requests.post(f"{address}?maxMessages=1", data="", headers=headers, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    (received,) = answer.json()["receivedMessages"]
    assert received["message"]["attributes"]["payloadType"] == "FullResource"
    data = base64.b64decode(received["message"]["data"])
    assert json.loads(data)["resourceType"] == made["resourceType"]
    assert data.startswith(b'{\n  "birthDate": "')
    assert requests.post(f"{address}?maxMessages=0", data="", headers=headers, timeout=PATIENCE).status_code == 400


def test_a_change_that_is_refused_is_not_told(
    emulator: RunningEmulator, told: Callable[..., FhirStore], topic: str
) -> None:
    store = told()
    assert store.send("POST", "Observation", observation("Patient/nobody")).status_code == 400
    assert pull(emulator, topic) == []


def test_what_is_too_large_is_told_by_name(
    emulator: RunningEmulator, told: Callable[..., FhirStore], topic: str
) -> None:
    store = told(sendFullResource=True)
    text = {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{"x" * 9_000_001}</div>'}
    store.create({**PATIENT, "text": text})
    assert one_of(emulator, topic)[0]["payloadType"] == "NameOnly"
