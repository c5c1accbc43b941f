"""What is indexed of a resource: the rows of the tables of values, by parameter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from emulator.fhir import parsing
from emulator.fhir.paths.beginnings import first_keys
from emulator.fhir.paths.compiling import Path, compiled
from emulator.fhir.paths.unions import alternatives
from emulator.fhir.search.folding import folded
from emulator.fhir.search.moments import interval
from emulator.fhir.search.parameters import Parameter, Parameters, key_of
from emulator.fhir.search.tables import ANY_SYSTEM, CHRONOLOGICAL, COLUMNS, UNCODED, Row, Rows, system_key

Json = Mapping[str, Any]
_Concept = tuple[tuple[tuple[str, int], ...], tuple[str, ...]]
_UNCODED = (("", UNCODED),)
Local = Callable[[str], str]
"""Takes a reference's text; gives Type/id where it is of the own store, else the text as it is."""

CONTENT_KEY, NARRATIVE_KEY = key_of("Resource", "_content"), key_of("Resource", "_text")
MOST_ROWS = 50_000
"""Of one resource; Cloud Healthcare may leave fields beyond as many out of the index."""
_MOST_WORDS = 1000
_MOST_ENDS, _LONGEST_END = 100, 100
"""Words of a text from which on it is found, too, and letters of what is found then."""
_MOST_PLANS = 1000
_SHORT = 1000
"""Bytes of concepts that are remembered."""
_TABLE = {"token": "tokens", "string": "strings", "date": "dates", "reference": "references", "uri": "uris"}
_TEXT_PARTS = (
    "family",
    "given",
    "line",
    "city",
    "district",
    "state",
    "postalCode",
    "country",
    "prefix",
    "suffix",
    "text",
)
_CONTACT_SYSTEMS = frozenset({"phone", "fax", "email", "pager", "url", "sms", "other"})
_CURRENCY = "urn:iso:std:iso:4217"
_VERSIONED = re.compile(r"([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})(?:/_history/[^/]+)?")
_TAG = re.compile(r"<[^>]*>")
_INFINITY = float("inf")


def relative(text: str) -> str:
    """The target of a reference where the store's own address is not known: Type/id loses its version."""
    match = _VERSIONED.fullmatch(text)
    return match[1] if match else text


class _Reading(NamedTuple):
    """Parameters that find the same in a resource: what gives their values, one of them, and the keys of all."""

    path: Path
    parameter: Parameter
    keys: tuple[int, ...]
    text_keys: tuple[int, ...]


class _Plan:
    """The parameters of a type by the keys that a resource must have for them to find anything."""

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self._sides: list[tuple[Parameter, list[tuple[str, frozenset[str] | None]]]] = []
        self._known: dict[tuple[str, ...], list[_Reading]] = {}
        for each in parameters:
            if each.expression and not each.parts and each.code not in {"_id", "_lastUpdated"}:
                sides = [(side, _needed(each, side)) for side in alternatives(each.expression)]
                self._sides.append((each, sides))

    def of(self, resource: Json) -> list[_Reading]:
        """What may find something in a resource, each parameter once."""
        keys = tuple(resource)
        found = self._known.get(keys)
        if found is None:
            found = self._of_keys(keys)
            if len(self._known) < _MOST_PLANS:
                self._known[keys] = found
        return found

    def _of_keys(self, keys: Iterable[str]) -> list[_Reading]:
        """Without the sides of a union that find nothing, some parameters are the same."""
        same: dict[tuple[Any, ...], list[Parameter]] = {}
        for each, sides in self._sides:
            there = [side for side, needed in sides if needed is None or not needed.isdisjoint(keys)]
            if there:
                same.setdefault((" | ".join(there), each.type, each.components), []).append(each)
        return [
            _Reading(compiled(text), each[0], tuple(one.key for one in each), tuple(one.text_key for one in each))
            for (text, *_), each in same.items()
        ]


