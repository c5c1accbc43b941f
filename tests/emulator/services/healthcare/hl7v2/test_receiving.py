"""messages.create and messages.ingest, in the manner of Google's samples."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from googleapiclient.errors import HttpError

from emulator.hl7v2.message import Message
from emulator.services.healthcare.hl7v2.receiving import LARGEST
from tests.emulator.hl7v2.samples import ADMISSION, GOOGLE
from tests.emulator.services.healthcare.hl7v2.conftest import Hl7V2Store, encoded, refused
from tests.support.emulator import RunningEmulator

Make = Callable[..., Hl7V2Store]


def error_of(caught: pytest.ExceptionInfo[HttpError]) -> dict[str, Any]:
    """The error of an answer: code, message, status, details."""
    error: dict[str, Any] = json.loads(caught.value.content)["error"]
    return error


def nack_of(caught: pytest.ExceptionInfo[HttpError]) -> list[list[str]]:
    """The segments of the NACK of an answer."""
    (detail,) = error_of(caught)["details"]
    assert detail["@type"].endswith(".IngestMessageErrorDetail")
    return Message.parse(base64.b64decode(detail["hl7Nack"])).segments


def test_created_message_is_parsed(hl7v2: Hl7V2Store) -> None:
    made = hl7v2.create(GOOGLE, labels={"priority": "high"})
    assert re.fullmatch(rf"{hl7v2.name}/messages/[\w-]{{43}}=", made["name"])
    assert made["data"] == encoded(GOOGLE)
    assert (made["sendFacility"], made["sendTime"], made["messageType"], made["labels"]) == (
        "SEND_FACILITY",
        "2018-01-01T00:00:00Z",
        "TYPE",
        {"priority": "high"},
    )
    assert made["patientIds"] == [
        {"value": "14\x01111"},
        {"value": "11111111", "type": "MRN"},
        {"value": "1111111111", "type": "ORGNMBR"},
    ]
    assert made["parsedData"]["segments"][0]["fields"]["8.1"] == "TYPE"
    assert hl7v2.get(made["name"]) == made


def test_ingested_message_is_acknowledged(hl7v2: Hl7V2Store) -> None:
    ack, message = hl7v2.ingest(ADMISSION)
    header, outcome = Message.parse(ack).segments
    assert header[2:6] == ["GHH LAB", "GHH", "ADT1", "GOOD HEALTH HOSPITAL"]
    assert (header[8], header[10], header[11]) == ("ACK", "P", "2.5.1")
    assert UUID(header[9]).version == 4
    assert outcome == ["MSA", "AA", "MSG00001"]
    assert message == hl7v2.get(message["name"])


def test_same_bytes_are_one_message_with_the_same_ack(hl7v2: Hl7V2Store) -> None:
    first, second = hl7v2.ingest(ADMISSION), hl7v2.ingest(ADMISSION, labels={"again": "yes"})
    assert first == second
    assert hl7v2.create(ADMISSION) == first[1]
    assert hl7v2.ingest(GOOGLE)[1]["name"] != first[1]["name"]


def test_store_may_reject_duplicates(make_hl7v2: Make) -> None:
    store = make_hl7v2(rejectDuplicateMessage=True)
    _, message = store.ingest(ADMISSION)
    with pytest.raises(HttpError) as created:
        store.create(ADMISSION)
    with pytest.raises(HttpError) as ingested:
        store.ingest(ADMISSION)
    assert error_of(created)["code"] == error_of(ingested)["code"] == 409
    assert nack_of(ingested)[1][:3] == ["MSA", "AE", "MSG00001"]
    store.messages.delete(name=message["name"]).execute()
    assert store.create(ADMISSION)["name"] == message["name"]


@pytest.mark.parametrize(
    ("raw", "control_id", "words"),
    [
        (b"PID|1||7\r", "", "MSH"),
        (b"MSH|^~\\&|A|B|C|D|||ADT^A01|42|P|2.3\r\nPID|1\r\n", "42", "segment 2"),
        (b"MSH|^~\\&|A|B|C|D|||ADT^A01|42|P|2.3||||||8859/1\r", "42", "only ASCII and UTF-8 are supported"),
        (b"MSH|^~\\&|A|B|C|D|||ADT^A01|42|P|2.3\rPID|1||||\xe9\r", "42", "only ASCII and UTF-8 are supported"),
        (b"MSH||A\r", "", "MSH-2"),
    ],
)
def test_what_is_no_message_is_refused_with_a_nack(hl7v2: Hl7V2Store, raw: bytes, control_id: str, words: str) -> None:
    with pytest.raises(HttpError) as ingested:
        hl7v2.ingest(raw)
    assert (error_of(ingested)["code"], error_of(ingested)["status"]) == (400, "INVALID_ARGUMENT")
    assert words in error_of(ingested)["message"]
    header, outcome = nack_of(ingested)
    assert header[8].startswith("ACK")
    assert outcome[:3] == ["MSA", "AE", control_id]
    assert words in outcome[3]
    with pytest.raises(HttpError) as created:
        hl7v2.create(raw)
    assert error_of(created)["message"] == error_of(ingested)["message"]
    assert "details" not in error_of(created)


@pytest.mark.parametrize("body", [{}, {"message": {}}, {"message": {"labels": {"a": "b"}}}, {"message": {"data": ""}}])
@pytest.mark.parametrize("method", ["create", "ingest"])
def test_message_is_required(hl7v2: Hl7V2Store, method: str, body: dict[str, Any]) -> None:
    with pytest.raises(HttpError, match="is required") as refused:
        getattr(hl7v2.messages, method)(parent=hl7v2.name, body=body).execute()
    assert error_of(refused)["code"] == 400


def test_largest_message_is_taken_and_no_larger_one(hl7v2: Hl7V2Store) -> None:
    start = GOOGLE + b"\rOBX|1|TX|A||"
    largest = start + b"x" * (LARGEST // 4 * 3 - len(start))
    assert hl7v2.ingest(largest)[1]["parsedData"]["segments"][3]["fields"]["5"][-3:] == "xxx"
    with pytest.raises(HttpError, match="at most") as refused:
        hl7v2.ingest(largest + b"x")
    assert error_of(refused)["code"] == 400
    assert nack_of(refused)[1][:3] == ["MSA", "AE", "20180101000000"]


def test_send_time_is_of_the_datasets_time_zone(
    emulator: RunningEmulator, healthcare: Any, make_hl7v2: Make, unique: Callable[[str], str]
) -> None:
    parent = f"projects/{emulator.project}/locations/us-central1"
    name = unique("zoned")
    healthcare.projects().locations().datasets().create(
        parent=parent, datasetId=name, body={"timeZone": "America/Chicago"}
    ).execute()
    store = make_hl7v2(parent=f"{parent}/datasets/{name}")
    assert store.create(GOOGLE)["sendTime"] == "2018-01-01T06:00:00Z"
    assert store.create(ADMISSION)["sendTime"] == "2007-08-18T16:26:40Z"
    assert "sendTime" not in store.create(b"MSH|^~\\&|A|B|||today||ADT^A01|1|P|2.3\r")


def test_store_may_take_messages_without_a_header(make_hl7v2: Make) -> None:
    store = make_hl7v2(parserConfig={"allowNullHeader": True})
    ack, message = store.ingest(b"PID|1||7^^^^MR\r")
    assert Message.parse(ack).segments[1] == ["MSA", "AA", ""]
    assert message["patientIds"] == [{"value": "7", "type": "MR"}]
    assert {"messageType", "sendTime", "sendFacility"}.isdisjoint(message)


def test_segments_are_separated_as_the_store_says(make_hl7v2: Make) -> None:
    store = make_hl7v2(parserConfig={"segmentTerminator": encoded(b"\n"), "version": "V2"})
    message = store.create(ADMISSION.replace(b"\r", b"\n"))
    assert [each["segmentId"] for each in message["parsedData"]["segments"]] == ["MSH", "EVN", "PID", "PV1", "AL1"]
    assert message["parsedData"]["segments"][0]["fields"]["1"] == "|"
    store.stores.patch(name=store.name, updateMask="parserConfig.segmentTerminator", body={}).execute()
    assert store.get(message["name"]) == message


def test_a_terminator_is_text(make_hl7v2: Make) -> None:
    for terminator in (b"\xff", b"\r\xc3"):
        with pytest.raises(HttpError) as caught:
            make_hl7v2(parserConfig={"segmentTerminator": encoded(terminator)})
        assert refused(caught.value)[:2] == (
            400,
            "Invalid parserConfig.segmentTerminator: it must be text in UTF-8, as base64.",
        )
