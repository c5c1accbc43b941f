"""Searches the plain way: every resource is looked at, every expression is read anew, no index, no SQL.

It shares the definitions (expressions and types of parameters, names of choices) with the emulator and nothing else, so
that both can be compared. Slow, and meant to be read beside FHIR's page on search.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from emulator.fhir.definitions import choice_names
from emulator.fhir.search.parameters import Parameter, Parameters

Json = dict[str, Any]
CONTACTS = ("phone", "fax", "email", "pager", "url", "sms", "other")
PARTS = ("family", "given", "line", "city", "district", "state", "postalCode", "country", "prefix", "suffix", "text")


# Expressions


def evaluate(expression: str, item: Any) -> list[Any]:
    """The values of an expression, which is cut up as text."""
    expression = stripped(expression)
    sides = cut(expression, "|")
    if len(sides) > 1:
        found: list[Any] = []
        for side in sides:
            found += [value for value in evaluate(side, item) if value not in found]
        return found
    if len(both := cut(expression, " and ")) > 1:
        return [all(evaluate(each, item) == [True] for each in both)]
    for word in (" as ", " is "):
        if len(halves := cut(expression, word)) > 1:
            return evaluate(f"{halves[0]}.{word.strip()}({halves[1]})", item)
    for sign in ("!=", "="):
        if len(halves := cut(expression, sign)) > 1:
            left, right = (evaluate(half, item) for half in halves)
            if not left or not right:
                return []
            same = left == right and [type(each) is bool for each in left] == [type(each) is bool for each in right]
            return [same if sign == "=" else not same]
    if re.fullmatch(r"'[^']*'", expression):
        return [expression[1:-1]]
    if expression in {"true", "false"}:
        return [expression == "true"]
    return walk(cut(expression, "."), item)


def stripped(expression: str) -> str:
    expression = expression.strip()
    while expression.startswith("(") and closing(expression) == len(expression) - 1:
        expression = expression[1:-1].strip()
    return expression


def closing(expression: str) -> int:
    depth = 0
    for at, letter in enumerate(expression):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return at
    raise AssertionError(expression)


def cut(expression: str, sign: str) -> list[str]:
    """The parts of a text between signs that are in no brackets and no quotes."""
    parts, depth, quoted, start, at = [], 0, False, 0, 0
    while at < len(expression):
        letter = expression[at]
        if letter == "'":
            quoted = not quoted
        elif not quoted:
            depth += (letter in "([") - (letter in ")]")
            before = expression[at - 1] if at else ""
            if depth == 0 and expression.startswith(sign, at) and not (sign == "=" and before in "!<>"):
                parts.append(expression[start:at])
                at += len(sign)
                start = at
                continue
        at += 1
    return [*parts, expression[start:]]


def walk(steps: list[str], item: Any) -> list[Any]:
    items = [item]
    for at, written in enumerate(steps):
        step, place = written, None
        if index := re.fullmatch(r"(.*)\[(\d+)\]", written):
            step, place = index[1], int(index[2])
        following = steps[at + 1] if at + 1 < len(steps) else ""
        if step.startswith("("):
            items = [value for each in items for value in evaluate(step, each)]
        elif at == 0 and (step[0].isupper() or step == "%resource"):
            pass
        elif call := re.fullmatch(r"(\w+)\((.*)\)", step):
            items = called(call[1], call[2], items)
        else:
            wanted = re.fullmatch(r"(as|is|ofType)\((.*)\)", following)
            items = [value for each in items for value in child(each, step, wanted[2] if wanted else "")]
        if place is not None:
            items = items[place : place + 1]
    return items


def called(name: str, argument: str, items: list[Any]) -> list[Any]:
    if name == "where":
        return [each for each in items if evaluate(argument, each) == [True]]
    if name == "exists":
        return [bool(items if not argument else [each for each in items if evaluate(argument, each) == [True]])]
    if name == "resolve":
        return [("resolved", target_type(each)) for each in items]
    if name in {"as", "ofType"}:
        return items  # child() has looked for the type
    if name == "is":
        if items and isinstance(items[0], tuple):
            return [True] if items[0][1] == argument else []
        return [True] if items else []
    if name == "first":
        return items[:1]
    if name == "extension":
        url = argument.strip("'")
        return [e for each in items for e in (each.get("extension") or []) if e.get("url") == url]
    raise AssertionError(name)


def child(item: Any, name: str, wanted: str) -> Iterator[Any]:
    if not isinstance(item, dict):
        return
    keys = [each for each in choice_names().get(name, ()) if each in item]
    if wanted and (keys or name not in item):
        keys = [key for key in keys if key == name + wanted[0].upper() + wanted[1:]]
    elif name in item:
        keys = [name]
    for key in keys:
        value = item[key]
        yield from (each for each in (value if isinstance(value, list) else [value]) if each is not None)


def target_type(item: Any) -> str:
    text = item.get("reference", "") if isinstance(item, dict) else item
    parts = text.split("/_history")[0].split("/")
    return parts[-2] if len(parts) > 1 else ""


# Values


@dataclass
class Span:
    """From low to below high."""

    low: datetime
    high: datetime


EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def span(text: str) -> Span:
    """What a date leaves open."""
    size = len(text)
    if size == 4:
        return Span(datetime(int(text), 1, 1, tzinfo=UTC), datetime(int(text) + 1, 1, 1, tzinfo=UTC))
    if size == 7:
        year, month = int(text[:4]), int(text[5:])
        return Span(datetime(year, month, 1, tzinfo=UTC), datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC))
    low = datetime.fromisoformat(text)
    low = low if low.tzinfo else low.replace(tzinfo=UTC)
    if size == 10:
        return Span(low, low + timedelta(days=1))
    fraction = re.search(r"\.(\d+)", text)
    if fraction:
        return Span(low, low + timedelta(microseconds=10 ** (6 - len(fraction[1]))))
    seconds = 1 if re.search(r"T\d\d:\d\d:\d\d", text) else 60
    return Span(low, low + timedelta(seconds=seconds))


def spans(value: Any) -> list[Span]:
    if isinstance(value, str):
        return [span(value)] if re.match(r"\d{4}(-\d\d|$)", value) else []
    if "start" in value or "end" in value:
        first = span(value["start"]) if "start" in value else Span(EARLIEST, EARLIEST)
        last = span(value["end"]) if "end" in value else Span(LATEST, LATEST)
        return [Span(min(first.low, last.low), max(first.high, last.high))]
    found = [span(each) for each in value.get("event", [])]
    found += spans(value.get("repeat", {}).get("boundsPeriod", {})) if value.get("repeat") else []
    return [Span(min(each.low for each in found), max(each.high for each in found))] if found else []


def words(text: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", plain)


def strings(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return [str(value)]
    found: list[str] = []
    for part in PARTS:
        inside = value.get(part, [])
        found += [inside] if isinstance(inside, str) else inside
    return found


def codings(value: Any) -> list[tuple[str, str | None]]:
    """Codes with systems; None where the element's own system is meant."""
    if isinstance(value, bool):
        return [(str(value).lower(), None)]
    if not isinstance(value, dict):
        return [(str(value), None)]
    if "coding" in value:
        coded = [each for each in value["coding"] if "code" in each or "system" in each]
        return [(each.get("code", ""), each.get("system", "")) for each in coded]
    if "concept" in value:
        return codings(value["concept"])
    if "code" in value:
        return [(value["code"], value.get("system", ""))]
    if "value" in value or "system" in value:
        system = value.get("system", "")
        return [(str(value.get("value", "")), None if system in CONTACTS else system)]
    return []


