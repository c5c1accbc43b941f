"""Patients and observations as an EHR has them, made from a seed: one patient to nine observations."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

_FIRST = ("Ada", "Bob", "Cid", "Dora", "Eve", "Finn", "Gus", "Hal", "Ida", "José", "Ken", "Lea", "Max", "Nora", "Zoë")
_LAST = ("Smith", "Jones", "O'Brien", "Müller", "Garcia", "Chen", "Khan", "Novak", "Rossi", "Silva", "Dubois", "Hansen")
_COMMON = (("8867-4", "Heart rate", "/min"), ("8310-5", "Body temperature", "Cel"), ("29463-7", "Body weight", "kg"))
FIRST_BIRTH = date(1740, 1, 1)
"""Of patients; each is born a day after the one before, so that a day finds one."""
_RARE = 200
"""Codes of which each is found once in some thousand observations."""
LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
MRN = "http://hospital.example.org/mrn"


def resources(count: int, first: int = 0) -> Iterator[dict[str, Any]]:
    """So many resources, patients first; their numbers begin with `first`."""
    chance = Random(1)  # noqa: S311  a seed, not a secret
    patients = range(first, first + count // 10)
    for number in patients:
        yield _patient(number, chance)
    for number in range(first, first + count - len(patients)):
        yield _observation(number, patients, chance)


def family(number: int) -> str:
    """The family name of a patient, which no other one has."""
    return f"{_LAST[number % len(_LAST)]}{number:06}"


def _patient(number: int, chance: Random) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": f"p{number}",
        "meta": {"profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"]},
        "identifier": [{"system": MRN, "value": f"M{number:07}", "type": {"text": "Medical Record Number"}}],
        "active": True,
        "name": [{"family": family(number), "given": [chance.choice(_FIRST)]}],
        "telecom": [{"system": "phone", "value": f"555-{number:07}"}],
        "gender": chance.choice(("male", "female")),
        "birthDate": str(FIRST_BIRTH + timedelta(days=number)),
        "address": [{"line": [f"{number} Main Street"], "city": "Boston", "state": "MA", "postalCode": "02101"}],
        "managingOrganization": {"reference": f"Organization/o{number % 10}"},
    }


def _observation(number: int, patients: range, chance: Random) -> dict[str, Any]:
    common = chance.random() < 0.9
    code, name, unit = chance.choice(_COMMON) if common else (f"9{chance.randrange(_RARE):04}-0", "Rare test", "mg")
    day = f"{chance.randint(2005, 2025)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "identifier": [{"value": f"M{number}"}],
        "status": "final",
        "category": [{"coding": [{"code": "vital-signs", "display": "Vital Signs"}]}],
        "code": {"coding": [{"system": LOINC, "code": code, "display": name}], "text": name},
        "subject": {"reference": f"Patient/p{chance.choice(patients)}"},
        "encounter": {"reference": f"Encounter/e{number // 10}"},
        "effectiveDateTime": f"{day}T{chance.randint(0, 23):02}:30:00+01:00",
        "valueQuantity": {"value": round(chance.uniform(1, 200), 1), "unit": unit, "system": UCUM, "code": unit},
    }
