"""Acknowledgements: the ACK of a message that was taken, the NACK of one that was not (HL7 v2.5, 2.9.2 and 2.15).

The header's applications and facilities change places, MSA-1 is AA or AE, MSA-2 the control id of the message. MSH-9 is
ACK alone and nothing follows MSA, as in those that Google shows (Cloud Healthcare: "Transmitting HL7v2 messages over
TCP/IP connections"; GoogleCloudPlatform/mllp, issue 9).
"""

from emulator.hl7v2 import escapes
from emulator.hl7v2.delimiters import STANDARD, Delimiters
from emulator.hl7v2.errors import MessageError
from emulator.hl7v2.message import HEADER, Message

ACCEPTED, ERROR = "AA", "AE"
_TYPE, _VERSION, _PROCESSING = "ACK", "2.3", "P"


def ack(message: Message, time: str, control_id: str) -> bytes:
    """The ACK of a message; `time` is an HL7 time stamp."""
    return _encoded(message, time, control_id, [ACCEPTED, message.control_id])


def nack(raw: bytes, terminator: bytes, time: str, control_id: str, reason: str) -> bytes:
    """The NACK of what was sent, be it a message or not, with a sentence that says why."""
    message = _header_of(raw, terminator)
    text = escapes.escaped(reason, message.delimiters)
    return _encoded(message, time, control_id, [ERROR, message.control_id, text])


def _encoded(message: Message, time: str, control_id: str, outcome: list[str]) -> bytes:
    separators = message.delimiters
    header = [
        HEADER,
        separators.encoding,
        *(message.field(HEADER, number) for number in (5, 6, 3, 4)),
        time,
        "",
        _TYPE,
        control_id,
        message.field(HEADER, 11) or _PROCESSING,
        message.field(HEADER, 12) or _VERSION,
    ]
    return "\r".join(separators.field.join(each) for each in (header, ["MSA", *outcome])).encode()


def _header_of(raw: bytes, terminator: bytes) -> Message:
    """What can be told of the header of bytes that need not be a message."""
    line = raw.split(terminator, 1)[0].decode("utf-8", "replace")
    try:
        if not line.startswith(HEADER):
            return Message(STANDARD, [HEADER])
        delimiters: Delimiters = Delimiters.of_header(line)
    except MessageError:
        return Message(STANDARD, [HEADER])
    return Message(delimiters, [line])