def texts(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return []
    of_type: Json = value.get("type") or {}
    concept: Json = value.get("concept") or (value if "coding" in value or "text" in value else of_type)
    found = [concept["text"]] if "text" in concept else []
    found += [each["display"] for each in concept.get("coding", []) if "display" in each]
    return found + ([value["display"]] if "display" in value and "reference" not in value else [])


@dataclass
class Amount:
    """A number, or from low to high, with a unit."""

    low: float
    high: float
    unit: Json


def amounts(value: Any) -> list[Amount]:
    if isinstance(value, (int, float)):
        return [Amount(value, value, {})]
    if "low" in value or "high" in value:
        low, high = value.get("low", {}), value.get("high", {})
        ends = sorted((low.get("value", float("-inf")), high.get("value", float("inf"))))
        return [Amount(ends[0], ends[1], low or high)]
    if "origin" in value:
        start, factor = value["origin"]["value"], value.get("factor", 1)
        ends = [start + value[name] * factor if name in value else start for name in ("lowerLimit", "upperLimit")]
        return [Amount(min(ends), max(ends), value["origin"])]
    return [Amount(value["value"], value["value"], value)] if "value" in value else []


def target(value: Any) -> str | None:
    text = value.get("reference") if isinstance(value, dict) else value
    if isinstance(text, dict):
        text = text.get("reference")
    return re.sub(r"^([A-Z]\w+/[^/]+)/_history/.*$", r"\1", text) if text else None


# Comparisons


def split(text: str, sign: str) -> list[str]:
    return re.split(rf"(?<!\\)\{sign}", text)


def plain(text: str) -> str:
    return re.sub(r"\\([,$|\\])", r"\1", text)


def is_date(value: Any, wanted: str, now: datetime) -> bool:
    prefix, text = re.fullmatch(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)", wanted).groups()  # type: ignore[union-attr]
    other = span(text)
    return any(meets(each, prefix or "eq", other, now) for each in spans(value))


def meets(value: Span, prefix: str, other: Span, now: datetime) -> bool:
    within = other.low <= value.low and value.high <= other.high
    if prefix == "ap":
        margin = abs(now - other.low) / 10
        return value.low < other.high + margin and value.high > other.low - margin
    return {
        "eq": within,
        "ne": not within,
        "gt": value.high > other.high,
        "lt": value.low < other.low,
        "ge": value.high > other.high or within,
        "le": value.low < other.low or within,
        "sa": value.low >= other.high,
        "eb": value.high <= other.low,
    }[prefix]


def is_amount(value: Any, wanted: str) -> bool:
    number, *unit = split(wanted, "|")
    prefix, text = re.fullmatch(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)", number).groups()  # type: ignore[union-attr]
    return any(
        measures(each, prefix or "eq", text) and has_unit(each.unit, [plain(part) for part in unit])
        for each in amounts(value)
    )


def measures(value: Amount, prefix: str, text: str) -> bool:
    exact = Decimal(text)
    digits = len(text.partition(".")[2])
    half = abs(exact) / 10 if prefix == "ap" else Decimal(1) / 2 / 10**digits
    low, high, point = float(exact - half), float(exact + half), float(exact)
    equal = low <= value.low and value.low < high and value.high < high
    return {
        "eq": equal,
        "ne": value.low < low or value.high >= high,
        "gt": value.high > point,
        "lt": value.low < point,
        "ge": value.high >= point,
        "le": value.low <= point,
        "sa": value.low > point,
        "eb": value.high < point,
        "ap": value.low <= high and value.high >= low,
    }[prefix]


def has_unit(value: Json, wanted: list[str]) -> bool:
    system, code = (*wanted, "", "")[:2]
    if system:
        return value.get("system", "") == system and code in {"", value.get("code", "")}
    return code in {"", value.get("code", ""), value.get("unit", "")}


def is_token(value: Any, wanted: str) -> bool:
    system, *code = split(wanted, "|")
    for own_code, own_system in codings(value):
        if not code:
            if own_code == plain(system):
                return True
            continue
        text = plain("|".join(code))
        same = own_system == plain(system) if not text else own_system in {None, plain(system)}
        if same and text in {"", own_code}:
            return True
    return False


def is_string(value: Any, wanted: str, modifier: str) -> bool:
    wanted = plain(wanted)
    if modifier != "exact" and not words(wanted):
        return False
    for each in strings(value):
        if modifier == "exact":
            found = each == wanted
        elif modifier == "contains":
            found = " ".join(words(wanted)) in " ".join(words(each))
        else:
            found = f" {' '.join(words(wanted))}" in f" {' '.join(words(each))}"  # from any word on
        if found:
            return True
    return False


def is_uri(value: str, wanted: str, modifier: str) -> bool:
    wanted = plain(wanted)
    if modifier == "below":
        return value.startswith(wanted)
    if modifier == "above":
        return wanted == value or wanted.startswith(value.rstrip("/") + "/")
    return value == wanted


# Searches


class Plain:
    """All resources of a store."""

    def __init__(self, parameters: Parameters, resources: list[Json], now: datetime) -> None:
        self._parameters = parameters
        self._resources = resources
        self._now = now

    def matches(self, kind: str, pairs: list[tuple[str, str]]) -> set[str]:
        """Type/id of what meets all conditions."""
        return {
            f"{each['resourceType']}/{each['id']}"
            for each in self._resources
            if each["resourceType"] == kind and all(self._meets(each, name, value) for name, value in pairs)
        }

    def first(self, name: str, code: str) -> Any:
        """What a resource, by Type/id, is sorted by; None where it has no such value."""
        (resource,) = (each for each in self._resources if f"{each['resourceType']}/{each['id']}" == name)
        parameter = self._parameters.of(resource["resourceType"])[code]
        values = evaluate(parameter.expression, resource)
        if parameter.type == "token":
            return next((code for value in values for code, _ in codings(value) or [("", None)]), None)
        if parameter.type == "string":
            return next((" ".join(words(text)) for value in values for text in strings(value)), None)
        if parameter.type == "date":
            return next((found.low for value in values for found in spans(value)), None)
        return next((found.low for value in values for found in amounts(value)), None)

    def _meets(self, resource: Json, name: str, value: str) -> bool:
        kind = resource["resourceType"]
        if name.startswith("_has:"):
            _, source, code, rest = name.split(":", 3)
            return any(
                f"{kind}/{resource['id']}" in self._targets(other, code) and self._meets(other, rest, value)
                for other in self._resources
                if other["resourceType"] == source
            )
        step, dot, rest = name.partition(".")
        code, _, modifier = step.partition(":")
        if dot:
            return self._chained(resource, code, modifier, rest, value)
        return self._found(resource, self._parameters.of(kind)[code], modifier, value)

    def _targets(self, resource: Json, code: str) -> list[str | None]:
        parameter = self._parameters.of(resource["resourceType"])[code]
        return [target(each) for each in evaluate(parameter.expression, resource)]

    def _chained(self, resource: Json, code: str, modifier: str, rest: str, value: str) -> bool:
        wanted = self._parameters.of(resource["resourceType"])[code].targets or self._parameters.types
        first = rest.partition(".")[0].partition(":")[0]
        targets = self._targets(resource, code)
        return any(
            f"{other['resourceType']}/{other['id']}" in targets and self._meets(other, rest, value)
            for other in self._resources
            if (other["resourceType"] == modifier if modifier else other["resourceType"] in wanted)
            and (first in self._parameters.of(other["resourceType"]) or first == "_has")
        )

    def _found(self, resource: Json, parameter: Parameter, modifier: str, wanted: str) -> bool:
        values = evaluate(parameter.expression, resource)
        if modifier == "missing":
            return (not any(self._is_there(parameter, each) for each in values)) == (wanted == "true")
        either = [each for each in split(wanted, ",") if each]
        found = any(self._equal(parameter, modifier, each, one, resource) for each in values for one in either)
        return not found if modifier == "not" else found

    def _is_there(self, parameter: Parameter, value: Any) -> bool:
        if parameter.type == "composite":
            first, second = parameter.components
            return bool(evaluate(first.expression, value)) and bool(evaluate(second.expression, value))
        reader = {"string": strings, "date": spans, "number": amounts, "quantity": amounts}
        return bool(reader.get(parameter.type, lambda each: [each])(value))

    def _equal(self, parameter: Parameter, modifier: str, value: Any, wanted: str, resource: Json) -> bool:
        if parameter.code == "_id":
            return str(resource["id"]) == wanted
        if modifier == "text":
            begins = " ".join(words(plain(wanted)))
            return bool(begins) and any(" ".join(words(each)).startswith(begins) for each in texts(value))
        if parameter.type == "composite":
            return self._pair(parameter, value, wanted)
        return self._is(parameter.type, parameter, modifier, value, wanted)

    def _is(self, kind: str, parameter: Parameter, modifier: str, value: Any, wanted: str) -> bool:
        if kind == "token":
            return is_token(value, wanted)
        if kind == "string":
            return is_string(value, wanted, modifier)
        if kind == "date":
            return is_date(value, wanted, self._now)
        if kind == "uri":
            return is_uri(value, wanted, modifier)
        if kind == "reference":
            return self._refers(parameter, modifier, value, plain(wanted))
        return is_amount(value, wanted)

    def _refers(self, parameter: Parameter, modifier: str, value: Any, wanted: str) -> bool:
        types = [modifier] if modifier else parameter.targets or self._parameters.types
        if re.fullmatch(r"[A-Za-z0-9\-.]+", wanted):
            return target(value) in {f"{each}/{wanted}" for each in types}
        if modifier and f"/{modifier}/" not in f"/{wanted}":
            return False
        return target(value) == target(wanted)

    def _pair(self, parameter: Parameter, value: Any, wanted: str) -> bool:
        code, *others = split(wanted, "$")
        if len(others) != 1:
            return False  # a value for another type that the reference may point at
        (other,) = others
        first, second = parameter.components
        return any(is_token(each, code) for each in evaluate(first.expression, value)) and any(
            self._is(second.type, parameter, "", each, other) for each in evaluate(second.expression, value)
        )
