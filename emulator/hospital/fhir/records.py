"""A patient's resources in FHIR R4: Patient, Consent, and for each visit what was asked, taken, seen and reported."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.hospital.fhir import concepts
from emulator.hospital.fhir.concepts import (
    Json,
    coding,
    concept,
    hl7,
    identifier,
    instant,
    of_patient,
    of_visit,
    physician,
    reference,
    resource,
    subject,
)
from emulator.hospital.films import CLASSES
from emulator.hospital.people import Patient
from emulator.hospital.story import Agreement, Film, Story, Visit

_GENDERS = {"F": "female", "M": "male"}
_PURPOSES = {
    "care": hl7("v3-ActReason", "TREAT", "treatment"),
    "research": hl7("v3-ActReason", "HRESCH", "healthcare research"),
    "teaching": hl7("v3-ActReason", "HEDUCAT", "health education"),
}
_OPT_IN = hl7("v3-ActCode", "OPTIN", "opt-in")


def records(story: Story) -> Iterator[Json]:
    """All resources of a patient, each after those that it refers to."""
    yield _patient(story.patient)
    yield _consent(story.patient, story.agreement)
    for visit in story.visits:
        yield _encounter(visit)
        yield _request(visit)
        yield _saturation(visit)
        yield _study(visit)
        yield _impression(visit)
        yield _report(visit)


def _patient(patient: Patient) -> Json:
    return {
        **resource("Patient", patient.seed, of_patient(patient)),
        "identifier": [identifier("MR", "Medical record number", patient.id)],
        "active": True,
        "name": [{"use": "official", "family": patient.family, "given": [patient.given]}],
        "gender": _GENDERS[patient.sex],
        "birthDate": patient.born.isoformat(),
        "managingOrganization": reference("Organization", patient.seed, "hospital"),
    }


def _consent(patient: Patient, agreement: Agreement) -> Json:
    return {
        **resource("Consent", patient.seed, of_patient(patient)),
        "status": "inactive" if agreement.withdrawn else "active",
        "scope": concept(hl7("consentscope", "patient-privacy", "Privacy Consent")),
        "category": [concept(coding(concepts.LOINC, "59284-0", "Consent Document"))],
        "patient": subject(patient),
        "dateTime": instant(agreement.signed),
        "performer": [subject(patient)],
        "organization": [reference("Organization", patient.seed, "hospital")],
        "policyRule": concept(_OPT_IN),
        "provision": {"type": "permit", "purpose": [_PURPOSES[each] for each in agreement.purposes]},
    }


def _of(visit: Visit, kind: str, name: str = "") -> Json:
    """The beginning of a resource of a visit: whose it is."""
    seed = visit.patient.seed
    made = {**resource(kind, seed, of_visit(visit) + name), "subject": subject(visit.patient)}
    return made if kind == "Encounter" else {**made, "encounter": reference("Encounter", seed, of_visit(visit))}


def _one(visit: Visit, kind: str, name: str = "") -> Json:
    return reference(kind, visit.patient.seed, of_visit(visit) + name)


def _encounter(visit: Visit) -> Json:
    where = ("IMP", "inpatient encounter") if visit.admitted else ("AMB", "ambulatory")
    return {
        **_of(visit, "Encounter"),
        "identifier": [identifier("VN", "Visit number", visit.id)],
        "status": "finished",
        "class": hl7("v3-ActCode", *where),
        "period": {"start": instant(visit.arrived), "end": instant(visit.left)},
        "participant": [{"individual": physician(visit.patient, visit.referrer)}],
        "reasonCode": [{"text": visit.reason}],
        "serviceProvider": reference("Organization", visit.patient.seed, "hospital"),
    }


def _request(visit: Visit) -> Json:
    return {
        **_of(visit, "ServiceRequest"),
        "identifier": [
            identifier("PLAC", "Placer Identifier", visit.placer),
            identifier("ACSN", "Accession ID", visit.accession),
        ],
        "status": "completed",
        "intent": "order",
        "code": concept(concepts.CHEST_XRAY),
        "authoredOn": instant(visit.ordered),
        "requester": physician(visit.patient, visit.referrer),
        "reasonCode": [{"text": visit.reason}],
    }


def _saturation(visit: Visit) -> Json:
    return {
        **_of(visit, "Observation", "-saturation"),
        "status": "final",
        "category": [concept(hl7("observation-category", "vital-signs", "Vital Signs"))],
        "code": concept(concepts.SATURATION),
        "effectiveDateTime": instant(visit.arrived),
        "valueQuantity": {"value": visit.saturation, "unit": "%", "system": concepts.UCUM, "code": "%"},
    }


def _study(visit: Visit) -> Json:
    modality = coding(concepts.DCM, visit.modality, _MODALITIES[visit.modality])
    return {
        **_of(visit, "ImagingStudy"),
        "identifier": [
            {"system": "urn:dicom:uid", "value": f"urn:oid:{visit.study}"},
            identifier("ACSN", "Accession ID", visit.accession),
        ],
        "status": "available",
        "modality": [modality],
        "started": instant(visit.films[0].taken),
        "basedOn": [_one(visit, "ServiceRequest")],
        "referrer": physician(visit.patient, visit.referrer),
        "endpoint": [reference("Endpoint", visit.patient.seed, "films")],
        "numberOfSeries": len(visit.films),
        "numberOfInstances": len(visit.films),
        "description": "Chest X-ray",
        "series": [_series(visit, film, modality) for film in visit.films],
    }


_MODALITIES = {"CR": "Computed Radiography", "DX": "Digital Radiography"}


def _series(visit: Visit, film: Film, modality: Json) -> Json:
    sop_class = {"system": "urn:ietf:rfc:3986", "code": f"urn:oid:{CLASSES[visit.modality]}"}
    return {
        "uid": film.series,
        "number": film.number,
        "modality": modality,
        "description": f"Chest {film.view}",
        "numberOfInstances": 1,
        "started": instant(film.taken),
        "instance": [{"uid": film.instance, "sopClass": sop_class, "number": film.number}],
    }


def _impression(visit: Visit) -> Json:
    return {
        **_of(visit, "Observation", "-finding"),
        "status": "final",
        "category": [concept(hl7("observation-category", "imaging", "Imaging"))],
        "code": concept(concepts.IMPRESSION),
        "effectiveDateTime": instant(visit.films[0].taken),
        "issued": instant(visit.reported),
        "performer": [physician(visit.patient, visit.radiologist)],
        "valueCodeableConcept": _finding(visit),
        "derivedFrom": [_one(visit, "ImagingStudy")],
    }


def _report(visit: Visit) -> Json:
    radiologist = physician(visit.patient, visit.radiologist)
    return {
        **_of(visit, "DiagnosticReport"),
        "identifier": [identifier("FILL", "Filler Identifier", visit.accession)],
        "basedOn": [_one(visit, "ServiceRequest")],
        "status": "final",
        "category": [concept(hl7("v2-0074", "RAD", "Radiology"))],
        "code": concept(concepts.CHEST_XRAY),
        "effectiveDateTime": instant(visit.films[0].taken),
        "issued": instant(visit.reported),
        "performer": [radiologist],
        "resultsInterpreter": [radiologist],
        "result": [_one(visit, "Observation", "-finding")],
        "imagingStudy": [_one(visit, "ImagingStudy")],
        "conclusion": visit.finding.sentence,
        "conclusionCode": [_finding(visit)],
    }


def _finding(visit: Visit) -> Json:
    return concept(coding(concepts.SNOMED, visit.finding.code, visit.finding.name))
