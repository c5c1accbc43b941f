"""Import from and export to Cloud Storage and Pub/Sub."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.hl7v2.samples import ADMISSION, GOOGLE
from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.hl7v2.conftest import Hl7V2Store, encoded
from tests.emulator.services.healthcare.hl7v2.test_messages import sent
from tests.emulator.services.healthcare.topics import pull
from tests.support.emulator import RunningEmulator

Make = Callable[..., Hl7V2Store]
Json = dict[str, Any]


@pytest.fixture
def bucket(emulator: RunningEmulator, unique: Callable[[str], str]) -> str:
    """A bucket that the agent may read and write."""
    return transfers.make_bucket(emulator, unique("hl7v2-files"), "roles/storage.objectAdmin")


def lines(*messages: Json) -> bytes:
    """Messages as a file of an import has them."""
    return b"".join(json.dumps(each).encode() + b"\n" for each in messages)


def exported(emulator: RunningEmulator, bucket: str) -> list[Json]:
    """The messages of all files of an export."""
    files = [transfers.download(emulator, bucket, name) for name in transfers.names(emulator, bucket)]
    return [json.loads(line) for file in files for line in file.splitlines()]


def export(emulator: RunningEmulator, store: Hl7V2Store, bucket: str, **more: Any) -> Json:
    """The operation of an export that has ended."""
    destination = {"uriPrefix": f"gs://{bucket}/out", **more.pop("destination", {})}
    return transfers.run(emulator, store.name, "export", {"gcsDestination": destination, **more})


def test_file_of_googles_page_is_imported(emulator: RunningEmulator, hl7v2: Hl7V2Store, bucket: str) -> None:
    # docs.cloud.google.com/healthcare-api: "Importing HL7v2 messages"
    other = GOOGLE.replace(b"SEND_FACILITY", b"SEND_FACILITY_2")
    content = lines({"data": encoded(GOOGLE)}, {"data": encoded(other), "labels": {"foo": "bar"}})
    transfers.upload(emulator, bucket, "in/messages.ndjson", content)
    body = {"gcsSource": {"uri": f"gs://{bucket}/in/*.ndjson"}}
    operation = transfers.run(emulator, hl7v2.name, "import", body)
    assert operation["metadata"]["counter"] == {"success": "2"}
    assert operation["response"] == {
        "@type": "type.googleapis.com/google.cloud.healthcare.v1.hl7v2.ImportMessagesResponse"
    }
    assert [(each["data"], each.get("labels")) for each in hl7v2.list(view="FULL")] == [
        (encoded(GOOGLE), None),
        (encoded(other), {"foo": "bar"}),
    ]


def test_import_replaces_labels_and_is_told_to_nobody(
    emulator: RunningEmulator, make_hl7v2: Make, bucket: str, topic: str
) -> None:
    store = make_hl7v2(notificationConfigs=[{"pubsubTopic": topic}], rejectDuplicateMessage=True)
    made = store.create(GOOGLE, labels={"a": "1"})
    pull(emulator, topic)
    content = lines({"data": encoded(GOOGLE), "labels": {"b": "2"}}, {"data": encoded(GOOGLE), "labels": {"b": "2"}})
    transfers.upload(emulator, bucket, "again", content)
    operation = transfers.run(emulator, store.name, "import", {"gcsSource": {"uri": f"gs://{bucket}/again"}})
    assert operation["metadata"]["counter"] == {"success": "2"}
    assert store.list(view="FULL") == [{**made, "labels": {"b": "2"}}]
    assert pull(emulator, topic) == []


def test_lines_that_fail_are_logged_without_what_they_hold(
    emulator: RunningEmulator, hl7v2: Hl7V2Store, bucket: str
) -> None:
    bad: list[Any] = [
        {"data": encoded(b"PID|1||SECRET\r")},
        {"data": "SECRET!"},
        {"labels": {}},
        {"data": encoded(GOOGLE), "labels": {"a": 1}},
        {"data": encoded(GOOGLE), "labels": {"a": "S" * 64}},
        ["SECRET"],
    ]
    content = b"{SECRET\n" + lines(*bad) + b"\n \n" + lines({"data": encoded(ADMISSION)})
    transfers.upload(emulator, bucket, "bad.ndjson", content)
    operation = transfers.run(emulator, hl7v2.name, "import", {"gcsSource": {"uri": f"gs://{bucket}/bad.ndjson"}})
    assert operation["metadata"]["counter"] == {"success": "1", "failure": "7"}
    entries = transfers.log_entries(emulator, operation["name"])
    assert len(entries) == 7
    assert "SECRET" not in json.dumps(entries)
    payload = entries[-1]["jsonPayload"]
    assert payload["@type"].endswith(".ImportHl7V2LogEntry")
    assert entries[0]["resource"]["type"] == "healthcare_hl7v2_store"
    assert all(each["jsonPayload"]["error"]["code"] == 3 for each in entries)


@pytest.mark.parametrize(
    ("view", "fields"),
    [
        (None, {"name", "data", "sendFacility", "sendTime", "messageType", "createTime", "patientIds", "parsedData"}),
        ("RAW_ONLY", {"name", "data", "sendFacility", "sendTime", "messageType", "createTime", "patientIds"}),
        ("BASIC", {"name"}),
    ],
)
def test_export_has_a_message_a_line_as_it_is_got(
    emulator: RunningEmulator, hl7v2: Hl7V2Store, bucket: str, view: str | None, fields: set[str]
) -> None:
    names = [hl7v2.create(raw)["name"] for raw in (GOOGLE, ADMISSION)]
    destination = {"contentStructure": "MESSAGE_JSON"} | ({"messageView": view} if view else {})
    operation = export(emulator, hl7v2, bucket, destination=destination)
    assert operation["metadata"]["counter"] == {"success": "2"}
    assert operation["response"]["@type"].endswith(".v1.hl7v2.ExportMessagesResponse")
    assert transfers.names(emulator, bucket) == ["out/messages-00001.ndjson"]
    found = exported(emulator, bucket)
    by_send_time = reversed(names)
    assert found == [hl7v2.get(name, view=view or "FULL") for name in by_send_time]
    assert all(each.keys() == fields for each in found)


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({}, [2, 0, 1]),
        ({"startTime": "2020-01-02T00:00:00Z"}, [1]),
        ({"endTime": "2020-01-02T00:00:00Z"}, [0]),
        ({"startTime": "2020-01-01T00:00:00Z", "endTime": "2020-01-03T00:00:00Z"}, [0, 1]),
        ({"filter": 'message_type = "ORU"'}, [1]),
        ({"filter": 'NOT send_facility = "FAC" OR create_time < "2020-01-01T00:00:00Z"'}, []),
    ],
)
def test_export_is_of_send_times_and_a_filter(
    emulator: RunningEmulator, hl7v2: Hl7V2Store, bucket: str, asked: Json, numbers: list[int]
) -> None:
    made = [
        hl7v2.create(sent(0, time="20200101"))["name"],
        hl7v2.create(sent(1, kind="ORU", time="20200102"))["name"],
        hl7v2.create(sent(2, time=""))["name"],
        hl7v2.create(sent(3, time="29990101"))["name"],
    ]
    operation = export(emulator, hl7v2, bucket, destination={"messageView": "BASIC"}, **asked)
    assert "error" not in operation
    assert [each["name"] for each in exported(emulator, bucket)] == [made[number] for number in numbers]


def test_export_and_import_are_a_round_trip(emulator: RunningEmulator, make_hl7v2: Make, bucket: str) -> None:
    first, second = make_hl7v2(), make_hl7v2()
    for number in range(450):
        first.create(sent(number), labels={"number": str(number)})
    assert export(emulator, first, bucket)["metadata"]["counter"] == {"success": "450"}
    body = {"gcsSource": {"uri": f"gs://{bucket}/out/**"}}
    assert transfers.run(emulator, second.name, "import", body)["metadata"]["counter"] == {"success": "450"}
    kept = ("data", "labels", "parsedData", "sendTime", "messageType", "sendFacility", "patientIds")

    def shown(store: Hl7V2Store) -> list[Json]:
        return [{key: each[key] for key in kept} for each in store.list(view="FULL", pageSize=1000)]

    assert shown(second) == shown(first)


def test_names_are_exported_to_a_topic(emulator: RunningEmulator, hl7v2: Hl7V2Store, topic: str) -> None:
    hl7v2.create(GOOGLE)
    name = hl7v2.create(ADMISSION)["name"]
    body = {"pubsubDestination": {"pubsubTopic": topic}, "filter": 'message_type = "ADT"'}
    operation = transfers.run(emulator, hl7v2.name, "export", body)
    assert operation["metadata"]["counter"] == {"success": "1"}
    (message,) = pull(emulator, topic)
    assert (base64.b64decode(message["data"]).decode(), message["attributes"]) == (name, {"msgType": "ADT"})


def test_export_to_a_topic_fails_where_the_agent_may_not_publish(
    emulator: RunningEmulator, hl7v2: Hl7V2Store, unique: Callable[[str], str]
) -> None:
    hl7v2.create(GOOGLE)
    closed = f"projects/{emulator.project}/topics/{unique('closed')}"
    assert emulator.request("PUT", f"/v1/{closed}", {})[0] == 200
    for topic, code in ((closed, 7), (f"{closed}-none", 5)):
        body = {"pubsubDestination": {"pubsubTopic": topic}}
        assert transfers.run(emulator, hl7v2.name, "export", body)["error"]["code"] == code


def test_agent_needs_its_grants(emulator: RunningEmulator, hl7v2: Hl7V2Store, unique: Callable[[str], str]) -> None:
    hl7v2.create(GOOGLE)
    closed = transfers.make_bucket(emulator, unique("closed"))
    transfers.upload(emulator, closed, "m.ndjson", lines({"data": encoded(GOOGLE)}))
    for operation in (
        transfers.run(emulator, hl7v2.name, "import", {"gcsSource": {"uri": f"gs://{closed}/m.ndjson"}}),
        export(emulator, hl7v2, closed),
    ):
        assert operation["error"]["code"] == 7
        assert "required Cloud Storage permission" in operation["error"]["message"]


@pytest.mark.parametrize(
    ("verb", "body", "words"),
    [
        ("import", {}, "gcsSource.uri is required"),
        ("import", {"gcsSource": {"uri": "bucket/x"}}, "gcsSource.uri"),
        ("export", {}, "Exactly one destination"),
        ("export", {"gcsDestination": {"uriPrefix": "x"}}, "uriPrefix"),
        ("export", {"pubsubDestination": {"pubsubTopic": "x"}}, "pubsubTopic"),
        ("export", {"gcsDestination": {"uriPrefix": "gs://bucket"}, "filter": "x"}, "stands alone"),
        ("export", {"gcsDestination": {"uriPrefix": "gs://bucket"}, "startTime": "yesterday"}, "startTime"),
        (
            "export",
            {
                "gcsDestination": {"uriPrefix": "gs://bucket"},
                "startTime": "2020-01-02T00:00:00Z",
                "endTime": "2020-01-02T00:00:00Z",
            },
            "after startTime",
        ),
    ],
)
def test_what_cant_be_started_is_a_400_that_says_why(
    emulator: RunningEmulator, hl7v2: Hl7V2Store, verb: str, body: Json, words: str
) -> None:
    code, answer = emulator.request("POST", f"/v1/{hl7v2.name}:{verb}", body)
    assert (code, words in answer["error"]["message"]) == (400, True), answer


def test_metrics_count_by_type(hl7v2: Hl7V2Store) -> None:
    get = hl7v2.stores.getHL7v2StoreMetrics
    assert get(name=hl7v2.name).execute() == {"name": hl7v2.name}
    for raw in (GOOGLE, ADMISSION, sent(1)):
        hl7v2.create(raw)
    gone = hl7v2.create(sent(2))["name"]
    hl7v2.messages.delete(name=gone).execute()
    assert get(name=hl7v2.name).execute() == {
        "name": hl7v2.name,
        "metrics": [
            {
                "messageType": "ADT",
                "count": "2",
                "structuredStorageSizeBytes": str(len(ADMISSION) + len(sent(1))),
            },
            {"messageType": "TYPE", "count": "1", "structuredStorageSizeBytes": str(len(GOOGLE))},
        ],
    }
