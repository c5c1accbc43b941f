"""What happens to secrets as time goes by, what topics are told, and what keys and audit logs do."""

import base64
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.support.asking import ask, move
from tests.support.emulator import RunningEmulator
from tests.support.patience import eventually

PARENT = f"projects/{PROJECT}"
TOPIC, SUBSCRIPTION = f"{PARENT}/topics/secrets", f"{PARENT}/subscriptions/secrets"
AUTOMATIC: dict[str, Any] = {"replication": {"automatic": {}}}
START = "2026-03-01T08:00:00Z"
RING = f"{PARENT}/locations/global/keyRings/ring"


@pytest.fixture
def morning(running: RunningEmulator) -> RunningEmulator:
    """The emulator, empty; it is eight o'clock on the first of March, and stays so."""
    assert running.request("POST", "/_emulator/reset")[0] == 200
    move(running, time=START, stopped=True)
    return running


def create(emulator: RunningEmulator, **fields: Any) -> dict[str, Any]:
    return dict(ask(emulator, "POST", f"/v1/{PARENT}/secrets?secretId=s", {**AUTOMATIC, **fields}))


def add(emulator: RunningEmulator, data: bytes = b"one") -> Any:
    payload = {"data": base64.b64encode(data).decode()}
    return ask(emulator, "POST", f"/v1/{PARENT}/secrets/s:addVersion", {"payload": payload})


def status(emulator: RunningEmulator, path: str) -> int:
    return int(emulator.request("GET", f"/v1/{PARENT}/secrets/{path}")[0])


def agent_of(emulator: RunningEmulator) -> str:
    path = f"/v1beta1/{PARENT}/services/secretmanager.googleapis.com:generateServiceIdentity"
    return f"serviceAccount:{ask(emulator, 'POST', path)['response']['email']}"


def topic(emulator: RunningEmulator) -> list[dict[str, str]]:
    """The topics of a secret: one with a subscription, to which Secret Manager's agent may publish."""
    ask(emulator, "PUT", f"/v1/{TOPIC}", {})
    ask(emulator, "PUT", f"/v1/{SUBSCRIPTION}", {"topic": TOPIC})
    policy = {"bindings": [{"role": "roles/pubsub.publisher", "members": [agent_of(emulator)]}]}
    ask(emulator, "POST", f"/v1/{TOPIC}:setIamPolicy", {"policy": policy})
    return [{"name": TOPIC}]


def events(emulator: RunningEmulator) -> list[dict[str, str]]:
    """The attributes of the events that wait, taken out of the subscription."""
    body = {"maxMessages": 100, "returnImmediately": True}
    found = ask(emulator, "POST", f"/v1/{SUBSCRIPTION}:pull", body).get("receivedMessages", [])
    if found:
        ask(emulator, "POST", f"/v1/{SUBSCRIPTION}:acknowledge", {"ackIds": [each["ackId"] for each in found]})
    return [each["message"]["attributes"] for each in found]


def test_a_secret_expires_when_its_time_has_come(morning: RunningEmulator) -> None:
    made = create(morning, ttl="3600s")
    assert (made["expireTime"], "ttl" in made) == ("2026-03-01T09:00:00.000000Z", False)
    add(morning)
    move(morning, seconds=3599)
    assert status(morning, "s/versions/latest:access") == 200
    move(morning, seconds=1)
    eventually(lambda: status(morning, "s") == 404)


def test_topics_are_told_of_a_secrets_life(morning: RunningEmulator) -> None:
    create(morning, topics=topic(morning))
    version = add(morning)["name"]
    for verb in ("disable", "enable", "destroy"):
        ask(morning, "POST", f"/v1/{version}:{verb}", {})
    ask(morning, "DELETE", f"/v1/{PARENT}/secrets/s")
    found = events(morning)
    assert sorted(each["eventType"] for each in found) == [
        "SECRET_CREATE",
        "SECRET_DELETE",
        "SECRET_VERSION_ADD",
        "SECRET_VERSION_DESTROY",
        "SECRET_VERSION_DISABLE",
        "SECRET_VERSION_ENABLE",
        "TOPIC_CONFIGURED",
    ]
    added = next(each for each in found if each["eventType"] == "SECRET_VERSION_ADD")
    assert added == {
        "eventType": "SECRET_VERSION_ADD",
        "secretId": version.partition("/versions/")[0],
        "versionId": version,
        "dataFormat": "JSON_API_V1",
        "timestamp": "2026-03-01T08:00:00.000000Z",
    }


def test_a_topic_that_the_agent_may_not_publish_to_is_refused(morning: RunningEmulator) -> None:
    ask(morning, "PUT", f"/v1/{TOPIC}", {})
    body = {**AUTOMATIC, "topics": [{"name": TOPIC}]}
    code, said = morning.request("POST", f"/v1/{PARENT}/secrets?secretId=s", body)
    assert (code, "gcp-sa-secretmanager" in said["error"]["message"]) == (400, True)
    assert status(morning, "s") == 404


