"""What happened to each patient: visits, each with an order, a study, a report, and what the patient agreed to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from emulator.hospital.people import RADIOLOGISTS, REFERRERS, Chance, Patient, Physician, patient, uid

_OPENED = datetime(2025, 1, 6, tzinfo=UTC)
_FIRST_VISITS = 300
"""Days within which every patient comes for the first time."""
_ONE_VISIT, _TWO_VISITS = 0.55, 0.85
_ADMITTED, _LATERAL, _NO_FINDING, _GONE = 0.25, 0.75, 0.4, 0.5
_WITHDRAWN = 0.05
REASONS = ("Cough", "Dyspnea", "Chest pain", "Fever")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a radiologist sees: SNOMED CT's code and name, and the sentence of the report."""

    code: str
    name: str
    sentence: str


NO_FINDING = Finding("281900007", "No abnormality detected", "No acute cardiopulmonary abnormality.")
FINDINGS = (
    Finding("233604007", "Pneumonia", "Patchy opacity of the right lower zone, in keeping with pneumonia."),
    Finding("60046008", "Pleural effusion", "Blunted left costophrenic angle: small pleural effusion."),
    Finding("8186001", "Cardiomegaly", "The cardiac silhouette is enlarged."),
    Finding("36118008", "Pneumothorax", "Small right apical pneumothorax."),
)


@dataclass(frozen=True, slots=True)
class Film:
    """An image of a study: its view as DICOM names it, its number in its series, when it was taken."""

    view: str
    number: int
    taken: datetime
    series: str
    instance: str


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit, in the order of its times, which are UTC: arrived, ordered, films taken, reported, left."""

    patient: Patient
    number: int
    admitted: bool
    """Whether the patient stays (HL7 A01), or comes to the outpatient clinic (A04)."""
    modality: str
    """CR at the bedside of who stays, else DX."""
    reason: str
    saturation: int
    """Oxygen saturation at arrival, in per cent."""
    finding: Finding
    referrer: Physician
    radiologist: Physician
    arrived: datetime
    ordered: datetime
    films: tuple[Film, ...]
    reported: datetime
    left: datetime

    @property
    def accession(self) -> str:
        """The accession number, which is the filler's order number, too."""
        return f"A{self.patient.seed}-{self.patient.number:06d}-{self.number}"

    @property
    def placer(self) -> str:
        """The order number of who asks for the films."""
        return f"P{self.patient.seed}-{self.patient.number:06d}-{self.number}"

    @property
    def id(self) -> str:
        """The number of the visit."""
        return f"V{self.patient.seed}-{self.patient.number:06d}-{self.number}"

    @property
    def study(self) -> str:
        """The Study Instance UID."""
        return uid(self.patient.seed, self.patient.number, self.number, "study")


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a patient agreed to at the first visit: the purposes, and whether it was withdrawn since."""

    purposes: tuple[str, ...]
    signed: datetime
    withdrawn: bool


_CHOICES = (("care", "research", "teaching"), ("care", "research"), ("care", "teaching"), ("care",))


@dataclass(frozen=True, slots=True)
class Story:
    """A patient with all visits, the oldest first."""

    patient: Patient
    visits: tuple[Visit, ...]
    agreement: Agreement


def stories(seed: int, first: int, last: int) -> Iterator[Story]:
    """The stories of patients `first` to `last`, both included, of the hospital of a seed."""
    return (story(patient(seed, number)) for number in range(first, last + 1))


def story(person: Patient) -> Story:
    """What happened to a patient."""
    chance = person.chance
    part = chance.part("visits")
    number = 1 if part < _ONE_VISIT else 2 if part < _TWO_VISITS else 3
    visits: list[Visit] = []
    day = _OPENED + timedelta(days=chance.whole("first day", 0, _FIRST_VISITS))
    for each in range(1, number + 1):
        visits.append(_visit(person, each, day, visits[-1].finding if visits else None))
        day = visits[-1].left.replace(hour=0, minute=0, second=0) + timedelta(days=chance.whole(f"{each} on", 20, 120))
    agreement = Agreement(
        chance.one_of("purposes", _CHOICES), visits[0].arrived, withdrawn=chance.part("withdrawn") < _WITHDRAWN
    )
    return Story(person, tuple(visits), agreement)


def _visit(person: Patient, number: int, day: datetime, before: Finding | None) -> Visit:
    chance = Chance(person.seed, ("hospital", person.number, number))
    admitted = chance.part("admitted") < _ADMITTED
    arrived = day + timedelta(seconds=chance.whole("arrived", 7 * 3600, 16 * 3600))
    ordered = arrived + _minutes(chance, "ordered", 10, 40)
    taken = ordered + _minutes(chance, "taken", 20, 90)
    films = tuple(_films(person, number, taken, _views(chance, admitted=admitted)))
    reported = films[-1].taken + _minutes(chance, "reported", 20, 200)
    left = reported + (_minutes(chance, "left", 1440, 8640) if admitted else _minutes(chance, "left", 5, 60))
    return Visit(
        person,
        number,
        admitted=admitted,
        modality="CR" if admitted else "DX",
        reason=chance.one_of("reason", REASONS),
        saturation=chance.whole("saturation", 89, 100),
        finding=_finding(chance, before),
        referrer=chance.one_of("referrer", REFERRERS),
        radiologist=chance.one_of("radiologist", RADIOLOGISTS),
        arrived=arrived,
        ordered=ordered,
        films=films,
        reported=reported,
        left=left,
    )


def _minutes(chance: Chance, what: str, least: int, most: int) -> timedelta:
    """A time to the second, of minutes from `least` to `most`."""
    return timedelta(seconds=chance.whole(what, 60 * least, 60 * most))


def _views(chance: Chance, *, admitted: bool) -> tuple[str, ...]:
    """At the bedside one film from the front, else one from the back, mostly with one from the side."""
    if admitted:
        return ("AP",)
    return ("PA", "LL") if chance.part("lateral") < _LATERAL else ("PA",)


def _films(person: Patient, visit: int, taken: datetime, views: tuple[str, ...]) -> Iterator[Film]:
    for number, view in enumerate(views, 1):
        names = person.seed, person.number, visit, view
        at = taken + timedelta(seconds=90 * (number - 1))
        yield Film(view, number, at, uid(*names, "series"), uid(*names, "instance"))


def _finding(chance: Chance, before: Finding | None) -> Finding:
    """At a follow-up what was seen before, unless it has gone."""
    if before is not None and before is not NO_FINDING:
        return NO_FINDING if chance.part("gone") < _GONE else before
    return NO_FINDING if chance.part("finding") < _NO_FINDING else chance.one_of("which", FINDINGS)
