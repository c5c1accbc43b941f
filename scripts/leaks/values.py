"""What a source says of people: one value, of which kind, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field

NAME, DATE, PLAIN, DESCRIPTION, UID = ("PERSON_NAME", "DATE", "MEDICAL_RECORD_NUMBER", "DESCRIPTION", "UID")
PRIVATE, OTHER, FHIR = "private", "no row", "FHIR"


@dataclass(frozen=True, slots=True)
class Value:
    """A value that must not be in the target.

    info_type  what kind of value it is, in the infoTypes of Sensitive Data Protection, or DESCRIPTION or UID
    text       the value: a patient's data
    place      the attribute or field that has it in the source
    action     the Basic Profile's code for that attribute (PS3.15 Table E.1-1), "private", "no row", or "FHIR"
    """

    info_type: str
    text: str = field(repr=False)
    place: str
    action: str
