"""What an instance's header says of a person, ready to be looked for in its texts and pictures."""

from collections.abc import Iterator
from typing import Any

from emulator.deidentify.dicom import tables
from emulator.deidentify.text.known import Known
from emulator.dicom import dictionary
from emulator.dicom.header import Header

_BY_VR = {"PN": "PERSON_NAME", "DA": "DATE", "DT": "DATE", "AS": "AGE", "UR": "URL"}
_KINDS = {
    **dict.fromkeys(("InstitutionAddress", "ReferringPhysicianAddress", "PatientAddress", "PersonAddress"), "LOCATION"),
    **dict.fromkeys(("CountryOfResidence", "RegionOfResidence", "PatientInstitutionResidence"), "LOCATION"),
    **dict.fromkeys(("PerformedLocation", "ScheduledProcedureStepLocation", "CurrentPatientLocation"), "LOCATION"),
    **dict.fromkeys(("InstitutionName", "InstitutionalDepartmentName", "RequestingService"), "ORGANIZATION_NAME"),
    **dict.fromkeys(("ResponsibleOrganization", "ClinicalTrialSiteName"), "ORGANIZATION_NAME"),
    **dict.fromkeys(("ReferringPhysicianTelephoneNumbers", "PatientTelephoneNumbers"), "PHONE_NUMBER"),
    **dict.fromkeys(("PersonTelephoneNumbers", "OrderCallbackPhoneNumber"), "PHONE_NUMBER"),
}
"""InfoTypes by keyword; of other texts that the profile takes away all that is known is that they are ids of a kind."""
_COMMON = frozenset(("EthnicGroup", "PatientReligiousPreference", "MilitaryRank"))
"""What is said of very many: to look for it takes away too much else ("white" matter)."""
_PLAIN = "MEDICAL_RECORD_NUMBER"
_TEXTS = frozenset(("AE", "LO", "SH", "UC", "ST"))
_LONGEST = 64
"""Longer texts are no names and ids, but sentences in which these stand."""


def known_of(header: Header, *, contextual: bool = False) -> Known:
    """The values that the Basic Profile would take away (actions D, Z, X; PS3.15 E.1-1), of items of sequences, too.

    Each with its infoType; contextual gives all of them the one that becomes [CTX] (PS3.15 E.3.5).
    """
    pairs = ((kind, text) for kind, text in _values(header.elements) if text.strip())
    return Known.of(dict.fromkeys(pairs), contextual=contextual)


def _values(elements: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Pairs of an infoType and a value, of every attribute that may name a person."""
    for key, element in elements.items():
        vr, found = element["vr"], element.get("Value", ())
        if vr == "SQ":
            for item in found:
                yield from _values(item)
        elif kind := kind_of(key, vr):
            for value in found:
                yield from ((kind, text) for text in _texts(value) if len(text) <= _LONGEST)


def kind_of(key: str, vr: str) -> str | None:
    """The infoType of an attribute's values; None for one that names nobody, or of which nobody knows (private)."""
    tag = int(key, 16)
    if vr in _BY_VR:
        return _BY_VR[vr]
    row, keyword = tables.row(tag), dictionary.keyword(tag)
    if row is None or row.descriptor or row.code == "U" or vr not in _TEXTS or not keyword or keyword in _COMMON:
        return None
    return _KINDS.get(keyword, _PLAIN)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value.values()
    elif value is not None:
        yield str(value)


def patient_of(header: Header) -> str:
    """By what dates are shifted alike: PatientID, or StudyInstanceUID where that is empty (Cloud Healthcare)."""
    return header.text("00100020") or header.text("0020000D")
