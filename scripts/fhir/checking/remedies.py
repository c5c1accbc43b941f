"""The smallest change that mends each kind of problem: strip what a store does not know, rewrite what it misreads."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulator.fhir.definitions import Definitions
from emulator.fhir.parsing import ExactNumber
from emulator.fhir.validation.problems import Aspect, Problem
from scripts.fhir.checking.places import Place, find

Json = dict[str, Any]
_LISTED = 12
"""Codes that a remedy names; of more it names the value set."""
_LOST = object()
_DATE = re.compile(r"(\d{4})[/.\-](\d{1,2})[/.\-](\d{1,2})")
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[ Tt](\d{2}:\d{2})(:\d{2})?(\.\d+)?\s*(Z|z|[+\-]\d{2}:?\d{2})")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_NO_ZONE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}.*")
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")


_EMPTY = ("empty object", "empty array")
"""What the validator says of them in R5."""


@dataclass(frozen=True)
class Remedy:
    """What helps, in words without values; `change` does it and gives what it did with values, None where it can't."""

    words: str
    change: Callable[[], str] | None = None
    shifts: bool = False
    """Whether the change moves others of an array, so that the paths of further problems lead elsewhere."""


def remedy_of(problem: Problem, resource: Json, definitions: Definitions) -> Remedy:
    """What would mend a problem of a resource; with no words where nothing small would."""
    place = find(resource, problem.path, definitions)
    if problem.aspect is Aspect.REQUIRED:
        return _empty(place) if problem.details in _EMPTY else _missing(problem)
    if problem.aspect is Aspect.INVARIANT:
        return Remedy("make that true, or have the store not ask (disableFhirpathValidation)")
    if problem.details == "unknown field" and place is not None:
        return _strip_name(place, problem)
    if problem.details.startswith("cannot accept multiple values") and place is not None:
        return _strip_name(place, problem)
    if problem.aspect is Aspect.REFERENCE and place is not None:
        return _reference(place, problem)
    if place is None or place.holder is None:
        return Remedy("")
    if problem.details == "code type mismatch":
        return _code(place)
    return _value(place, problem)


def _set(place: Place, new: Any) -> Callable[[], str]:
    def change() -> str:
        old = place.holder[place.key]
        place.holder[place.key] = new
        return f"{old!r} becomes {new!r}"

    return change


def _remove(holder: Any, key: Any) -> Callable[[], str]:
    def change() -> str:
        old = holder.pop(key)
        return f"{old!r} goes"

    return change


def _empty(place: Place | None) -> Remedy:
    """Strip an object or array that has nothing in it."""
    words = "strip it, or have the store do without (disableRequiredFieldValidation)"
    if place is None or place.holder is None:
        return Remedy(words)
    return Remedy(words, _remove(place.holder, place.key), shifts=isinstance(place.holder, list))


def _missing(problem: Problem) -> Remedy:
    name = problem.details.partition('"')[2].rstrip('"')
    return Remedy(f"add {name}, or have the store do without (disableRequiredFieldValidation)")


def _strip_name(place: Place, problem: Problem) -> Remedy:
    """Strip the field that a problem's diagnostics name from the object at its place."""
    name = problem.diagnostics.strip('"')
    if not isinstance(place.value, dict) or name not in place.value:
        return Remedy("strip it")
    return Remedy("strip it", _remove(place.value, name))


def _reference(place: Place, problem: Problem) -> Remedy:
    words = "strip the reference"
    if problem.details.startswith("invalid reference to"):
        words += ", or have the store take any type (disableReferenceTypeValidation)"
    if not isinstance(place.value, dict) or "reference" not in place.value:
        return Remedy(words)
    if len(place.value) == 1 and isinstance(place.holder, dict):  # nothing but an empty object would be left
        return Remedy(words, _remove(place.holder, place.key))
    return Remedy(words, _remove(place.value, "reference"))


