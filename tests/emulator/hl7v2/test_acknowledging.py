"""Acknowledgements, beside those that Google shows, and those of HAPI HL7v2 2.6.0 for what Google's don't tell.

record_acknowledgements.py says how HAPI's were recorded.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from emulator.hl7v2 import acknowledging
from emulator.hl7v2.message import HEADER, UNSUPPORTED, Message

RECORD: list[dict[str, Any]] = json.loads((Path(__file__).parent / "acknowledgements.json").read_text())
TIME, CONTROL_ID = "20240101000000", "x"
_SAME = (1, 2, 8, 12)
"""The fields of MSH that must be HAPI's. The time and the control id are the answerer's own; MSH-9 is Google's."""


def differences(ours: Message, theirs: Message) -> dict[int, tuple[str, str]]:
    """The fields of the headers that differ, ours first."""
    pairs = {number: (ours.field(HEADER, number), theirs.field(HEADER, number)) for number in _SAME}
    return {number: pair for number, pair in pairs.items() if pair[0] != pair[1]}


@pytest.mark.parametrize("record", RECORD, ids=range(len(RECORD)))
def test_acknowledgements_are_those_of_hapi(record: dict[str, Any]) -> None:
    raw = record["message"].encode()
    ack = acknowledging.ack(Message.parse(raw), TIME, CONTROL_ID)
    nack = acknowledging.nack(raw, b"\r", TIME, CONTROL_ID, "It was refused.")
    for ours, theirs in ((ack, record["ack"]), (nack, record["nack"])):
        mine, reference = Message.parse(ours), Message.parse(theirs.encode())
        assert differences(mine, reference) == {}
        assert mine.field(HEADER, 9) == reference.component(HEADER, 9) == "ACK"
        for field in (3, 4, 5, 6, 11):  # of these HAPI keeps the first component only
            assert mine.component(HEADER, field) == reference.component(HEADER, field)
        assert [mine.field("MSA", number) for number in (1, 2)] == [reference.field("MSA", number) for number in (1, 2)]


def test_ack_is_as_google_shows_it() -> None:
    # Cloud Healthcare: "Transmitting HL7v2 messages over TCP/IP connections", what the store answers to its sample.
    raw = (
        b"MSH|^~\\&|FROM_APP|FROM_FACILITY|TO_APP|TO_FACILITY|20150503223000||ADT^A01|20150503223000|P|2.5|\rEVN|A01\r"
    )
    assert acknowledging.ack(Message.parse(raw), "19700101010000", "c507a97e-438d-44b0-b236-ea95e5ecbbfb") == (
        b"MSH|^~\\&|TO_APP|TO_FACILITY|FROM_APP|FROM_FACILITY|19700101010000||ACK|c507a97e-438d-44b0-b236-ea95e5ecbbfb"
        b"|P|2.5\rMSA|AA|20150503223000"
    )


def test_nack_is_as_google_sent_it() -> None:
    # GoogleCloudPlatform/mllp, issue 9: the hl7Nack of an error; of the message only this much follows from it.
    raw = b"MSH|^~\\&|EEH|EHS|||20191205||ADT^A08|1026295|P|2.3|||||||8859/1\r"
    control_id = "16e1e565-2be9-4895-a2a3-ec432c0e02dd"
    assert acknowledging.nack(raw, b"\r", "20191205184132", control_id, UNSUPPORTED) == (
        b"MSH|^~\\&|||EEH|EHS|20191205184132||ACK|16e1e565-2be9-4895-a2a3-ec432c0e02dd|P|2.3\r"
        b"MSA|AE|1026295|unsupported encoding in message, only ASCII and UTF-8 are supported"
    )


def test_every_version_is_on_record() -> None:
    assert {Message.parse(each["message"].encode()).field(HEADER, 12) for each in RECORD} >= {
        "2.1",
        "2.3.1",
        "2.5",
        "2.8",
    }


def test_nack_says_why_with_delimiters_escaped() -> None:
    raw = b"MSH|^~\\&|A|B|C|D|||ORU^R01|42|P|2.5\r"
    text = acknowledging.nack(raw, b"\r", TIME, CONTROL_ID, "a | b ^ c & d ~ e \\ f").decode()
    assert text == (
        "MSH|^~\\&|C|D|A|B|20240101000000||ACK|x|P|2.5\rMSA|AE|42|a \\F\\ b \\S\\ c \\T\\ d \\R\\ e \\E\\ f"
    )


@pytest.mark.parametrize("raw", [b"", b"\r", b"PID|1\r", b"\xff\xfe", b"MSH", b"MSH||", b"MSHxx"])
def test_what_is_no_message_still_gets_a_nack(raw: bytes) -> None:
    nack = Message.parse(acknowledging.nack(raw, b"\r", TIME, CONTROL_ID, "no"))
    assert nack.field(HEADER, 9) == "ACK"
    assert nack.segments[1] == ["MSA", "AE", "", "no"]
