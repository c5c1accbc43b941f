"""What the hospital's systems tell each other in HL7v2.5.1: arrival, order, result and discharge of each visit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from emulator.hospital.films import day, name
from emulator.hospital.people import NAME, Physician
from emulator.hospital.story import Story, Visit

_CHEST = "30745-4^XR Chest Views^LN"
_AUTHORITY = "MADEUP"
"""Who assigns the hospital's ids."""
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Message:
    """A message: its control id (MSH-10), and its bytes, segments ended by carriage returns."""

    id: str
    data: bytes


def messages(story: Story) -> Iterator[Message]:
    """All messages about a patient, in the order in which they were sent."""
    for visit in story.visits:
        yield from _of_visit(visit)


def _of_visit(visit: Visit) -> Iterator[Message]:
    yield _admission(visit, "A01" if visit.admitted else "A04", visit.arrived)
    yield _message(visit, "OMI^O23^OMI_O23", visit.ordered, *_order(visit))
    yield _message(visit, "ORU^R01^ORU_R01", visit.reported, *_result(visit))
    if visit.admitted:
        yield _admission(visit, "A03", visit.left)


def _time(at: datetime) -> str:
    return f"{at:%Y%m%d%H%M%S}+0000"


def _message(visit: Visit, kind: str, at: datetime, *segments: str, event: str = "") -> Message:
    """A message that is sent a second after what it tells of."""
    sender = "RIS" if kind.startswith("ORU") else "HIS"
    receiver = "HIS" if sender == "RIS" else "RIS"
    code = kind.split("^")[1]
    control = f"{visit.id}-{code}"
    places = f"{sender}|{NAME}|{receiver}|{NAME}"
    head = f"MSH|^~\\&|{places}|{_time(at + _SECOND)}||{kind}|{control}|T|2.5.1||||||UNICODE UTF-8"
    parts = [head, *([event] if event else []), _patient(visit), _visit(visit), *segments]
    return Message(control, ("\r".join(parts) + "\r").encode())


def _admission(visit: Visit, event: str, at: datetime) -> Message:
    structure = "ADT_A03" if event == "A03" else "ADT_A01"
    return _message(visit, f"ADT^{event}^{structure}", at, event=f"EVN||{_time(at)}")


def _patient(visit: Visit) -> str:
    patient = visit.patient
    who = f"{patient.id}^^^{_AUTHORITY}^MR||{patient.family}^{patient.given}^^^^^L"
    return f"PID|1||{who}||{patient.born:%Y%m%d}|{patient.sex}"


def _visit(visit: Visit) -> str:
    fields = [""] * 46
    fields[1], fields[2], fields[3] = "1", "I" if visit.admitted else "O", "WARD^1" if visit.admitted else "CLINIC"
    fields[8], fields[19] = _physician(visit.referrer), f"{visit.id}^^^{_AUTHORITY}^VN"
    fields[44] = _time(visit.arrived)
    return ("PV1" + "|".join(fields)).rstrip("|")


def _physician(who: Physician) -> str:
    return f"{who.role.upper()}-{who.number}^{name(who)}"


def _order(visit: Visit) -> Iterator[str]:
    """The imaging order: ORC, OBR, and IPC with accession number and Study Instance UID."""
    yield _common(visit, "NW", visit.ordered)
    yield _procedure(visit, {6: _time(visit.ordered), 31: f"^{visit.reason}"})
    modality = f"{visit.modality}^^DCM"
    yield f"IPC|{visit.accession}|{visit.placer}|{visit.study}|{visit.placer}|{modality}"


def _common(visit: Visit, control: str, at: datetime) -> str:
    orders = f"{visit.placer}^HIS|{visit.accession}^RIS"
    return f"ORC|{control}|{orders}|||||||{_time(at)}|||{_physician(visit.referrer)}"


def _procedure(visit: Visit, more: dict[int, str]) -> str:
    """OBR with further fields by their numbers."""
    known = {1: "1", 2: f"{visit.placer}^HIS", 3: f"{visit.accession}^RIS", 4: _CHEST, 16: _physician(visit.referrer)}
    fields = {**known, **more}
    return "OBR|" + "|".join(fields.get(number, "") for number in range(1, max(fields) + 1))


def _result(visit: Visit) -> Iterator[str]:
    """The final report: what was seen, in a code and in a sentence, and the study that it is about."""
    yield _common(visit, "RE", visit.reported)
    radiologist = f"RADIOLOGIST-{visit.radiologist.number}&{visit.radiologist.family}&{visit.radiologist.given}"
    more = {7: _time(visit.films[0].taken), 22: _time(visit.reported), 24: "RAD", 25: "F", 32: radiologist}
    yield _procedure(visit, more)
    finding = visit.finding
    yield _seen(1, "CWE", "18782-3^Radiology Study observation^LN", f"{finding.code}^{finding.name}^SCT", visit)
    yield _seen(2, "TX", "19005-8^Radiology Imaging study^LN", finding.sentence, visit)
    yield _seen(3, "ST", "113014^Study^DCM", visit.study, visit)


def _seen(number: int, kind: str, what: str, value: str, visit: Visit) -> str:
    return f"OBX|{number}|{kind}|{what}||{value}||||||F|||{day(visit.films[0].taken)}"
