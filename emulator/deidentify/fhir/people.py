"""What resources about people say of them: the values to look for in texts, and the id by which their dates move."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from emulator.deidentify.text import Finding, Known
from emulator.deidentify.text.passage import Passage

Json = dict[str, Any]
PEOPLE = frozenset(("Patient", "Person", "RelatedPerson", "Practitioner"))
_RECORD_NUMBER = "MR"
_OF_IDENTIFIERS = {
    "SS": "US_SOCIAL_SECURITY_NUMBER",
    "DL": "US_DRIVERS_LICENSE_NUMBER",
    "PPN": "PASSPORT",
    _RECORD_NUMBER: "MEDICAL_RECORD_NUMBER",
}
"""HL7 table 0203: what an identifier is."""
_ADDRESS = ("text", "city", "district", "postalCode")
_NAMES_IN_EXTENSIONS = "mothersMaidenName"
Value = tuple[str, str]


class Several(Known):
    """What several say together, where one value is found twice by the first of them."""

    def __init__(self, *parts: Known) -> None:
        super().__init__((), {})
        self._parts = parts

    def __bool__(self) -> bool:
        return any(self._parts)

    def find(self, text: str | Passage) -> list[Finding]:
        """Where the values of all stand in a text."""
        return [found for part in self._parts for found in part.find(text)]


def known(people: Iterable[Json]) -> Known:
    """What resources say of people: names, addresses, telephones, identifiers and days, ready to be looked for."""
    return Known.of(value for person in people for value in values(person))


def values(person: Json) -> Iterator[Value]:
    """All that a Patient, or a resource like it, says of people, as pairs of an infoType and a value."""
    for name in ("birthDate", "deceasedDateTime"):
        if isinstance(day := person.get(name), str):
            yield "DATE", day[:10]
    yield from _contacts(person)
    for contact in _objects(person.get("contact")):
        yield from _contacts(contact)
    for extension in _objects(person.get("extension")):
        yield from _extension(extension)
    if identifier := person.get("id"):
        yield "MEDICAL_RECORD_NUMBER", str(identifier)


def key(patient: Json) -> str:
    """The id by which a patient's dates move: the record number, as DICOM's PatientID, else the id of the resource.

    The record number is the identifier of type MR, or the first one that there is.
    """
    identifiers = [each for each in _objects(patient.get("identifier")) if _text(each.get("value"))]
    numbered = [each for each in identifiers if _RECORD_NUMBER in _codes(each)]
    for each in numbered or identifiers:
        return str(each["value"])
    return str(patient.get("id") or "")


def within(resource: Json) -> Iterator[Json]:
    """The resources about people that a resource is, contains or bundles."""
    if str(resource.get("resourceType")) in PEOPLE:
        yield resource
    for each in _objects(resource.get("contained")):
        yield from within(each)
    for entry in _objects(resource.get("entry")):
        if isinstance(inner := entry.get("resource"), dict):
            yield from within(inner)


def _contacts(person: Json) -> Iterator[Value]:
    """Names, addresses, telephones and identifiers of a person or a patient's contact."""
    for name in _objects(person.get("name")):
        parts = [name.get("family"), *_list(name.get("given"))]
        yield from (("PERSON_NAME", each) for each in (_joined(parts), _text(name.get("text"))) if each)
    for address in _objects(person.get("address")):
        yield from _address(address)
    for telecom in _objects(person.get("telecom")):
        if value := _text(telecom.get("value")):
            yield ("EMAIL_ADDRESS" if "@" in value else "PHONE_NUMBER"), value
    for identifier in _objects(person.get("identifier")):
        if value := _text(identifier.get("value")):
            kinds = [_OF_IDENTIFIERS[code] for code in _codes(identifier) if code in _OF_IDENTIFIERS]
            yield (kinds or ["MEDICAL_RECORD_NUMBER"])[0], value


def _address(address: Json) -> Iterator[Value]:
    parts = [*_list(address.get("line")), *(address.get(name) for name in _ADDRESS)]
    yield from (("LOCATION", each) for each in parts if isinstance(each, str) and each)


def _extension(extension: Json) -> Iterator[Value]:
    if isinstance(address := extension.get("valueAddress"), dict):
        yield from _address(address)
    if str(extension.get("url")).endswith(_NAMES_IN_EXTENSIONS) and (name := _text(extension.get("valueString"))):
        yield "PERSON_NAME", name


def _codes(identifier: Json) -> list[str]:
    kind = identifier.get("type")
    codings = _objects(kind.get("coding")) if isinstance(kind, dict) else []
    return [str(each.get("code")) for each in codings]


def _objects(value: Any) -> list[Json]:
    """The objects of an array, or an object alone."""
    return [each for each in _list(value) if isinstance(each, dict)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _joined(parts: Iterable[Any]) -> str:
    return " ".join(each for each in parts if isinstance(each, str) and each)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
