"""Cloud Storage subscriptions (Pub/Sub: "Cloud Storage subscriptions", "Create Cloud Storage subscriptions")."""

import base64
import io
import re
from collections.abc import Callable
from typing import Any

import fastavro
import orjson
import pytest
from google.cloud import storage

from emulator.settings import project_number
from tests.conftest import PROJECT
from tests.support.accounts import grant
from tests.support.emulator import RunningEmulator
from tests.support.patience import eventually

Names = Callable[[str], str]
Subscribe = Callable[..., str]
AGENT = f"serviceAccount:service-{project_number(PROJECT)}@gcp-sa-pubsub.iam.gserviceaccount.com"


@pytest.fixture
def bucket(emulator: RunningEmulator, storage_client: storage.Client, unique: Names) -> storage.Bucket:
    """A bucket to which Pub/Sub's agent may write."""
    made: storage.Bucket = storage_client.create_bucket(unique("messages"))
    for role in ("roles/storage.objectCreator", "roles/storage.legacyBucketReader"):
        grant(emulator, f"buckets/{made.name}", AGENT, role)
    return made


def publish(emulator: RunningEmulator, topic: str, *data: bytes, **more: Any) -> None:
    messages = [{"data": base64.b64encode(one).decode(), **more} for one in data]
    assert emulator.request("POST", f"/v1/{topic}:publish", {"messages": messages})[0] == 200


def files(emulator: RunningEmulator, bucket: storage.Bucket) -> list[storage.Blob]:
    """The files of a bucket, once what is held back is written."""
    while not (found := list(bucket.list_blobs())):
        assert emulator.request("POST", "/_emulator/chores")[0] == 200
    return found


def test_text_goes_to_files_a_message_a_line(
    emulator: RunningEmulator, bucket: storage.Bucket, subscribe: Subscribe, topic: str
) -> None:
    subscribe(
        cloudStorageConfig={
            "bucket": bucket.name,
            "filenamePrefix": "events/",
            "filenameSuffix": ".txt",
            "filenameDatetimeFormat": "YYYY/MM/DD/hh_mm_ss",
        }
    )
    publish(emulator, topic, b"first", b"second")
    [file] = files(emulator, bucket)
    assert re.fullmatch(r"events/\d{4}/\d\d/\d\d/\d\d_\d\d_\d\d_[0-9a-f]{6}\.txt", file.name)
    assert file.download_as_bytes() == b"first\nsecond\n"


def test_avro_files_have_data_and_metadata(
    emulator: RunningEmulator, bucket: storage.Bucket, subscribe: Subscribe, topic: str
) -> None:
    name = subscribe(cloudStorageConfig={"bucket": bucket.name, "avroConfig": {"writeMetadata": True}})
    publish(emulator, topic, b"\x00", attributes={"a": "1"}, orderingKey="study")
    [file] = files(emulator, bucket)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00_[0-9a-f]{6}", file.name)
    [record] = fastavro.reader(io.BytesIO(file.download_as_bytes()))
    assert isinstance(record, dict)
    assert (record["subscription_name"], record["data"]) == (name, b"\x00")
    assert record["attributes"] == {"a": "1", "ordering_key": "study"}


@pytest.mark.parametrize("metadata", [False, True])
def test_the_topic_s_schema_says_the_record(
    emulator: RunningEmulator, bucket: storage.Bucket, unique: Names, metadata: bool
) -> None:
    """A file for each revision; what is told beside are fields of their own (CloudStorageConfig.AvroConfig)."""
    fields = [{"name": "modality", "type": "string"}, {"name": "images", "type": "int"}]
    schema = f"projects/{PROJECT}/schemas/{unique('schema')}"

    def definition(fields: list[dict[str, Any]]) -> dict[str, str]:
        text = orjson.dumps({"type": "record", "name": "Study", "fields": fields}).decode()
        return {"type": "AVRO", "definition": text}

    def put(topic: str, body: dict[str, Any]) -> None:
        code, answer = emulator.request("PUT", f"/v1/projects/{PROJECT}/{topic}", body)
        assert code == 200, answer

    path = f"/v1/projects/{PROJECT}/schemas?schemaId={schema.rsplit('/', 1)[-1]}"
    assert emulator.request("POST", path, definition(fields))[0] == 200
    topic, name = unique("topic"), unique("subscription")
    put(f"topics/{topic}", {"schemaSettings": {"schema": schema, "encoding": "JSON"}})
    avro = {"useTopicSchema": True, "writeMetadata": metadata}
    config = {"bucket": bucket.name, "avroConfig": avro}
    put(f"subscriptions/{name}", {"topic": f"projects/{PROJECT}/topics/{topic}", "cloudStorageConfig": config})
    publish(emulator, f"projects/{PROJECT}/topics/{topic}", b'{"modality": "DX", "images": 2}')
    [file] = files(emulator, bucket)
    [record] = fastavro.reader(io.BytesIO(file.download_as_bytes()))
    assert isinstance(record, dict)
    assert (record["modality"], record["images"]) == ("DX", 2)
    told = {"subscription_name", "message_id", "publish_time", "attributes"}
    assert set(record) == {"modality", "images"} | (told if metadata else set())


def test_a_file_is_written_once_it_is_full(
    emulator: RunningEmulator, bucket: storage.Bucket, subscribe: Subscribe, topic: str
) -> None:
    subscribe(cloudStorageConfig={"bucket": bucket.name, "maxMessages": "1000", "avroConfig": {}})
    publish(emulator, topic, *[b"x"] * 1000)
    found = eventually(lambda: list(bucket.list_blobs()))
    assert len(list(fastavro.reader(io.BytesIO(found[0].download_as_bytes())))) == 1000


@pytest.mark.parametrize(
    "wrong",
    [
        {"maxDuration": "59s"},
        {"maxDuration": "601s"},
        {"maxBytes": "1000"},
        {"maxMessages": "999"},
        {"filenameSuffix": "/"},
        {"filenameDatetimeFormat": "YYYY"},
        {"filenameDatetimeFormat": "YYYY-MM-DD hh:mm:ss"},
        {"textConfig": {}, "avroConfig": {}},
    ],
    ids=str,
)
def test_what_is_out_of_bounds_is_refused(
    emulator: RunningEmulator, bucket: storage.Bucket, topic: str, unique: Names, wrong: dict[str, Any]
) -> None:
    config = {"topic": topic, "cloudStorageConfig": {"bucket": bucket.name, **wrong}}
    name = f"projects/{PROJECT}/subscriptions/{unique('wrong')}"
    assert emulator.request("PUT", f"/v1/{name}", config)[0] == 400
