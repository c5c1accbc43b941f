"""What is a message, and what can be read off it (HL7 v2.5, chapter 2)."""

import pytest

from emulator.hl7v2.errors import MessageError
from emulator.hl7v2.message import UNSUPPORTED, Message
from tests.emulator.hl7v2.samples import ADMISSION, GOOGLE


def test_fields_have_the_numbers_of_hl7() -> None:
    message = Message.parse(ADMISSION)
    assert message.field("MSH", 1) == "|"
    assert message.field("MSH", 2) == "^~\\&"
    assert message.field("MSH", 4) == "GOOD HEALTH HOSPITAL"
    assert (message.message_type, message.trigger, message.control_id) == ("ADT", "A01", "MSG00001")
    assert message.field("PID", 8) == "M"
    assert message.field("PID", 80) == message.field("ZZZ", 1) == ""


def test_patient_ids_are_those_of_pid_2_3_and_4() -> None:
    assert list(Message.parse(GOOGLE).patient_ids()) == [
        ("14\x01111", ""),
        ("11111111", "MRN"),
        ("1111111111", "ORGNMBR"),
    ]
    assert list(Message.parse(b"MSH|^~\\&|A\rPID|1|2^^^^A|^^^^B|4~5^^^^C\r").patient_ids()) == [
        ("2", "A"),
        ("4", ""),
        ("5", "C"),
    ]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "is empty"),
        (b"\r\r", "is empty"),
        (b"PID|1\r", "does not begin with an MSH segment"),
        (b"\x0bMSH|^~\\&|A\r", "does not begin with an MSH segment"),
        (b"MSH", "MSH-2"),
        (b"MSH|", "MSH-2"),
        (b"MSH|^|A", "MSH-2"),
        (b"MSH|^^\\&|A", "different characters"),
        (b"MSHA^~\\&A", "different characters"),
        (b"MSH|^~\\&|A\r\nPID|1\r\n", "segment 2"),
        (b"MSH|^~\\&|A\rP|1", "segment 2"),
        (b"MSH|^~\\&|A\r1AB|1", "segment 2"),
        (b"MSH|^~\\&|A\rPID|\xff", UNSUPPORTED),
        (b"MSH|^~\\&|A|||||||||||||||8859/1\r", UNSUPPORTED),
        (b"MSH|^~\\&|A|||||||||||||||ASCII~UNICODE UTF-16\r", UNSUPPORTED),
        # GoogleCloudPlatform/mllp, issue 21: another line end makes MSH-18 run into the next segment.
        (b"MSH|^~\\&|A|||||||||||||||UNICODE UTF-8\nPID|1\n", UNSUPPORTED),
    ],
)
def test_what_is_no_message_is_said_in_a_sentence(raw: bytes, words: str) -> None:
    with pytest.raises(MessageError, match=words):
        Message.parse(raw)


@pytest.mark.parametrize("encoding", ["", "ASCII", "ascii", "UTF-8", "UNICODE UTF-8", "ASCII~UNICODE UTF-8"])
def test_ascii_and_utf8_are_read(encoding: str) -> None:
    raw = f"MSH|^~\\&|A|||||||||||||||{encoding}\rPID|1||||Zoë\r".encode()
    assert Message.parse(raw).field("PID", 5) == "Zoë"


def test_terminator_is_as_wanted() -> None:
    raw = ADMISSION.replace(b"\r", b"\r\n")
    assert Message.parse(raw, b"\r\n").segments == Message.parse(ADMISSION).segments


def test_header_may_be_missing_where_that_is_allowed() -> None:
    message = Message.parse(b"PID|1||7^^^^MR\r", allow_null_header=True)
    assert list(message.patient_ids()) == [("7", "MR")]
    assert (message.message_type, message.control_id, message.field("MSH", 4)) == ("", "", "")
