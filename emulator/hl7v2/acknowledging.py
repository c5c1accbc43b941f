"""Acknowledgements: the ACK of a message that was taken, the NACK of one that was not (HL7 v2.5, 2.9.2 and 2.15).

The header's applications and facilities change places, MSA-1 is AA or AE, MSA-2 the control id of the message.
"""

from emulator.hl7v2 import escapes
from emulator.hl7v2.delimiters import STANDARD, Delimiters
from emulator.hl7v2.errors import MessageError
from emulator.hl7v2.message import HEADER, Message

ACCEPTED, ERROR = "AA", "AE"
_VERSION, _PROCESSING = "2.3", "P"
_NO_STRUCTURE = ("2.1", "2.2", "2.3", "2.3.1", "2.4")
"""Versions in which HAPI HL7v2 gives MSH-9 of an acknowledgement no message structure."""


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
        _type_of(message),
        control_id,
        message.field(HEADER, 11) or _PROCESSING,
        message.field(HEADER, 12) or _VERSION,
    ]
    return "".join(f"{separators.field.join(each)}\r" for each in (header, ["MSA", *outcome])).encode()


def _type_of(message: Message) -> str:
    """MSH-9 of the acknowledgement: the trigger is that of the message."""
    parts = ["ACK", message.trigger]
    if message.component(HEADER, 12) not in (*_NO_STRUCTURE, ""):
        parts.append("ACK")
    return message.delimiters.component.join(parts) if message.trigger else "ACK"


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
