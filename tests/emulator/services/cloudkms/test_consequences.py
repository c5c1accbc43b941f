"""What a key protects can't be read or written while the version is disabled or the grant is gone (CMEK)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.cloud import bigquery, pubsub_v1, storage
from google.pubsub_v1 import types

from tests.conftest import PROJECT
from tests.support.asking import ask
from tests.support.emulator import RunningEmulator
from tests.support.keys import agent_of, grant, make_key, rotate, set_state
from tests.support.patience import PATIENCE, eventually

Names = Callable[[str], str]
DISABLED = "Cloud KMS key is disabled, destroyed, or scheduled to be destroyed."
"""Cloud Storage: JSON API, status codes, cloudKmsDisabledKey."""


class Broken:
    """A key whose use is taken away and given back, in each of the ways there are."""

    def __init__(self, emulator: RunningEmulator, name: str, service: str) -> None:
        self.emulator = emulator
        self.agent = agent_of(emulator, service)
        self.name = make_key(emulator, name, self.agent)

    def take(self, how: str) -> None:
        """Disable the first version, schedule it for destruction, or revoke the agent's grant."""
        if how == "disabled":
            set_state(self.emulator, self.name, "DISABLED")
        elif how == "destroyed":
            self._call("destroy")
        else:
            grant(self.emulator, self.name)

    def give_back(self, how: str) -> None:
        """Undo that."""
        if how == "revoked":
            grant(self.emulator, self.name, self.agent)
            return
        if how == "destroyed":
            self._call("restore")
        set_state(self.emulator, self.name, "ENABLED")

    def _call(self, verb: str) -> None:
        path = f"/v1/{self.name}/cryptoKeyVersions/1:{verb}"
        assert self.emulator.request("POST", path, {})[0] == 200


WAYS = pytest.mark.parametrize("how", ["disabled", "destroyed", "revoked"])


@pytest.fixture
def key(emulator: RunningEmulator, unique: Names) -> Callable[[str], Broken]:
    """Makes a key that a service's agent may use."""
    return lambda service: Broken(emulator, unique("ring"), service)


@pytest.fixture
def keyed_bucket(storage_client: storage.Client, unique: Names, key: Callable[[str], Broken]) -> Any:
    """A bucket with a default key, and the key."""
    found = key("storage")
    bucket = storage_client.bucket(unique("keyed"))
    bucket.default_kms_key_name = found.name
    bucket.create()
    return bucket, found


@WAYS
def test_objects_close_with_their_key(keyed_bucket: Any, emulator: RunningEmulator, how: str) -> None:
    bucket, key = keyed_bucket
    bucket.blob("scan").upload_from_string(b"pixels")
    key.take(how)
    said = "Permission denied on Cloud KMS key" if how == "revoked" else DISABLED
    calls: tuple[Callable[[], Any], ...] = (
        lambda: bucket.blob("scan").download_as_bytes(),
        lambda: bucket.blob("scan").download_as_bytes(start=1, end=2),
        lambda: bucket.blob("other").upload_from_string(b"x"),
        lambda: bucket.copy_blob(bucket.blob("scan"), bucket, "copy"),
        lambda: bucket.blob("all").compose([bucket.blob("scan")]),
    )
    for refused in calls:
        with pytest.raises((exceptions.BadRequest, exceptions.Forbidden), match=said) as caught:
            refused()
        assert isinstance(caught.value, exceptions.Forbidden) == (how == "revoked")
    answer = requests.get(f"{emulator.base_url}/{bucket.name}/scan", headers=by_owner(emulator), timeout=PATIENCE)
    assert (b"CloudKmsDisabledKey" in answer.content) == (how != "revoked")
    shown = bucket.get_blob("scan")
    assert (shown.size, shown.md5_hash, shown.crc32c) == (6, None, None)
    assert [blob.name for blob in bucket.list_blobs()] == ["scan"]
    key.give_back(how)
    assert bucket.blob("scan").download_as_bytes() == b"pixels"
    bucket.blob("scan").delete()


