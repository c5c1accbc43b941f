"""What a FHIR resource is, in a few words, for lists."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.console.caller import Json

_CODED = ("code", "type", "class", "vaccineCode", "medicationCodeableConcept", "category")
_SAID = ("title", "description", "status", "birthDate", "effectiveDateTime", "started", "authoredOn", "issued")


def label(resource: Json) -> str:
    """Name, code, value and dates, as far as the resource has them."""
    return "; ".join(dict.fromkeys(filter(None, _parts(resource))))


def _parts(resource: Json) -> Iterator[str]:
    yield _name(resource.get("name"))
    for key in _CODED:
        yield _coded(resource.get(key))
    yield _quantity(resource.get("valueQuantity"))
    yield from (value for key in _SAID if isinstance(value := resource.get(key), str))


def _name(value: object) -> str:
    """A HumanName's parts or text, or a name that is text."""
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(first, str):
        return first
    if not isinstance(first, dict):
        return ""
    given = first.get("given", [])
    return str(first.get("text") or " ".join(str(part) for part in (*given, first.get("family", "")) if part))


def _coded(value: object) -> str:
    """A CodeableConcept's or Coding's text, display or code."""
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, dict):
        return ""
    coding: Json = next(iter(first.get("coding") or [first]), {})
    return str(first.get("text") or coding.get("display") or coding.get("code") or "")


def _quantity(value: object) -> str:
    return f"{value.get('value', '')} {value.get('unit', '')}".strip() if isinstance(value, dict) else ""
