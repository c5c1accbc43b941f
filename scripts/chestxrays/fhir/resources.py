"""The resources of a study, in FHIR R4: each under an id that follows from the UIDs, so that it is always the same."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from scripts.chestxrays.fhir import concepts
from scripts.chestxrays.fhir.concepts import coding, concept
from scripts.chestxrays.fhir.pictures import Picture, day
from scripts.chestxrays.records import NO_FINDING

Json = dict[str, Any]

_NAMESPACE = uuid.UUID("6f9a7c52-3f6b-5d7e-8a51-2f7c0c0f4c11")
"""Of all ids here; made once, and never to be changed."""
_URI = "urn:ietf:rfc:3986"
_GENDERS = {"M": "male", "F": "female", "O": "other"}
_WADO = coding("http://terminology.hl7.org/CodeSystem/endpoint-connection-type", "dicom-wado-rs", "DICOM WADO-RS")


@dataclass(frozen=True)
class Labelled:
    """What a set's list says of the films of one study, in one release; `age` is in years."""

    version: str
    findings: tuple[str, ...]
    age: int | None = None
    sex: str = ""


def id_of(kind: str, *parts: str) -> str:
    """The id of a resource: a UUID of what it is about."""
    return str(uuid.uuid5(_NAMESPACE, "\0".join((kind, *parts))))


def reference(resource: Json) -> Json:
    """A reference to a resource."""
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}


def endpoint(dicomweb_url: str) -> Json:
    """Where the images are: the DICOMweb service of the store."""
    return {
        "resourceType": "Endpoint",
        "id": id_of("Endpoint", dicomweb_url),
        "status": "active",
        "connectionType": _WADO,
        "name": "DICOM store",
        "payloadType": [concept(text="DICOM")],
        "payloadMimeType": ["application/dicom"],
        "address": dicomweb_url,
    }


def patient(dicomweb_url: str, pictures: Sequence[Picture], labels: Iterable[Labelled]) -> Json:
    """The patient of instances, by the id that is theirs in the DICOM store, with gender and birth date, no name."""
    known = pictures[0].patient
    made: Json = {
        "resourceType": "Patient",
        "id": id_of("Patient", dicomweb_url, known),
        "identifier": [{"system": dicomweb_url, "value": known}],
    }
    sexes = [*(each.sex for each in pictures), *(each.sex for each in labels)]
    if gender := next((_GENDERS[sex] for sex in sexes if sex in _GENDERS), ""):
        made["gender"] = gender
    if birth := next(filter(None, (day(each.birth_date) for each in pictures)), ""):
        made["birthDate"] = birth
    return made


def study(subject: Json, where: Json, pictures: Sequence[Picture]) -> Json:
    """The ImagingStudy of a study's instances, which are sorted by series."""
    first = pictures[0]
    modalities = sorted({each.modality for each in pictures if each.modality})
    made: Json = {
        "resourceType": "ImagingStudy",
        "id": id_of("ImagingStudy", where["id"], first.study),
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{first.study}"}],
        "status": "available",
        "modality": [coding(concepts.DCM, each) for each in modalities],
        "subject": reference(subject),
        "endpoint": [reference(where)],
        "numberOfInstances": len(pictures),
        "series": [_series(list(group)) for _, group in groupby(pictures, key=lambda each: each.series)],
    }
    made["numberOfSeries"] = len(made["series"])
    if started := day(first.date):
        made["started"] = started
    if first.description:
        made["description"] = first.description
    return made


def _series(pictures: Sequence[Picture]) -> Json:
    first = pictures[0]
    made: Json = {
        "uid": first.series,
        "modality": coding(concepts.DCM, first.modality or "OT"),
        "numberOfInstances": len(pictures),
        "instance": [_instance(each) for each in pictures],
    }
    return made | _number(first.series_number)


def _instance(picture: Picture) -> Json:
    sop_class = coding(_URI, f"urn:oid:{picture.sop_class}")
    return {"uid": picture.instance, "sopClass": sop_class} | _number(picture.number)


def _number(text: str) -> Json:
    """The number of a series or instance, where it has one that FHIR takes (unsignedInt)."""
    return {"number": int(text)} if text.isascii() and text.isdigit() and int(text) < 2**31 else {}


def observations(subject: Json, images: Json, labels: Labelled) -> list[Json]:
    """The findings of a study, one Observation each, true; and the patient's age, where the list has it."""
    seen = labels.findings or (NO_FINDING,)
    made = [_observation(subject, images, labels, each, concepts.finding(each)) for each in seen]
    for each in made:
        each["valueBoolean"] = True
    if labels.age is not None:
        age = _observation(subject, images, labels, "age", concepts.AGE)
        unit = {"unit": "years", "system": "http://unitsofmeasure.org", "code": "a"}
        made.append(age | {"valueQuantity": {"value": labels.age, **unit}})
    return made


def _observation(subject: Json, images: Json, labels: Labelled, what: str, code: Json) -> Json:
    made: Json = {
        "resourceType": "Observation",
        "id": id_of("Observation", images["id"], labels.version, what),
        "meta": {"tag": [coding(concepts.VERSIONS, labels.version)]},
        "status": "final",
        "category": [concepts.IMAGING],
        "code": code,
        "subject": reference(subject),
        "derivedFrom": [reference(images)],
    }
    return made | ({"effectiveDateTime": images["started"]} if "started" in images else {})


def report(subject: Json, images: Json, labels: Labelled, results: Sequence[Json]) -> Json:
    """The DiagnosticReport of a study's labels, which names the findings."""
    made: Json = {
        "resourceType": "DiagnosticReport",
        "id": id_of("DiagnosticReport", images["id"], labels.version),
        "meta": {"tag": [coding(concepts.VERSIONS, labels.version)]},
        "status": "final",
        "category": [concepts.RADIOLOGY],
        "code": concepts.CHEST_FILMS,
        "subject": reference(subject),
        "imagingStudy": [reference(images)],
        "result": [reference(each) for each in results],
        "conclusion": ", ".join(each.replace("_", " ") for each in labels.findings) or NO_FINDING,
        "conclusionCode": [concepts.finding(each) for each in labels.findings or (NO_FINDING,)],
    }
    return made | ({"effectiveDateTime": images["started"]} if "started" in images else {})