def test_an_upload_that_met_a_closed_key_goes_on_when_it_is_open(keyed_bucket: Any, emulator: RunningEmulator) -> None:
    bucket, key = keyed_bucket
    url = bucket.blob("scan").create_resumable_upload_session(content_type="text/plain", client=bucket.client)
    headers = {**by_owner(emulator), "content-range": "bytes 0-2/3"}
    set_state(emulator, key.name, "DISABLED")
    assert requests.put(url, b"abc", headers=headers, timeout=PATIENCE).status_code == 400
    set_state(emulator, key.name, "ENABLED")
    assert requests.put(url, b"abc", headers=headers, timeout=PATIENCE).status_code == 200
    assert bucket.blob("scan").download_as_bytes() == b"abc"


def test_objects_belong_to_the_version_that_wrote_them(keyed_bucket: Any, emulator: RunningEmulator) -> None:
    """Names of versions as Cloud Storage shows them: kmsKeyName of objects, defaultKmsKeyName of buckets."""
    bucket, key = keyed_bucket
    bucket.blob("old").upload_from_string(b"1")
    second = rotate(emulator, key.name)
    bucket.blob("new").upload_from_string(b"2")
    assert bucket.get_blob("old").kms_key_name == f"{key.name}/cryptoKeyVersions/1"
    assert bucket.get_blob("new").kms_key_name == second
    set_state(emulator, key.name, "DISABLED")
    assert bucket.blob("new").download_as_bytes() == b"2"
    with pytest.raises(exceptions.BadRequest, match=DISABLED):
        bucket.blob("old").download_as_bytes()
    set_state(emulator, key.name, "ENABLED")
    bucket.blob("old").rewrite(bucket.blob("old"))
    set_state(emulator, key.name, "DISABLED")
    assert bucket.get_blob("old").kms_key_name == second
    assert bucket.blob("old").download_as_bytes() == b"1"


@WAYS
def test_log_buckets_close_with_their_key(
    emulator: RunningEmulator, unique: Names, key: Callable[[str], Broken], how: str
) -> None:
    """Their entries are kept meanwhile, and shown by nothing."""
    found, log, name = key("logging"), unique("log"), unique("keyed")
    bucket = f"projects/{PROJECT}/locations/us/buckets/{name}"
    ask(
        emulator,
        "POST",
        f"/v2/{bucket.rpartition('/')[0]}?bucketId={name}",
        {"cmekSettings": {"kmsKeyName": found.name}},
    )
    destination = f"logging.googleapis.com/{bucket}"
    sink = {"name": name, "destination": destination, "filter": f'LOG_ID("{log}")'}
    ask(emulator, "POST", f"/v2/projects/{PROJECT}/sinks", sink)

    def write(text: str) -> None:
        entry = {"logName": f"projects/{PROJECT}/logs/{log}", "resource": {"type": "global"}, "textPayload": text}
        ask(emulator, "POST", "/v2/entries:write", {"entries": [entry]})

    def read(place: str) -> tuple[int, list[str]]:
        wish = {"resourceNames": [place], "filter": f'LOG_ID("{log}")'}
        code, answer = emulator.request("POST", "/v2/entries:list", wish)
        return code, [entry["textPayload"] for entry in answer.get("entries", [])]

    write("before")
    assert read(bucket) == read(f"{bucket}/views/_AllLogs") == (200, ["before"])
    found.take(how)
    write("meanwhile")
    for place in (bucket, f"{bucket}/views/_AllLogs"):
        assert read(place) == (403 if how == "revoked" else 400, [])
    found.give_back(how)
    assert read(bucket) == (200, ["before", "meanwhile"])


def test_a_log_bucket_stays_with_its_version_until_it_is_given_the_key_again(
    emulator: RunningEmulator, unique: Names, key: Callable[[str], Broken]
) -> None:
    found, name = key("logging"), unique("keyed")
    path = f"/v2/projects/{PROJECT}/locations/us/buckets"
    wish = {"cmekSettings": {"kmsKeyName": found.name}}
    settings = ask(emulator, "POST", f"{path}?bucketId={name}", wish)["cmekSettings"]
    account = ask(emulator, "GET", f"/v2/projects/{PROJECT}/settings")["kmsServiceAccountId"]
    assert settings == {
        "kmsKeyName": found.name,
        "kmsKeyVersionName": f"{found.name}/cryptoKeyVersions/1",
        "serviceAccountId": account,
    }
    assert ask(emulator, "GET", f"/v2/projects/{PROJECT}/cmekSettings")["serviceAccountId"] == account == found.agent
    second = rotate(emulator, found.name)
    assert ask(emulator, "GET", f"{path}/{name}")["cmekSettings"] == settings
    changed = ask(emulator, "PATCH", f"{path}/{name}?updateMask=cmekSettings", wish)
    assert changed["cmekSettings"]["kmsKeyVersionName"] == second
    code, answer = emulator.request("PATCH", f"{path}/{name}?updateMask=cmekSettings", {"cmekSettings": {}})
    assert (code, "keeps one" in answer["error"]["message"]) == (400, True)


