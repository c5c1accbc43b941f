"""Rules for values of primitive types: a function for each that takes a JSON value and gives what is wrong, or None.

Formats are those of the data types (hl7.org/fhir/datatypes.html), as far as Google's parser holds values to them.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

from emulator.fhir.parsing import ExactNumber
from emulator.fhir.validation.leniency import Leniency
from emulator.fhir.validation.problems import Aspect, Problem
from emulator.fhir.validation.urls import PLAIN, is_url

Text = TypeVar("Text", str, bytes)
Rule = Callable[[Any], list[Problem] | None]
"""Gives None, or an empty list, for a value that is right."""
Test = Callable[[Any], bool]
Explain = Callable[[Any], str]

MAX_STRING = 1 << 20
"""Bytes of a string (hl7.org/fhir/datatypes.html: 1 MB)."""
OPEN_CODE = "code of others"
"""The key of the rule for codes that are bound to what FHIR does not list, such as MIME types: any text."""
_SHORT = MAX_STRING // 4
"""Letters that are no more bytes, whichever they are."""
_MAX_INTEGER = 2**31 - 1
_NUMBERS = frozenset({int, float, ExactNumber})
_RANGE = "non-negative integer out of range {}..2,147,483,647"

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_BLANK = re.compile(r"\s")
_CODE = re.compile(r"[^\s]+(\s[^\s]+)*", re.ASCII)
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
_ZONE = r"(?:Z|[+\-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_MONTH = r"[0-9]{4}-(?:0[1-9]|1[0-2])"
_DAY = rf"{_MONTH}-(?:0[1-9]|[12][0-9]|3[01])"
_TIME = re.compile(_CLOCK)
_DATE = re.compile(rf"[0-9]{{4}}|{_MONTH}|{_DAY}")
_DATE_TIME = re.compile(rf"{_DAY}T{_CLOCK}{_ZONE}|{_DATE.pattern}")
_INSTANT = re.compile(rf"{_DAY}T{_CLOCK}{_ZONE}")
_DAYS_OF_EVERY_MONTH = "28"
_REMEMBERED, _MOST_KNOWN = 400, 5000
"""Letters or bytes of what is remembered at most, and how many such a rule keeps."""


def _is_day(text: str) -> bool:
    """Whether a text that looks like a date, or begins with one, names a day of the calendar."""
    if len(text) < 10 or text[8:10] <= _DAYS_OF_EVERY_MONTH:
        return True
    year = int(text[:4]) or 2000  # the year 0000 is a leap year, which Python does not know
    try:
        date(year, int(text[5:7]), int(text[8:10]))
    except ValueError:
        return False
    return True


def _dated(pattern: re.Pattern[str]) -> Test:
    match = pattern.fullmatch
    return lambda value: type(value) is str and match(value) is not None and _is_day(value)


def _text(value: Any) -> bool:
    return type(value) is str


def _number(value: Any) -> bool:
    return type(value) in _NUMBERS


def _plain_number(value: Any) -> bool:
    return _number(value) and not (type(value) is ExactNumber and "e" in value.text.lower())


def _integer(value: Any) -> bool:
    return (type(value) is int and -_MAX_INTEGER <= value + 1 <= _MAX_INTEGER + 1) or (
        type(value) is ExactNumber and value.text == "-0"
    )


def _whole(least: int) -> Test:
    return lambda value: type(value) is int and least <= value <= _MAX_INTEGER


def _clean(value: Any) -> bool:
    return type(value) is str and (value.isprintable() or not _CONTROL.search(value)) and _is_short(value)


def _is_short(value: str) -> bool:
    return len(value) <= _SHORT or len(value.encode()) <= MAX_STRING


def _matching(pattern: re.Pattern[str]) -> Test:
    match = pattern.fullmatch
    return lambda value: type(value) is str and match(value) is not None


def _url(value: Any) -> bool:
    return type(value) is str and is_url(value)


def _strict_url(value: Any) -> bool:
    """A URI as R5 defines it: without blanks, and there."""
    return _url(value) and value != "" and not _BLANK.search(value)


def _filled(test: Test) -> Test:
    return lambda value: value != "" and test(value)


def _binary(value: Any) -> bool:
    if type(value) is not str:
        return False
    if " " in value:
        value = _unstridden(value)
    return value is not None and len(value) % 4 == 0 and _BASE64.fullmatch(value) is not None


def _unstridden(value: str) -> str | None:
    """Base64 without its blanks, None where these are not evenly spread."""
    chunks = re.split("( +)", value)
    texts, blanks = chunks[::2], chunks[1::2]
    even = len({*map(len, blanks)}) == 1 and len({len(each) for each in texts[:-1] if each}) <= 1
    return "".join(texts) if even else None


def is_plain(value: Any) -> bool:
    """Whether a value is a text that is right in every version: with no control characters, short, and not empty."""
    return type(value) is str and value.isprintable() and 0 < len(value) <= _SHORT


def remember(known: set[Text], value: Text) -> None:
    """Keep what was found right among what is known, of which there is never too much."""
    if len(value) <= _REMEMBERED:
        if len(known) == _MOST_KNOWN:
            known.clear()
        known.add(value)


def _quick_text(slow: Rule) -> Rule:
    """A rule that lets plain and short texts pass before another one looks, as nearly all are."""

    def check(value: Any) -> list[Problem] | None:
        return None if type(value) is str and value.isprintable() and len(value) <= _SHORT else slow(value)

    return check


def _quick_match(pattern: re.Pattern[str], slow: Rule) -> Rule:
    """As `_quick_text`, for texts that a pattern matches; of those that come again, as most do, it is asked once."""
    match, known = pattern.fullmatch, set[str]()

    def check(value: Any) -> list[Problem] | None:
        if type(value) is not str:
            return slow(value)
        if value in known:
            return None
        if not match(value):
            return slow(value)
        remember(known, value)
        return None

    return check


def _control_or_length(value: str) -> str:
    found = _CONTROL.search(value)
    return (
        f"string contains invalid characters: U+{ord(found[0]):04X}" if found else "string exceeds maximum size of 1 MB"
    )


def _found(details: str) -> Callable[[Any], Problem]:
    """A problem of a value that could not be read as its type."""
    return lambda value: Problem(details, f"found {_json(value)}")


def _json(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f'"{value}"' if isinstance(value, str) else str(value)


def rule(
    test: Test, unread: Callable[[Any], Problem], extended: Rule, invalid: Explain | None = None, *, empty: bool
) -> Rule:
    """The rule for a primitive.

    A value that fails the test could not be read, unless it is a text and `invalid` words what is wrong with its
    format. An object is the primitive's id and extensions, its value then empty. `empty` takes null, too.
    """

    def check(value: Any) -> list[Problem] | None:
        if test(value):
            return None
        if type(value) is dict or (value is None and empty):
            found = (extended(value) if value else None) or []
            return [*found, Problem(invalid(""), aspect=Aspect.VALUE)] if invalid and not test("") else found
        if type(value) is list:
            return [Problem("invalid JSON", "found an array")]
        if invalid and type(value) is str:
            return [Problem(invalid(value), aspect=Aspect.VALUE)]
        return [unread(value)]

    return check


def whole_number(least: int, unread: str, extended: Rule) -> Rule:
    """The rule for positiveInt and unsignedInt, whose range Google tells from their format."""
    test = _whole(least)

    def check(value: Any) -> list[Problem] | None:
        if test(value):
            return None
        if type(value) is dict:
            return extended(value)
        if type(value) is list:
            return [Problem("invalid JSON", "found an array")]
        if type(value) in {int, ExactNumber} and value > _MAX_INTEGER and str(value).isdecimal():
            return [_out_of_range(value, least)]
        return [Problem(unread, f"found {_json(value)}")]

    return check


def _out_of_range(value: float, least: int) -> Problem:
    """The problem of a number over 2^31 - 1; over 2^32 - 1 Google's parser can't read it at all."""
    if value < 2**32:
        return Problem(_RANGE.format(least), aspect=Aspect.VALUE)
    return Problem("invalid positive integer" if least else _RANGE.format(least))


def _beside_value(extended: Rule) -> Rule:
    """The rule for a primitive's id and extensions, where Google's protocol buffers have a `value` beside them."""

    def check(value: Any) -> list[Problem] | None:
        if "value" not in value:
            return extended(value)
        rest = extended({name: each for name, each in value.items() if name != "value"})
        return [Problem("invalid field", path="value"), *(rest or ())]

    return check


def _only_id(value: Any) -> list[Problem]:
    """The rule for what xhtml may have beside its text."""
    return [Problem("unknown field", f'"{name}"') for name in value if name != "id"]


def code(codes: frozenset[str], name: str, leniency: Leniency, extended: Rule) -> Rule:
    """The rule for a code with a required binding to these codes of the value set of this name: encounter-status."""
    known_as = (
        "".join(part[:1].upper() + part[1:] for part in name.split("-")) + "Code"
    )  # to Google: EncounterStatusCode
    folded = frozenset(map(_fold, codes)) if leniency.capitals else codes
    fold = _fold if leniency.capitals else str
    extended = _beside_value(extended)

    def check(value: Any) -> list[Problem] | None:
        if type(value) is str:
            if value in codes or fold(value) in folded or (value == "" and leniency.nulls):
                return None
            return [Problem("code type mismatch", f'"{value}" is not a {known_as}')]
        if type(value) is dict:
            return extended(value)
        if value is None and leniency.nulls:
            return None
        return [Problem("invalid JSON" if type(value) is list else "expected code", f"found {_json(value)}")]

    return check


def _fold(code: str) -> str:
    """A code as Google's enumerations name it, for codes that are names."""
    return code.upper().replace("-", "_")


