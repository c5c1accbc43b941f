"""Filters on Resource.meta (Cloud Healthcare: rollback, metadataFilter): AIP-160 with two functions and without `:`.

tag("SYSTEM") = "CODE" looks for a tag, extension_value_ts("URL") < SECONDS at the time that an extension has.
"""

import operator
from collections.abc import Callable, Iterator
from typing import Any

from emulator.errors import ApiError, invalid_argument
from emulator.gateway import filters
from emulator.gateway.filters import Predicate
from emulator.services.healthcare.fhir import instants

FUNCTIONS = ("tag", "extension_value_ts")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compiled(text: str) -> Predicate:
    """Whether a resource's meta is as a filter says; 400 for a filter that can't be read."""
    return filters.compile_filter(text, _comparison, FUNCTIONS)


def _comparison(path: str, sign: str, wanted: str) -> Predicate:
    if not sign:
        return lambda meta: any(wanted.lower() in str(value).lower() for value in _leaves(meta))
    if sign != "!=" and sign not in _COMPARE:
        raise _bad(f"{sign} is not supported")
    name, _, argument = path.removesuffix(")").partition("(")
    if name == "tag" and argument:
        return _of_tags(argument, sign, wanted)
    if name == "extension_value_ts":
        seconds = _number(wanted)
        return lambda meta: _holds(_times(meta, argument), sign, seconds)
    steps = path.removeprefix("meta.").split(".")
    if steps == ["lastUpdated"]:
        at = _instant(wanted)
        return lambda meta: _holds([instants.of_instant(str(meta.get("lastUpdated")))], sign, at)
    return lambda meta: _holds([str(value) for value in _found(meta, steps)], sign, wanted)


def _holds(values: list[Any], sign: str, wanted: Any) -> bool:
    """Whether one of the values compares so; of !=, whether none is equal."""
    if sign == "!=":
        return wanted not in values
    return any(value is not None and _COMPARE[sign](value, wanted) for value in values)


def _of_tags(system: str, sign: str, code: str) -> Predicate:
    if sign not in ("=", "!="):
        raise _bad(f"tag() takes = and !=, not {sign}")

    def has(meta: dict[str, Any]) -> bool:
        tags = meta.get("tag") or []
        return any(each.get("system") == system and each.get("code") == code for each in tags) == (sign == "=")

    return has


def _times(meta: dict[str, Any], url: str) -> list[float]:
    """The values of an extension as Unix timestamps: numbers as they are, times in seconds."""
    values = [
        value
        for extension in meta.get("extension") or []
        if extension.get("url") == url
        for name, value in extension.items()
        if name.startswith("value")
    ]
    return [seconds for value in values if (seconds := _seconds(value)) is not None]


def _seconds(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        at = instants.of_instant(str(value))
        return None if at is None else at / 1_000_000


def _found(value: Any, steps: list[str]) -> Iterator[Any]:
    """What lies at the end of a path; an array stands for each of its elements."""
    if isinstance(value, list):
        for each in value:
            yield from _found(each, steps)
    elif not steps:
        yield value
    elif isinstance(value, dict) and steps[0] in value:
        yield from _found(value[steps[0]], steps[1:])


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)
    else:
        yield value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _bad("extension_value_ts() is compared with a Unix timestamp") from None


def _instant(text: str) -> int:
    found = instants.of_instant(text)
    if found is None:
        raise _bad("lastUpdated is compared with a time such as 2017-01-01T00:00:00Z")
    return found


def _bad(sentence: str) -> ApiError:
    return invalid_argument(f"Invalid metadataFilter: {sentence}.")