def test_the_error_names_the_version(keyed_bucket: Any, emulator: RunningEmulator) -> None:
    bucket, key = keyed_bucket
    bucket.blob("scan").upload_from_string(b"pixels")
    set_state(emulator, key.name, "DISABLED")
    code, answer = emulator.request("GET", f"/storage/v1/b/{bucket.name}/o/scan?alt=media")
    assert (code, answer["error"]["errors"][0]["reason"]) == (400, "cloudKmsDisabledKey")
    [violation] = answer["error"]["details"][0]["violations"]
    assert violation == {"type": "KEY_DISABLED", "subject": f"{key.name}/cryptoKeyVersions/1"}


def test_keys_are_where_the_data_is(emulator: RunningEmulator, unique: Names) -> None:
    agents = [agent_of(emulator, service) for service in ("storage", "healthcare", "bigquery")]
    key = make_key(emulator, unique("us"), *agents)
    for path, body in (
        (f"/storage/v1/b?project={PROJECT}", {"location": "EU", "encryption": {"defaultKmsKeyName": key}}),
        (f"/v1/projects/{PROJECT}/locations/us-central1/datasets?datasetId=d", {"encryptionSpec": {"kmsKeyName": key}}),
        (
            f"/bigquery/v2/projects/{PROJECT}/datasets",
            {"location": "europe-west4", "defaultEncryptionConfiguration": {"kmsKeyName": key}},
        ),
    ):
        name = unique("elsewhere")
        whole = {**body, "name": name, "datasetReference": {"datasetId": name.replace("-", "_")}}
        sent = {"encryptionSpec": whole["encryptionSpec"]} if "encryptionSpec" in whole else whole
        code, answer = emulator.request("POST", path, sent)
        assert (code, "is in us;" in answer["error"]["message"]) == (400, True), answer


@WAYS
def test_stores_close_with_their_datasets_key(
    emulator: RunningEmulator, unique: Names, key: Callable[[str], Broken], how: str
) -> None:
    found, name = key("healthcare"), unique("keyed")
    parent = f"/v1/projects/{PROJECT}/locations/us/datasets"
    spec = {"encryptionSpec": {"kmsKeyName": found.name}}
    assert emulator.request("POST", f"{parent}?datasetId={name}", spec)[0] == 200
    dataset = f"{parent}/{name}"
    assert emulator.request("POST", f"{dataset}/dicomStores?dicomStoreId=images", {})[0] == 200
    assert emulator.request("POST", f"{dataset}/fhirStores?fhirStoreId=records", {"version": "R4"})[0] == 200
    resources = f"{dataset}/fhirStores/records/fhir/Patient"
    code, patient = emulator.request("POST", resources, {"resourceType": "Patient"})
    assert code == 201
    found.take(how)
    expected = 403 if how == "revoked" else 400
    for verb, path, body in (
        ("GET", f"{dataset}/dicomStores/images/dicomWeb/studies", None),
        ("GET", f"{resources}/{patient['id']}", None),
        ("POST", resources, {"resourceType": "Patient"}),
        ("POST", f"{dataset}/dicomStores?dicomStoreId=more", {}),
        ("POST", f"{dataset}/dicomStores/images:export", {"gcsDestination": {"uriPrefix": "gs://none"}}),
    ):
        code, answer = emulator.request(verb, path, body)
        assert (code, found.name in json.dumps(answer)) == (expected, True), (path, answer)
    assert emulator.request("GET", f"{dataset}/dicomStores/images")[0] == 200
    assert emulator.request("GET", f"{dataset}/operations")[0] == 200
    found.give_back(how)
    assert emulator.request("GET", f"{resources}/{patient['id']}")[0] == 200
    found.take(how)
    assert emulator.request("DELETE", dataset)[0] == 200


