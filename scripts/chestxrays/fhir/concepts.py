"""The codes of what is said about a film: findings, modality, kinds of report."""

from __future__ import annotations

from typing import Any

from scripts.chestxrays.describing import finding_code

Json = dict[str, Any]

LABELS = "urn:healthcare-cloud-poc:finding"
"""The system of findings as a set spells them."""
VERSIONS = "urn:healthcare-cloud-poc:label-version"
"""The system of the tag that says which release of the labels a resource is of."""
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
DCM = "http://dicom.nema.org/resources/ontology/DCM"


def coding(system: str, code: str, display: str = "") -> Json:
    """A Coding."""
    return {"system": system, "code": code} | ({"display": display} if display else {})


def concept(*codings: Json, text: str = "") -> Json:
    """A CodeableConcept."""
    return ({"coding": list(codings)} if codings else {}) | ({"text": text} if text else {})


CHEST_FILMS = concept(coding(LOINC, "30745-4", "XR Chest Views"))
AGE = concept(coding(LOINC, "30525-0", "Age"))
RADIOLOGY = concept(coding("http://terminology.hl7.org/CodeSystem/v2-0074", "RAD", "Radiology"))
IMAGING = concept(coding("http://terminology.hl7.org/CodeSystem/observation-category", "imaging", "Imaging"))


def finding(label: str) -> Json:
    """The concept of a finding: the code of DICOM headers, where that is SNOMED CT's, and the set's own word."""
    code, scheme, meaning = finding_code(label)
    own = coding(LABELS, label, label.replace("_", " "))
    if scheme != "SCT":
        return concept(own, text=own["display"])
    return concept(coding(SNOMED, code, meaning), own, text=own["display"])
