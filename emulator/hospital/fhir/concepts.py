"""Ids, references, codes and times of the hospital's resources."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from emulator.hospital.people import Patient, Physician
from emulator.hospital.story import Visit

Json = dict[str, Any]

SYSTEM = "urn:healthcare-cloud-poc:hospital"
"""The system of the hospital's identifiers, and of the tag that its resources have."""
SNOMED, LOINC, UCUM = "http://snomed.info/sct", "http://loinc.org", "http://unitsofmeasure.org"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
_IDENTIFIERS = f"{_TERMINOLOGY}v2-0203"


def coding(system: str, code: str, display: str) -> Json:
    """A Coding."""
    return {"system": system, "code": code, "display": display}


def hl7(name: str, code: str, display: str) -> Json:
    """A Coding of a code system of HL7's, by its name."""
    return coding(_TERMINOLOGY + name, code, display)


def concept(*codings: Json) -> Json:
    """A CodeableConcept."""
    return {"coding": list(codings), "text": codings[0]["display"]}


CHEST_XRAY = coding(LOINC, "30745-4", "XR Chest Views")
IMPRESSION = coding(LOINC, "18782-3", "Radiology Study observation (narrative)")
SATURATION = coding(LOINC, "59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry")


def identifier(kind: str, meaning: str, value: str) -> Json:
    """An Identifier of the hospital's own, by HL7's type of identifiers (table 0203), such as MR."""
    return {"type": concept(coding(_IDENTIFIERS, kind, meaning)), "system": SYSTEM, "value": value}


def resource(kind: str, seed: int, name: str) -> Json:
    """The beginning of a resource: its id, `tSEED-NAME`, and that it is test data of this hospital."""
    tag = coding(SYSTEM, f"seed-{seed}", "Made-up hospital")
    security = hl7("v3-ActReason", "HTEST", "test health data")
    return {"resourceType": kind, "id": f"t{seed}-{name}", "meta": {"security": [security], "tag": [tag]}}


def reference(kind: str, seed: int, name: str) -> Json:
    """A reference to such a resource."""
    return {"reference": f"{kind}/t{seed}-{name}"}


def of_patient(patient: Patient) -> str:
    """The name of what is of a patient, within its type."""
    return f"{patient.number:06d}"


def of_visit(visit: Visit) -> str:
    """The name of what is of a visit, within its type."""
    return f"{visit.patient.number:06d}-{visit.number}"


def of_physician(physician: Physician) -> str:
    """The name of a Practitioner."""
    return f"{physician.role}-{physician.number}"


def subject(patient: Patient) -> Json:
    """The reference to a patient."""
    return reference("Patient", patient.seed, of_patient(patient))


def physician(patient: Patient, who: Physician) -> Json:
    """The reference to a physician of a patient's hospital."""
    return reference("Practitioner", patient.seed, of_physician(who))


def instant(at: datetime) -> str:
    """A time to the second in UTC."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