def rules(leniency: Leniency, patterns: Mapping[str, str], extended: Rule) -> dict[str, Rule]:
    """The rule of each primitive type.

    `patterns` are those that the definitions have for oid and decimal, which changed between versions; `extended` is
    the rule for a primitive's id and extensions.
    """
    empty = leniency.nulls

    valued = _beside_value(extended)

    def texts(test: Test, unread: str, invalid: Explain | None = None) -> Rule:
        return rule(test, _found(unread), valued, invalid, empty=empty)

    def others(test: Test, unread: str, *, empty: bool = False) -> Rule:
        return rule(test, _found(unread), valued, empty=empty)

    def dates(pattern: re.Pattern[str], unread: str) -> Rule:
        return rule(_dated(pattern), _found(unread), extended, empty=False)

    def filled(test: Test) -> Test:
        return test if leniency.empties else _filled(test)

    def urls(name: str) -> Rule:
        test = _url if leniency.empties else _strict_url
        return _quick_match(PLAIN, texts(test, f"expected {name}", lambda _: f"invalid {name}"))

    string = texts(filled(_clean), "expected string", _control_or_length)
    return {
        "base64Binary": others(_binary, "expected binary data"),
        "boolean": others(lambda value: type(value) is bool, "expected boolean", empty=empty),
        "canonical": urls("canonical"),
        "code": _quick_match(_CODE, texts(_matching(_CODE), "expected code", lambda _: "invalid Code format")),
        "date": dates(_DATE, "expected date"),
        "dateTime": dates(_DATE_TIME, "expected datetime"),
        "decimal": others(_number if "e" in patterns["decimal"].lower() else _plain_number, "expected decimal"),
        "id": texts(_matching(_ID), "expected ID", lambda _: "invalid Id format"),
        "instant": dates(_INSTANT, "expected instant"),
        "integer": others(_integer, "expected integer", empty=empty),
        "integer64": texts(_matching(re.compile(r"0|[+\-]?[1-9][0-9]{0,18}")), "expected integer64"),
        "markdown": texts(filled(_text), "expected markdown"),
        "oid": texts(_matching(re.compile(patterns["oid"])), "expected OID", lambda _: "invalid Oid format"),
        "positiveInt": whole_number(1, "expected positive integer", valued),
        "string": _quick_text(string) if leniency.empties else string,
        "time": rule(_matching(_TIME), _found("invalid time"), extended, empty=False),
        "unsignedInt": whole_number(0, "invalid non-negative integer", valued),
        "uri": urls("uri"),
        "url": urls("url"),
        "uuid": texts(_matching(_UUID), "expected UUID", lambda _: "invalid Uuid format"),
        "xhtml": rule(_text, _found("expected xhtml"), _only_id, empty=empty),
        OPEN_CODE: texts(filled(_text), "expected code"),
    }