def test_it_is_told_when_a_secret_is_to_be_rotated_once_for_what_was_missed(morning: RunningEmulator) -> None:
    rotation = {"nextRotationTime": "2026-03-01T09:00:00Z", "rotationPeriod": "3600s"}
    create(morning, topics=topic(morning), rotation=rotation)
    events(morning)
    move(morning, time="2026-03-01T11:30:00Z")
    found = eventually(lambda: events(morning))
    assert [each["eventType"] for each in found] == ["SECRET_ROTATE"]
    following = ask(morning, "GET", f"/v1/{PARENT}/secrets/s")["rotation"]
    assert following == {"nextRotationTime": "2026-03-01T12:00:00.000000Z", "rotationPeriod": "3600s"}


def test_a_version_is_destroyed_after_the_delay_that_its_secret_has(morning: RunningEmulator) -> None:
    create(morning, versionDestroyTtl="86400s")
    name = add(morning)["name"]
    waiting = ask(morning, "POST", f"/v1/{name}:destroy", {})
    assert (waiting["state"], waiting["scheduledDestroyTime"]) == ("DISABLED", "2026-03-02T08:00:00.000000Z")
    assert ask(morning, "POST", f"/v1/{name}:enable", {})["state"] == "ENABLED"
    ask(morning, "POST", f"/v1/{name}:destroy", {})
    morning.kill()
    morning.start()  # by the wall's clock: months later
    eventually(lambda: ask(morning, "GET", f"/v1/{name}")["state"] == "DESTROYED")
    assert status(morning, "s/versions/1:access") == 400


def key(emulator: RunningEmulator) -> str:
    """A key that Secret Manager's agent may use."""
    ask(emulator, "POST", f"/v1/{PARENT}/locations/global/keyRings?keyRingId=ring", {})
    made = ask(emulator, "POST", f"/v1/{RING}/cryptoKeys?cryptoKeyId=k", {"purpose": "ENCRYPT_DECRYPT"})
    role = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
    policy = {"bindings": [{"role": role, "members": [agent_of(emulator)]}]}
    ask(emulator, "POST", f"/v1/{made['name']}:setIamPolicy", {"policy": policy})
    return str(made["name"])


def test_a_payload_can_be_read_while_its_key_can_be_used(morning: RunningEmulator) -> None:
    name = key(morning)
    create(morning, replication={"automatic": {"customerManagedEncryption": {"kmsKeyName": name}}})
    version = add(morning)
    used = version["replicationStatus"]["automatic"]["customerManagedEncryption"]["kmsKeyVersionName"]
    assert used == f"{name}/cryptoKeyVersions/1"
    path = f"/v1/{used}?updateMask=state"
    ask(morning, "PATCH", path, {"state": "DISABLED"})
    assert status(morning, "s/versions/1:access") == 400
    payload = {"payload": {"data": "b25l"}}
    assert morning.request("POST", f"/v1/{PARENT}/secrets/s:addVersion", payload)[0] == 400
    ask(morning, "PATCH", path, {"state": "ENABLED"})
    assert status(morning, "s/versions/1:access") == 200


def test_a_key_must_be_where_the_secret_is(morning: RunningEmulator) -> None:
    encryption = {"customerManagedEncryption": {"kmsKeyName": key(morning)}}
    replicas = [{"location": "europe-west3", **encryption}]
    body = {"replication": {"userManaged": {"replicas": replicas}}}
    assert morning.request("POST", f"/v1/{PARENT}/secrets?secretId=s", body)[0] == 400


def test_who_read_which_version_is_in_the_audit_log_and_what_was_read_is_not(morning: RunningEmulator) -> None:
    configs = [{"service": "secretmanager.googleapis.com", "auditLogConfigs": [{"logType": "DATA_READ"}]}]
    policy = ask(morning, "POST", f"/v1/{PARENT}:getIamPolicy", {})
    body = {"policy": {**policy, "auditConfigs": configs}, "updateMask": "auditConfigs"}
    ask(morning, "POST", f"/v1/{PARENT}:setIamPolicy", body)
    create(morning)
    add(morning, b"open sesame")
    assert status(morning, "s/versions/latest:access") == 200
    text = 'protoPayload.serviceName="secretmanager.googleapis.com"'
    found = ask(morning, "POST", "/v2/entries:list", {"resourceNames": [PARENT], "filter": text})["entries"]
    by_method = {each["protoPayload"]["methodName"].rpartition(".")[2]: each for each in found}
    assert by_method.keys() == {"create", "addVersion", "access"}
    assert by_method["access"]["logName"].endswith("data_access")
    assert by_method["access"]["protoPayload"]["resourceName"].endswith("/secrets/s/versions/latest")
    assert "b3BlbiBzZXNhbWU" not in str(found)
