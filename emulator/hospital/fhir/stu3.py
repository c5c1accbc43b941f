"""The same resources in FHIR STU3, where fields and types had other names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.hospital.fhir.concepts import Json

_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
_OPT_IN = "http://hl7.org/fhir/ConsentPolicy/opt-in"
_URN = "urn:oid:"


def in_stu3(resource: Json) -> Json:
    """A resource of R4 in STU3."""
    make = _TYPES.get(resource["resourceType"])
    made: Json = _older(make(resource) if make else resource)
    return made


def _older(value: Any) -> Any:
    """A value whose codes are in STU3's systems, and whose references name its types."""
    if isinstance(value, dict):
        return {name: _older(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_older(each) for each in value]
    if isinstance(value, str):
        if value.startswith(f"{_TERMINOLOGY}v2-"):
            return value.replace(f"{_TERMINOLOGY}v2-", "http://hl7.org/fhir/v2/")
        if value.startswith(f"{_TERMINOLOGY}v3-"):
            return value.replace(f"{_TERMINOLOGY}v3-", "http://hl7.org/fhir/v3/")
        if value.startswith("ServiceRequest/"):
            return value.replace("ServiceRequest/", "ProcedureRequest/")
        return value.replace(_TERMINOLOGY, "http://hl7.org/fhir/")
    return value


def _without(resource: Json, *names: str) -> Json:
    return {name: value for name, value in resource.items() if name not in names}


def _in_context(resource: Json) -> Json:
    """A resource whose encounter is called its context."""
    return {**_without(resource, "encounter"), "context": resource["encounter"]}


def _encounter(resource: Json) -> Json:
    return {**_without(resource, "reasonCode"), "reason": resource["reasonCode"]}


def _request(resource: Json) -> Json:
    requester = {"agent": resource["requester"]}
    return {**_in_context(resource), "resourceType": "ProcedureRequest", "requester": requester}


def _observation(resource: Json) -> Json:
    """Without the study, from which no Observation of STU3 is derived: the report leads there."""
    return _in_context(_without(resource, "derivedFrom"))


def _study(resource: Json) -> Json:
    uid, accession = resource["identifier"]
    gone = "status", "identifier", "subject", "modality", "series"
    return {
        **_without(_in_context(resource), *gone),
        "uid": uid["value"],
        "accession": accession,
        "availability": "ONLINE",
        "modalityList": resource["modality"],
        "patient": resource["subject"],
        "series": [_series(each) for each in resource["series"]],
    }


def _series(series: Json) -> Json:
    instances = [
        {**each, "uid": _URN + each["uid"], "sopClass": each["sopClass"]["code"]} for each in series["instance"]
    ]
    return {**series, "uid": _URN + series["uid"], "availability": "ONLINE", "instance": instances}


def _report(resource: Json) -> Json:
    made = _in_context(_without(resource, "resultsInterpreter", "conclusionCode"))
    return {
        **made,
        "category": resource["category"][0],
        "performer": [{"actor": each} for each in resource["performer"]],
        "codedDiagnosis": resource["conclusionCode"],
    }


def _consent(resource: Json) -> Json:
    return {
        **_without(resource, "scope", "performer", "provision", "policyRule"),
        "consentingParty": resource["performer"],
        "policyRule": _OPT_IN,
        "purpose": resource["provision"]["purpose"],
    }


_TYPES: dict[str, Callable[[Json], Json]] = {
    "Encounter": _encounter,
    "ServiceRequest": _request,
    "Observation": _observation,
    "ImagingStudy": _study,
    "DiagnosticReport": _report,
    "Consent": _consent,
}
