"""Consents for tests, made from what they are to say."""

from typing import Any

Json = dict[str, Any]
GOOGLE = "https://g.co/fhir/medicalrecords"
TERMS = "http://terminology.hl7.org/CodeSystem"
COMMON_TAGS = f"{TERMS}/common-tags"


def coding(system: str, code: str) -> Json:
    return {"system": system, "code": code}


def concept(system: str, code: str) -> Json:
    return {"coding": [coding(system, code)]}


def provision(
    kind: str,
    *actors: str,
    purpose: str = "",
    environment: str = "",
    types: tuple[str, ...] = (),
    ids: tuple[str, ...] = (),
    sources: tuple[str, ...] = (),
    tags: tuple[tuple[str, ...], ...] = (),
    labels: tuple[tuple[str, str], ...] = (),
) -> Json:
    """A provision; tags are codes of COMMON_TAGS, labels a code system's last word and a code."""
    found: Json = {
        "type": kind,
        "actor": [
            {"reference": {"reference": actor}, "role": concept(f"{TERMS}/v3-RoleCode", "GRANTEE")} for actor in actors
        ],
    }
    extensions: list[Json] = []
    if purpose:
        found["purpose"] = [coding(f"{TERMS}/v3-ActReason", purpose)]
    if environment:
        system, code = environment.split("/")
        extensions.append({"url": f"{GOOGLE}/Environment", "valueCodeableConcept": concept(system, code)})
    if types:
        found["class"] = [coding("http://hl7.org/fhir/resource-types", each) for each in types]
    if ids:
        found["data"] = [{"meaning": "instance", "reference": {"reference": each}} for each in ids]
    extensions += [{"url": f"{GOOGLE}/DataSource", "valueUri": each} for each in sources]
    extensions += [tag(each) for each in tags]
    if labels:
        found["securityLabel"] = [coding(f"{TERMS}/{system}", code) for system, code in labels]
    return found | ({"extension": extensions} if extensions else {})


def tag(codes: tuple[str, ...]) -> Json:
    simple = [{"url": f"{GOOGLE}/DataTag", "valueCoding": coding(COMMON_TAGS, each)} for each in codes]
    return simple[0] if len(simple) == 1 else {"url": f"{GOOGLE}/DataTag", "extension": simple}


def consent(identifier: str, patient: str, said: Json, **more: Any) -> Json:
    """A Consent of R4; of a patient (Patient/id), or an admin policy where that is ""."""
    found: Json = {
        "resourceType": "Consent",
        "id": identifier,
        "status": "active",
        "scope": concept(f"{TERMS}/consentscope", "patient-privacy"),
        "category": [concept("http://loinc.org", "59284-0")],
        "policyRule": concept(f"{TERMS}/v3-ActCode", "OPTIN"),
        "provision": said,
    }
    if patient:
        return {**found, "patient": {"reference": patient}, **more}
    return {**found, "patient": {}, "extension": [{"url": f"{GOOGLE}/ConsentAdminPolicy"}], **more}


def cascading(identifier: str, said: Json) -> Json:
    """A cascading admin policy."""
    urls = ("ConsentAdminPolicy", "CascadingPolicy")
    return consent(identifier, "", said, extension=[{"url": f"{GOOGLE}/{each}"} for each in urls])
