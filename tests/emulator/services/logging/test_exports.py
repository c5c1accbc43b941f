"""Sinks deliver to Cloud Storage, BigQuery and Pub/Sub as Cloud Logging lays entries out."""

import base64
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from google.cloud import bigquery, storage

from tests.conftest import PROJECT
from tests.support.accounts import grant
from tests.support.emulator import RunningEmulator
from tests.support.patience import eventually

Names = Callable[[str], str]


@pytest.fixture
def log(unique: Names) -> str:
    """A log's id of its own, with a slash in it."""
    return f"scans.example.com/{unique('log')}"


@pytest.fixture
def sink(emulator: RunningEmulator, log: str, unique: Names) -> Callable[..., str]:
    """Makes a sink of the log's entries; its writer."""

    def make(destination: str, **settings: Any) -> str:
        body = {"name": unique("sink"), "destination": destination, "filter": f'LOG_ID("{log}")', **settings}
        path = f"/v2/projects/{PROJECT}/sinks?uniqueWriterIdentity=true"
        code, answer = emulator.request("POST", path, body)
        assert code == 200, answer
        return str(answer["writerIdentity"])

    return make


def write(emulator: RunningEmulator, log: str, *entries: dict[str, Any]) -> None:
    name = f"projects/{PROJECT}/logs/{log.replace('/', '%2F')}"
    body = {"logName": name, "resource": {"type": "global"}, "entries": list(entries)}
    assert emulator.request("POST", "/v2/entries:write", body)[0] == 200


def test_objects_are_named_by_log_day_and_hour(
    emulator: RunningEmulator, storage_client: storage.Client, sink: Callable[..., str], log: str, unique: Names
) -> None:
    bucket = storage_client.create_bucket(unique("logs"))
    exclusion = {"name": "quiet", "filter": "severity=DEBUG"}
    writer = sink(f"storage.googleapis.com/{bucket.name}", exclusions=[exclusion])
    grant(emulator, f"buckets/{bucket.name}", writer, "roles/storage.objectCreator")
    first, last = ({"textPayload": text, "timestamp": f"2026-01-02T0{hour}:59:59Z"} for text, hour in ("a8", "b9"))
    write(
        emulator, log, first, last, {"severity": "DEBUG", "textPayload": "quiet", "timestamp": "2026-01-02T08:00:00Z"}
    )
    while len(found := list(bucket.list_blobs())) < 2:
        assert emulator.request("POST", "/_emulator/chores")[0] == 200
    assert [one.name for one in found] == [
        f"{log}/2026/01/02/08:00:00_08:59:59_S0.json",
        f"{log}/2026/01/02/09:00:00_09:59:59_S0.json",
    ]
    [line] = found[0].download_as_bytes().splitlines()
    assert orjson.loads(line)["textPayload"] == "a"


@pytest.mark.parametrize("partitioned", [False, True])
def test_tables_are_named_by_log_and_day_or_partitioned(
    emulator: RunningEmulator, bigquery_client: bigquery.Client, sink: Callable[..., str], log: str, unique: Names,
    partitioned: bool,
) -> None:  # fmt: skip
    dataset = bigquery_client.create_dataset(unique("logs").replace("-", "_"))
    destination = f"bigquery.googleapis.com/projects/{PROJECT}/datasets/{dataset.dataset_id}"
    writer = sink(destination, bigqueryOptions={"usePartitionedTables": partitioned})
    entry = bigquery.AccessEntry("WRITER", "userByEmail", writer.partition(":")[2])
    dataset.access_entries = [*dataset.access_entries, entry]
    bigquery_client.update_dataset(dataset, ["access_entries"])
    proto = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "methodName": "store",
        "authenticationInfo": {"principalEmail": "a@example.com"},
        "request": {"any": 1},
    }
    payload = {"images": 2, "ok": True, "odd-name": "x", "list": [{"a": 1}, {"b": "2"}]}
    write(emulator, log, {"timestamp": "2026-01-02T08:00:00Z", "jsonPayload": payload})
    write(emulator, log, {"timestamp": "2026-01-02T09:00:00Z", "protoPayload": proto, "severity": "NOTICE"})
    table = log.replace(".", "_").replace("/", "_").replace("-", "_") + ("" if partitioned else "_20260102")
    name = f"{PROJECT}.{dataset.dataset_id}.{table}"
    eventually(lambda: table in [one.table_id for one in bigquery_client.list_tables(dataset)])
    eventually(lambda: len(list(bigquery_client.list_rows(name))) >= 2)
    rows = bigquery_client.list_rows(name)  # with the columns that the last of them brought
    first, second = sorted((dict(row) for row in rows), key=lambda row: str(row["timestamp"]))
    assert first["jsonPayload"]["images"] == 2.0
    assert (first["jsonPayload"]["odd_name"], first["jsonPayload"]["ok"]) == ("x", True)
    audit = second["protopayload_auditlog"]
    assert (audit["methodName"], audit["requestJson"], second["severity"]) == ("store", '{"any":1}', "NOTICE")
    assert audit["authenticationInfo"]["principalEmail"] == "a@example.com"
    shown = bigquery_client.get_table(name).time_partitioning
    assert (shown.field if shown else None) == ("timestamp" if partitioned else None)


def test_messages_wait_for_the_writer_s_right(
    emulator: RunningEmulator, sink: Callable[..., str], log: str, unique: Names
) -> None:
    topic, name = (f"projects/{PROJECT}/{kind}/{unique('logs')}" for kind in ("topics", "subscriptions"))
    assert emulator.request("PUT", f"/v1/{topic}", {})[0] == 200
    assert emulator.request("PUT", f"/v1/{name}", {"topic": topic})[0] == 200
    writer = sink(f"pubsub.googleapis.com/{topic}")
    write(emulator, log, {"textPayload": "x", "timestamp": "2026-01-02T08:00:00Z"})
    assert emulator.request("POST", f"/v1/{name}:pull", {"maxMessages": 1, "returnImmediately": True})[1] == {}
    told = {"filter": f'log_id("logging.googleapis.com/sink_error") AND resource.labels.destination:"{topic}"'}
    body = {"resourceNames": [f"projects/{PROJECT}"], **told}
    (entry,) = eventually(lambda: emulator.request("POST", "/v2/entries:list", body)[1].get("entries"))
    assert entry["labels"]["error_code"] == "topic_permission_denied"
    policy = {"policy": {"bindings": [{"role": "roles/pubsub.publisher", "members": [writer]}]}}
    assert emulator.request("POST", f"/v1/{topic}:setIamPolicy", policy)[0] == 200
    answer = eventually(lambda: emulator.request("POST", f"/v1/{name}:pull", {"maxMessages": 1})[1])
    [received] = answer["receivedMessages"]
    assert orjson.loads(base64.b64decode(received["message"]["data"]))["textPayload"] == "x"
    time = received["message"]["attributes"]["logging.googleapis.com/timestamp"]
    assert time == "2026-01-02T08:00:00.000000Z"