def _needed(parameter: Parameter, side: str) -> frozenset[str] | None:
    """The keys of which a resource needs one for a side of a parameter's expression; None: it may need none."""
    if parameter.type == "composite" and side == parameter.base:
        return first_keys(parameter.components[1].expression)
    return first_keys(side)


class Indexer:
    """Gives the rows of resources, by the parameters of a store."""

    def __init__(self, parameters: Parameters, local: Local = relative) -> None:
        self._parameters = parameters
        self._local = local
        self._plans: dict[str, _Plan] = {}

    def rows(self, resource: Json) -> Rows:
        """The rows of a resource whose type is known; at most 50,000."""
        rows: Rows = {name: [] for name in COLUMNS}
        words: dict[str, None] = {}
        left = MOST_ROWS
        for reading in self._plan(resource["resourceType"]).of(resource):
            if values := reading.path(resource):
                left -= self._add(reading, values[: max(left, 0)], rows, words)
        self._add_words(CONTENT_KEY, words, rows)
        div = narrative.get("div") if isinstance(narrative := resource.get("text"), dict) else None
        if isinstance(div, str):
            self._add_words(NARRATIVE_KEY, dict.fromkeys(folded(_TAG.sub(" ", div)).split()), rows)
        if references := rows["references"]:
            moment = _moment(resource["resourceType"], rows["dates"])
            rows["references"] = [(*row, moment) for row in references]
        return rows

    def _plan(self, resource_type: str) -> _Plan:
        if resource_type not in self._plans:
            self._plans[resource_type] = _Plan(self._parameters.of(resource_type).values())
        return self._plans[resource_type]

    def _add(self, reading: _Reading, values: list[Any], rows: Rows, words: dict[str, None]) -> int:
        """Add the rows of parameters, of each every one once, in the order of the values; their number."""
        parameter = reading.parameter
        kind = parameter.type
        if kind == "composite":
            table, found = "pairs", self._pairs(parameter, values)
        elif kind in {"number", "quantity"}:
            table, found = "numbers", numbers(values)
        elif kind == "reference":
            table, found = "references", references(values, self._local)
        else:
            table, found = _TABLE[kind], _READERS[kind](values)
        distinct = _distinct(found)
        into = rows[table]
        for key in reading.keys:
            into += [(key, place, *row) for place, row in enumerate(distinct)]
        if kind == "token":
            self._add_texts(reading.text_keys, values, rows["strings"], words)
        elif kind == "string":
            for row in distinct:
                if row[1]:  # a text as a whole
                    words.update(dict.fromkeys(str(row[0]).split()))
        return len(distinct) * len(reading.keys)

    def _add_texts(self, keys: Iterable[int], values: list[Any], into: list[Row], words: dict[str, None]) -> None:
        distinct = dict.fromkeys(plain for value in values if type(value) is dict for plain in _plain_texts(value))
        if distinct:
            for key in keys:
                into += [(key, place, plain, "") for place, plain in enumerate(distinct)]
            for plain in distinct:
                words.update(dict.fromkeys(plain.split()))

    def _add_words(self, key: int, words: Mapping[str, None], rows: Rows) -> None:
        rows["strings"] += [(key, place, word, "") for place, word in enumerate([*words][:_MOST_WORDS])]

    def _pairs(self, parameter: Parameter, values: list[Any]) -> Iterator[Row]:
        """The rows of a composite: each code of its first part with each value of its second."""
        first, second = parameter.components
        from_code, from_value = compiled(first.expression), compiled(second.expression)
        for value in values:
            codes = list(tokens(from_code(value)))
            seconds = [*self._second(second.type, from_value(value))] if codes else []
            for code in codes:
                for each in seconds:
                    yield (*code, *each)

    def _second(self, kind: str, values: list[Any]) -> Iterator[Row]:
        """Value, its system, low, high and unit of the second part of a pair."""
        if kind == "token":
            return ((code, system, 0, 0, "") for code, system in tokens(values))
        if kind == "string":
            return ((plain, 0, 0, 0, exact) for plain, exact in strings(values))
        if kind == "date":
            return (("", 0, low, high, "") for low, high in dates(values))
        if kind == "reference":
            return ((target, 0, 0, 0, "") for (target,) in references(values, self._local))
        return ((code, system, low, high, unit) for low, high, code, system, unit in numbers(values))


