"""The steps of Google's samples for HL7v2, with its client for Python (GoogleCloudPlatform/python-docs-samples).

healthcare/api-client/v1/hl7v2: hl7v2_stores.py and hl7v2_messages.py, in the order in which their tests run them. And
what Apache Beam's HL7v2IO asks.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from googleapiclient.errors import HttpError

from tests.emulator.hl7v2.samples import ADMISSION
from tests.emulator.services.healthcare.hl7v2.conftest import Hl7V2Store, encoded
from tests.support.asking import ask
from tests.support.emulator import RunningEmulator


@pytest.fixture(params=["v1", "v1beta1"])
def client(request: pytest.FixtureRequest, google_api: Callable[[str, str], Any]) -> Any:
    """Cloud Healthcare of a version."""
    return google_api("healthcare", request.param)


def test_the_steps_with_a_store(client: Any, dataset: str, unique: Callable[[str], str]) -> None:
    stores, store_id = client.projects().locations().datasets().hl7V2Stores(), unique("my-hl7v2-store")
    name = f"{dataset}/hl7V2Stores/{store_id}"
    store = {"name": name, "parserConfig": {"version": "V3"}}
    request = stores.create(parent=dataset, body={"parserConfig": {"version": "V3"}}, hl7V2StoreId=store_id)
    assert request.execute() == store
    assert stores.get(name=name).execute() == store
    assert name in [each["name"] for each in stores.list(parent=dataset).execute().get("hl7V2Stores", [])]
    patch = {"notificationConfigs": None}
    assert stores.patch(name=name, updateMask="notificationConfigs", body=patch).execute() == store
    assert "bindings" not in stores.getIamPolicy(resource=name).execute()
    policy = {"bindings": [{"role": "roles/viewer", "members": ["user:a@example.com"]}]}
    set_policy = stores.setIamPolicy(resource=name, body={"policy": policy}).execute()
    assert set_policy["bindings"] == policy["bindings"]
    assert stores.delete(name=name).execute() == {}


def test_the_steps_with_messages(client: Any, dataset: str, unique: Callable[[str], str], tmp_path: Path) -> None:
    stores, store_id = client.projects().locations().datasets().hl7V2Stores(), unique("my-hl7v2-store")
    parent = f"{dataset}/hl7V2Stores/{store_id}"
    stores.create(parent=dataset, body={}, hl7V2StoreId=store_id).execute()
    file = tmp_path / "hl7v2-sample-ingest.json"
    file.write_text(json.dumps({"message": {"data": encoded(ADMISSION)}}))
    messages = stores.messages()
    with file.open() as opened:
        body = json.load(opened)
    created = messages.create(parent=parent, body=body).execute()
    ingested = messages.ingest(parent=parent, body=body).execute()
    assert {"hl7Ack", "message"} == ingested.keys()
    assert ingested["message"] == created
    listed = messages.list(parent=parent).execute().get("hl7V2Messages", [])
    assert listed == [{"name": created["name"]}]
    got = messages.get(name=listed[0]["name"]).execute()
    assert got == created
    label = {"labels": {"PROCESSED": "TRUE"}}
    patched = messages.patch(name=got["name"], updateMask="labels", body=label).execute()
    assert patched["labels"] == {"PROCESSED": "TRUE"}
    assert messages.delete(name=got["name"]).execute() == {}
    with pytest.raises(HttpError):
        messages.get(name=got["name"]).execute()


def test_messages_are_read_as_apache_beam_does(emulator: RunningEmulator, hl7v2: Hl7V2Store) -> None:
    """HttpHealthcareApiClient: the view in small letters, the order in camel case, times without quotation marks."""
    raw = b"MSH|^~\\&|A|B|||202001%02d||ADT^A01|%d|P|2.5\r"
    made = [hl7v2.create(raw % (day, day)) for day in (3, 1, 2)]
    path = f"/v1/{hl7v2.name}/messages?"
    earliest = ask(emulator, "GET", path + urlencode({"view": "full", "orderBy": "sendTime", "pageSize": 1}))
    assert earliest["hl7V2Messages"] == [made[1]]
    between = f"sendTime >= {made[1]['sendTime']} AND sendTime < {made[0]['sendTime']}"
    asked = {"view": "full", "orderBy": "sendTime", "filter": between, "pageSize": 1000}
    assert ask(emulator, "GET", path + urlencode(asked)) == {"hl7V2Messages": [made[1], made[2]]}
