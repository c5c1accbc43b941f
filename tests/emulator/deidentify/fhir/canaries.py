"""Looking for what patients' resources say of them, in all bytes of other resources and in their base64."""

import base64
import binascii
import contextlib
import re
from collections.abc import Iterable, Iterator
from typing import Any

from emulator.deidentify.fhir import people
from tests.emulator.deidentify.fhir.making import Json

_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")


def planted(patients: Iterable[Json]) -> set[str]:
    """Parts of names, lines of addresses, towns, telephones, identifiers and days that patients say of themselves."""
    found = set()
    for patient in patients:
        for info_type, value in people.values(patient):
            found.add(value)
            if info_type == "PERSON_NAME":
                found -= {value}
                found |= {part for part in re.split(r"[\s,.]+", value) if len(part) > 2}
    return found


def leaks(values: Iterable[str], resources: Iterable[Json]) -> dict[str, str]:
    """The values that resources still have, as whole words in any case, with where."""
    texts = ["\n".join(_texts(resource)) for resource in resources]
    whole = "\n".join(texts)
    found = {}
    for value in values:
        match = re.search(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])", whole, re.IGNORECASE)
        if match is not None:
            found[value] = whole[max(0, match.start() - 60) : match.end() + 60]
    return found


def _texts(value: Any) -> Iterator[str]:
    """All values of a resource, and what base64 among them says."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
        return
    yield str(value)
    if isinstance(value, str) and _BASE64.fullmatch(value):
        with contextlib.suppress(binascii.Error, UnicodeDecodeError):
            yield base64.b64decode(value, validate=True).decode()


def dangling(resources: Iterable[Json]) -> set[str]:
    """The references that no resource answers to."""
    listed = list(resources)
    known = {f"{each['resourceType']}/{each['id']}" for each in listed}
    return {text for each in listed for text in _references(each) if not text.startswith("#") and text not in known}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