@WAYS
def test_tables_close_with_their_key(
    bigquery_client: bigquery.Client, unique: Names, key: Callable[[str], Broken], how: str
) -> None:
    found, name = key("bigquery"), unique("keyed").replace("-", "_")
    dataset = bigquery.Dataset(f"{PROJECT}.{name}")
    dataset.default_encryption_configuration = bigquery.EncryptionConfiguration(found.name)
    bigquery_client.create_dataset(dataset)
    bigquery_client.query_and_wait(f"CREATE TABLE `{name}.labels` AS SELECT 1 AS x")
    bigquery_client.query_and_wait(f"CREATE VIEW `{name}.seen` AS SELECT x FROM `{name}.labels`")
    table = bigquery_client.get_table(f"{name}.labels")
    found.take(how)
    said = "Please grant Cloud KMS CryptoKey" if how == "revoked" else "is not enabled, current state is"
    for refused in (
        lambda: bigquery_client.query_and_wait(f"SELECT x FROM `{name}.labels`"),
        lambda: bigquery_client.query_and_wait(f"SELECT x FROM `{name}.seen`"),
        lambda: bigquery_client.query_and_wait(f"INSERT INTO `{name}.labels` VALUES (2)"),
        lambda: bigquery_client.query_and_wait(f"CREATE TABLE `{name}.more` (x INT64)"),
        lambda: bigquery_client.query_and_wait(f"SELECT x FROM `{name}.label*`"),
        lambda: list(bigquery_client.list_rows(table)),
        lambda: bigquery_client.insert_rows_json(table, [{"x": 3}]),
        lambda: bigquery_client.copy_table(table, f"{PROJECT}.{name}.copy").result(),
        lambda: bigquery_client.load_table_from_json([{"x": 4}], table).result(),
    ):
        with pytest.raises(exceptions.BadRequest, match=said):
            refused()
    assert bigquery_client.get_table(f"{name}.labels").num_rows == 1
    found.give_back(how)
    assert [row.x for row in bigquery_client.query_and_wait(f"SELECT x FROM `{name}.labels`")] == [1]


def test_a_table_stays_with_its_version(
    bigquery_client: bigquery.Client, emulator: RunningEmulator, unique: Names, key: Callable[[str], Broken]
) -> None:
    """BigQuery: Customer-managed Cloud KMS keys: a table is not encrypted anew when its key is rotated."""
    found, name = key("bigquery"), unique("keyed").replace("-", "_")
    bigquery_client.create_dataset(f"{PROJECT}.{name}")
    option = f"OPTIONS(kms_key_name='{found.name}')"
    bigquery_client.query_and_wait(f"CREATE TABLE `{name}.old` (x INT64) {option}")
    rotate(emulator, found.name)
    bigquery_client.query_and_wait(f"CREATE TABLE `{name}.new` (x INT64) {option}")
    set_state(emulator, found.name, "DISABLED")
    assert list(bigquery_client.query_and_wait(f"SELECT * FROM `{name}.new`")) == []
    with pytest.raises(exceptions.BadRequest, match=f"{found.name}/cryptoKeyVersions/1 is not enabled"):
        bigquery_client.query_and_wait(f"SELECT * FROM `{name}.old`")


@WAYS
def test_messages_wait_for_their_topics_key(
    publisher: pubsub_v1.PublisherClient,
    subscriber: pubsub_v1.SubscriberClient,
    unique: Names,
    key: Callable[[str], Broken],
    how: str,
) -> None:
    found = key("pubsub")
    topic, subscription = f"projects/{PROJECT}/topics/{unique('t')}", f"projects/{PROJECT}/subscriptions/{unique('s')}"
    publisher.create_topic(request={"name": topic, "kms_key_name": found.name})
    subscriber.create_subscription(name=subscription, topic=topic)
    publisher.publish(topic, b"before").result()
    opening = types.StreamingPullRequest(subscription=subscription, stream_ack_deadline_seconds=10)
    found.take(how)
    said = "did not have the necessary permissions" if how == "revoked" else "is not enabled, current state is"
    with pytest.raises(exceptions.FailedPrecondition, match=said):
        publisher.publish(topic, b"within", retry=None).result()
    with pytest.raises(exceptions.FailedPrecondition, match=said):
        subscriber.pull(subscription=subscription, max_messages=10, retry=None)
    with pytest.raises(exceptions.FailedPrecondition, match=said):
        next(iter(subscriber.streaming_pull(iter([opening]), retry=None)))
    found.give_back(how)
    pulled = subscriber.pull(subscription=subscription, max_messages=10)
    assert [one.message.data for one in pulled.received_messages] == [b"before"]


