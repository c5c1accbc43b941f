"""python -m tests.emulator.hl7v2.record_acknowledgements: record what HAPI HL7v2 answers to messages.

Needs mvn and java; writes acknowledgements.json beside this file, which the tests compare the emulator's answers with.
"""

import json
from pathlib import Path

from benchmarks.peers.hapi_hl7v2 import acknowledged

RECORD = Path(__file__).parent / "acknowledgements.json"
VERSIONS = ("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8")
_TYPES = ("ADT^A01", "ORM^O01", "ORU^R01", "ADT^A01^ADT_A01")
_HEADERS = (
    "MSH|^~\\&|APP|FAC|TO|TO FAC|20200101000000||{type}|ID \\F\\ 1|P|{version}\rPID|1\r",
    "MSH|^~\\&|APP^1.2.3^ISO||||20200101000000||{type}||T^A|{version}\rPID|1\r",
)
_OTHER_DELIMITERS = str.maketrans("|^~\\&", "*:;!%")


def messages() -> list[bytes]:
    """Messages of each version, with headers that differ in what an acknowledgement takes over."""
    made: list[str] = []
    for version in VERSIONS:
        for kind in _TYPES:
            made += [header.format(type=kind, version=version) for header in _HEADERS]
            made.append(_HEADERS[0].format(type=kind, version=version).translate(_OTHER_DELIMITERS))
    return [text.encode() for text in made]


def main() -> None:
    """Write the record: messages with HAPI's ACK and NACK of each."""
    sent = messages()
    pairs = zip(sent, acknowledged(sent), strict=True)
    record = [{"message": raw.decode(), "ack": ack.decode(), "nack": nack.decode()} for raw, (ack, nack) in pairs]
    RECORD.write_text(json.dumps(record, indent=0) + "\n")


if __name__ == "__main__":
    main()