def _moment(resource_type: str, dates: list[Row]) -> Any:
    """When a resource was, by the rows of its dates; None where these do not say it."""
    if dates:
        key = _chronological(resource_type)
        for row in dates:
            if row[0] == key:
                return row[2]
    return None


@lru_cache(maxsize=1024)
def _chronological(resource_type: str) -> int:
    """The key of the parameter by which resources of a type have their place in time."""
    return key_of(resource_type, CHRONOLOGICAL)


def _distinct(found: Iterable[Row]) -> list[Row]:
    """Each once, in the order in which they came."""
    rows = [*found]
    return rows if len(rows) < 2 else [*dict.fromkeys(rows)]


def tokens(values: list[Any]) -> Iterator[tuple[str, int]]:
    """Codes with the numbers of their systems (FHIR, search: token)."""
    for value in values:
        if type(value) is dict:
            yield from _concept(value)[0] if "coding" in value else [*_tokens_of(value)] or _UNCODED
        elif type(value) is bool:
            yield ("true" if value else "false"), ANY_SYSTEM
        else:
            yield str(value), ANY_SYSTEM


def _plain_texts(value: Json) -> tuple[str, ...]:
    """What :text searches of a coded value, as it is compared."""
    return _concept(value)[1] if "coding" in value else tuple(map(folded, texts(value)))


def _concept(value: Json) -> _Concept:
    """The tokens and texts of a CodeableConcept. The same few come in many resources."""
    written = parsing.serialize(value)
    return _remembered(written) if len(written) <= _SHORT else _read_concept(written)


def _read_concept(written: bytes) -> _Concept:
    value = orjson.loads(written)
    return tuple(_tokens_of(value)) or _UNCODED, tuple(map(folded, texts(value)))


_remembered = lru_cache(maxsize=8192)(_read_concept)


def _tokens_of(value: Json) -> Iterator[tuple[str, int]]:
    if "coding" in value:
        for coding in _dicts(value["coding"]):
            yield from _coded(coding, "code")
    elif "code" in value:
        yield from _coded(value, "code")
    elif "value" in value or ("system" in value and "display" not in value):
        yield from _coded(value, "value")
    elif isinstance(concept := value.get("concept"), dict):
        yield from _tokens_of(concept)
    elif "system" in value:
        yield from _coded(value, "code")


def _coded(value: Json, key: str) -> Iterator[tuple[str, int]]:
    """The code and system of a Coding, Identifier or ContactPoint, whose system is not one of codes."""
    code, system = value.get(key), value.get("system")
    if code is None and system is None:
        return
    known = isinstance(system, str)
    number = ANY_SYSTEM if known and system in _CONTACT_SYSTEMS else system_key(system if known else "")
    yield ("" if code is None else str(code)), number


def texts(value: Json) -> Iterator[str]:
    """The texts of a coded value that :text searches: of a concept, of a coding, of an identifier's type."""
    for each in (value, value.get("concept"), value.get("type")):
        if isinstance(each, dict) and (each is not value or "type" not in value or "coding" in value):
            if isinstance(each.get("text"), str):
                yield each["text"]
            for coding in _dicts(each.get("coding")):
                if isinstance(coding.get("display"), str):
                    yield coding["display"]
    if isinstance(value.get("display"), str) and "reference" not in value:
        yield value["display"]


def strings(values: list[Any]) -> Iterator[tuple[str, str]]:
    """Texts as they are compared and as they are written; of names and addresses each part (FHIR, search: string).

    What follows from their second word on, and so on, comes after them all, as it is compared: Google's stores find
    "123 Main St" by "main st" (googleapis/mcp-toolbox, its integration test of Cloud Healthcare).
    """
    later: list[str] = []
    for text in _texts(values):
        plain = folded(text)
        yield plain, text
        if " " in plain:
            later += _ends(plain)
    for end in later:
        yield end, ""