def test_imports_say_that_an_objects_key_is_disabled(
    emulator: RunningEmulator, keyed_bucket: Any, unique: Names
) -> None:
    """Each object that can't be decrypted is a failure of its own, in the log with its reason."""
    bucket, key = keyed_bucket
    bucket.blob("image.dcm").upload_from_string(b"x")
    agent = agent_of(emulator, "healthcare")
    policy = bucket.get_iam_policy()
    policy.bindings.append({"role": "roles/storage.objectViewer", "members": {f"serviceAccount:{agent}"}})
    bucket.set_iam_policy(policy)
    dataset = f"projects/{PROJECT}/locations/us/datasets/{unique('importing')}"
    parent, _, name = dataset.rpartition("/datasets/")
    assert emulator.request("POST", f"/v1/{parent}/datasets?datasetId={name}", {})[0] == 200
    assert emulator.request("POST", f"/v1/{dataset}/dicomStores?dicomStoreId=images", {})[0] == 200
    set_state(emulator, key.name, "DISABLED")
    source = {"gcsSource": {"uri": f"gs://{bucket.name}/*.dcm"}}
    code, begun = emulator.request("POST", f"/v1/{dataset}/dicomStores/images:import", source)
    assert code == 200, begun
    operation = wait(emulator, begun["name"])
    assert operation["metadata"]["counter"]["failure"] == "1", operation
    wish = {"resourceNames": [f"projects/{PROJECT}"], "filter": f'operation.id="{begun["name"]}"'}
    entries = emulator.request("POST", "/v2/entries:list", wish)[1]["entries"]
    assert DISABLED in json.dumps(entries)


def by_owner(emulator: RunningEmulator) -> dict[str, str]:
    """The header of a call of the XML API."""
    return {"Authorization": f"Bearer {emulator.owner_token}"}


def wait(emulator: RunningEmulator, name: str) -> Any:
    """The operation when it is done."""
    return eventually(lambda: emulator.request("GET", f"/v1/{name}")[1], lambda operation: operation.get("done"))


def test_uses_by_agents_are_audited(start_emulator: Callable[..., RunningEmulator]) -> None:
    """Cloud KMS: audit logging: Encrypt and Decrypt are DATA_READ, by the service's agent."""
    own = start_emulator()
    agent = agent_of(own, "storage")
    key = make_key(own, "ring", agent)
    path = f"/v1/projects/{PROJECT}"
    policy = own.request("POST", f"{path}:getIamPolicy", {})[1]
    policy["auditConfigs"] = [{"service": "cloudkms.googleapis.com", "auditLogConfigs": [{"logType": "DATA_READ"}]}]
    assert (
        own.request("POST", f"{path}:setIamPolicy", {"policy": policy, "updateMask": "auditConfigs,bindings,etag"})[0]
        == 200
    )
    body = {"name": "audited-keyed", "encryption": {"defaultKmsKeyName": key}}
    assert own.request("POST", f"/storage/v1/b?project={PROJECT}", body)[0] == 200
    upload = "/upload/storage/v1/b/audited-keyed/o?uploadType=media&name=x"
    assert own.request("POST", upload, {"a": 1})[0] == 200
    assert own.request("GET", "/storage/v1/b/audited-keyed/o/x?alt=media")[0] == 200
    wish = {"resourceNames": [f"projects/{PROJECT}"], "filter": 'protoPayload.serviceName="cloudkms.googleapis.com"'}

    def used() -> set[str]:
        entries = own.request("POST", "/v2/entries:list", wish)[1].get("entries", [])
        uses = [one["protoPayload"] for one in entries if one["protoPayload"]["resourceName"] == key]
        by_agent = [one for one in uses if one["authenticationInfo"]["principalEmail"] == agent]
        return {one["methodName"].rpartition(".")[2] for one in by_agent}

    eventually(used, lambda verbs: verbs >= {"encrypt", "decrypt"})
