"""Acknowledgements, beside those of HAPI HL7v2 2.6.0 (record_acknowledgements.py says how they were recorded)."""

import json
from pathlib import Path
from typing import Any

import pytest

from emulator.hl7v2 import acknowledging
from emulator.hl7v2.message import HEADER, Message

RECORD: list[dict[str, Any]] = json.loads((Path(__file__).parent / "acknowledgements.json").read_text())
TIME, CONTROL_ID = "20240101000000", "x"
_SAME = (1, 2, 8, 9, 12)
"""The fields of MSH that must be HAPI's; the time and the control id are the answerer's own."""


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
        for field in (3, 4, 5, 6, 11):  # of these HAPI keeps the first component only
            assert mine.component(HEADER, field) == reference.component(HEADER, field)
        assert [mine.field("MSA", number) for number in (1, 2)] == [reference.field("MSA", number) for number in (1, 2)]


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
        "MSH|^~\\&|C|D|A|B|20240101000000||ACK^R01^ACK|x|P|2.5\rMSA|AE|42|a \\F\\ b \\S\\ c \\T\\ d \\R\\ e \\E\\ f\r"
    )


@pytest.mark.parametrize("raw", [b"", b"\r", b"PID|1\r", b"\xff\xfe", b"MSH", b"MSH||", b"MSHxx"])
def test_what_is_no_message_still_gets_a_nack(raw: bytes) -> None:
    nack = Message.parse(acknowledging.nack(raw, b"\r", TIME, CONTROL_ID, "no"))
    assert nack.field(HEADER, 9) == "ACK"
    assert nack.segments[1] == ["MSA", "AE", "", "no"]