def _code(place: Place) -> Remedy:
    codes = place.element.codes if place.element else None
    if not codes:
        return Remedy("use a code that FHIR requires there")
    words = f"use one of {', '.join(sorted(codes))}" if len(codes) <= _LISTED else "use a code of the value set"
    if len(codes) > _LISTED and place.element:
        words += f" {place.element.codes_name}"
    if isinstance(place.value, str) and (near := _near(place.value, codes)):
        return Remedy(f"rewrite it: {words}", _set(place, near))
    return Remedy(words)


def _near(text: str, codes: frozenset[str]) -> str:
    """The only code that is the text but for case, blanks and hyphens; "" where there is none."""
    same = [code for code in codes if _plain(code) == _plain(text)]
    return same[0] if len(same) == 1 else ""


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]", "", text).lower()


def _value(place: Place, problem: Problem) -> Remedy:
    """The remedy for a value that can't be read as the type that is due there."""
    new = _rewritten(place.value, problem.details)
    if new is not _LOST:
        return Remedy(_REWRITES.get(problem.details, "rewrite it"), _set(place, new))
    if problem.details in ("expected datetime", "expected instant") and _NO_ZONE.fullmatch(str(place.value)):
        return Remedy("give its time a zone, such as Z or +01:00")
    if problem.details == "invalid Id format" or place.key == "id":
        return Remedy("give it an id of at most 64 letters, digits, - and ., and those that refer to it the same")
    return Remedy("strip it", _remove(place.holder, place.key), shifts=isinstance(place.holder, list))


_REWRITES = {
    "expected array": "put it into an array",
    "expected string": "write it as a text",
    "expected boolean": "write true or false without quotes",
    "expected decimal": "write the number without quotes",
    "expected integer": "write the number without quotes",
    "expected positive integer": "write the number without quotes",
    "invalid non-negative integer": "write the number without quotes",
    "expected date": "write it as YYYY-MM-DD",
    "expected datetime": "write it as YYYY-MM-DDThh:mm:ss and a time zone",
    "expected instant": "write it as YYYY-MM-DDThh:mm:ss and a time zone",
}


def _rewritten(value: Any, details: str) -> Any:
    """The value as it should have been written; _LOST where nobody can tell."""
    if details == "expected array" and value is not None:
        return [value]
    if details == "invalid JSON" and isinstance(value, list) and len(value) == 1:
        return value[0]
    if details == "expected string" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return _LOST
    if details == "expected boolean" and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    if details == "expected date":
        return _dated(value)
    if details in ("expected datetime", "expected instant"):
        return _timed(value)
    if _NUMBER.fullmatch(value.strip()) and ("decimal" in details or "integer" in details):
        return _number(value.strip(), decimal="decimal" in details)
    return _LOST


def _number(text: str, *, decimal: bool) -> Any:
    if "." in text:
        return ExactNumber(text) if decimal else _LOST
    return int(text)


def _dated(text: str) -> Any:
    """A day written with other signs, without any, or with a time that a date does not have."""
    day = text.strip().partition("T")[0].partition(" ")[0]
    found = _DATE.fullmatch(day) or _COMPACT.fullmatch(day)
    if not found:
        return _LOST
    year, month, date = (int(part) for part in found.groups())
    new = f"{year:04}-{month:02}-{date:02}"
    return new if new != text and month in range(1, 13) and date in range(1, 32) else _LOST


def _timed(text: str) -> Any:
    """A moment with a blank for its T, without seconds, or a zone without its colon; a day alone as a date."""
    found = _MOMENT.fullmatch(text.strip())
    if not found:
        return _LOST if "T" in text or ":" in text else _dated(text)
    day, minute, second, fraction, zone = found.groups()
    zone = zone.upper() if zone in "Zz" else f"{zone[:3]}:{zone[-2:]}"
    new = f"{day}T{minute}{second or ':00'}{fraction or ''}{zone}"
    return new if new != text else _LOST
