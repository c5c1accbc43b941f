import base64
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.instances import made
from tests.emulator.services.healthcare.topics import pull
from tests.emulator.services.healthcare.transfers import make_bucket, run, upload
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE


def paths(messages: list[dict[str, Any]]) -> list[str]:
    return sorted(base64.b64decode(message["data"]).decode() for message in messages)


def test_older_config_tells_of_stored_instances_only(
    emulator: RunningEmulator, make_store: Callable[..., Store], topic: str
) -> None:
    store = make_store(notificationConfig={"pubsubTopic": topic})
    assert store.post(made()).status_code == 200
    assert store.post(made()).status_code == 200
    (message,) = pull(emulator, topic)
    assert paths([message]) == [f"{store.name}/dicomWeb/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1"]
    assert len(paths([message])[0].split("/")) == 15
    assert not message.get("attributes")
    store.session.delete(f"{store.url}/studies/1.2.1", timeout=PATIENCE)
    assert pull(emulator, topic) == []


@pytest.mark.parametrize(("bulk", "expected"), [(True, 3), (False, 0)])
def test_import_is_told_if_asked_for(
    emulator: RunningEmulator,
    make_store: Callable[..., Store],
    topic: str,
    unique: Callable[[str], str],
    *,
    bulk: bool,
    expected: int,
) -> None:
    store = make_store(notificationConfig={"pubsubTopic": topic, "sendForBulkImport": bulk})
    bucket = make_bucket(emulator, unique("landing"), "roles/storage.objectViewer")
    for number in range(3):
        upload(emulator, bucket, f"{number}.dcm", made(uid=f"1.2.1.1.{number}"))
    run(emulator, store.name, "import", {"gcsSource": {"uri": f"gs://{bucket}/*"}})
    assert len(pull(emulator, topic)) == expected


def test_newer_configs_carry_attributes_and_tell_of_deletion(
    emulator: RunningEmulator, make_store: Callable[..., Store], topic: str
) -> None:
    store = make_store(notificationConfigs=[{"pubsubTopic": topic}])
    assert store.post(made()).status_code == 200
    (message,) = pull(emulator, topic)
    attributes = message["attributes"]
    assert attributes["action"] == "StoreInstances"
    assert attributes["storeName"] == store.name
    assert (attributes["studyInstanceUID"], attributes["sopInstanceUID"]) == ("1.2.1", "1.2.1.1.1")
    assert (attributes["modality"], attributes["storageClass"]) == ("DX", "STANDARD")
    assert attributes["versionId"]
    assert attributes["lastUpdatedTime"].endswith(" UTC")
    assert parsedate_to_datetime(attributes["lastUpdatedTime"].replace("UTC", "+0000")).year >= 2026
    store.session.delete(f"{store.url}/studies/1.2.1", timeout=PATIENCE)
    (message,) = pull(emulator, topic)
    assert message["attributes"]["action"] == "DeleteInstances"


def test_closed_topic_does_not_fail_the_store_but_is_logged(
    emulator: RunningEmulator, make_store: Callable[..., Store], unique: Callable[[str], str]
) -> None:
    topic = f"projects/{emulator.project}/topics/{unique('closed')}"
    assert emulator.request("PUT", f"/v1/{topic}", {})[0] == 200
    store = make_store(notificationConfig={"pubsubTopic": topic})
    assert store.post(made()).status_code == 200
    body = {"resourceNames": [f"projects/{emulator.project}"], "filter": f'jsonPayload.source="{topic}"'}
    _, answer = emulator.request("POST", "/v2/entries:list", body)
    (entry,) = answer["entries"]
    assert entry["jsonPayload"]["error"]["code"] == 7
    assert "roles/pubsub.publisher" in entry["jsonPayload"]["error"]["message"]