def _texts(values: list[Any]) -> Iterator[str]:
    for value in values:
        if type(value) is dict:
            for part in _TEXT_PARTS:
                text = value.get(part)
                for each in text if isinstance(text, list) else (text,):
                    if isinstance(each, str):
                        yield each
        elif not isinstance(value, list):
            yield str(value)


def _ends(plain: str) -> Iterator[str]:
    """The text from each of its words on but the first, cut short where it is long."""
    at = 0
    for _ in range(_MOST_ENDS):
        at = plain.find(" ", at) + 1
        if not at:
            return
        yield plain[at : at + _LONGEST_END]


def dates(values: list[Any]) -> Iterator[tuple[int, int]]:
    """The intervals of dates, periods and timings (FHIR, search: date)."""
    return (found for value in values if (found := interval(value)) is not None)


def numbers(values: list[Any]) -> Iterator[tuple[float, float, str, int, str]]:
    """Low and high, code, system and unit of numbers, quantities, ranges, sampled data and amounts of money."""
    for value in values:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            yield float(value), float(value), "", 0, ""
        elif type(value) is dict and (found := _amount(value)):
            yield found


def _amount(value: Json) -> tuple[float, float, str, int, str] | None:
    if "low" in value or "high" in value:
        low, high = _part(value, "low"), _part(value, "high")
        unit = low or high
        ends = sorted((_number(low, -_INFINITY), _number(high, _INFINITY)))
        return _measured(unit, *ends) if unit else None
    if "origin" in value:
        return _sampled(value)
    if "numerator" in value:
        return _ratio(value)
    number = _number(value, None)
    return None if number is None else _measured(value, number, number)


def _sampled(value: Json) -> tuple[float, float, str, int, str] | None:
    """SampledData: the bounds of what was measured, or the origin where none are stated."""
    origin = _part(value, "origin")
    start, factor = _number(origin, None), value.get("factor", 1)
    if start is None or not isinstance(factor, (int, float)):
        return None
    limits = [
        start + limit * factor if isinstance(limit := value.get(name), (int, float)) else start
        for name in ("lowerLimit", "upperLimit")
    ]
    return _measured(origin, min(limits), max(limits))


def _ratio(value: Json) -> tuple[float, float, str, int, str] | None:
    above, below = (_number(_part(value, name), None) for name in ("numerator", "denominator"))
    if above is None:
        return None
    number = above / below if below else above
    return _measured(_part(value, "numerator"), number, number)


def _measured(value: Json, low: float, high: float) -> tuple[float, float, str, int, str]:
    if isinstance(currency := value.get("currency"), str):
        return low, high, currency, system_key(_CURRENCY), currency
    code, system, unit = value.get("code"), value.get("system"), value.get("unit")
    return low, high, _text(code), system_key(_text(system)), _text(unit)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Json, otherwise: Any) -> Any:
    number = value.get("value")
    return float(number) if isinstance(number, (int, float)) and not isinstance(number, bool) else otherwise


def _part(value: Json, name: str) -> Json:
    part = value.get(name)
    return part if isinstance(part, dict) else {}


def references(values: list[Any], local: Local) -> Iterator[tuple[str]]:
    """The targets of references and canonical URLs (Cloud Healthcare: the latter are compared as they are written).

    "" for a reference that says by an identifier or a text only what it is about: it is there, for :missing.
    """
    for value in values:
        text = value.get("reference") if type(value) is dict else value
        if type(text) is dict:  # CodeableReference
            text = text.get("reference")
        yield (local(text) if isinstance(text, str) else "",)


def uris(values: list[Any]) -> Iterator[tuple[str]]:
    """URIs, URLs and canonical URLs as they are written."""
    return ((value,) for value in values if isinstance(value, str))


def _dicts(value: Any) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


_READERS: dict[str, Callable[[list[Any]], Iterator[Any]]] = {
    "token": tokens,
    "string": strings,
    "date": dates,
    "uri": uris,
}
