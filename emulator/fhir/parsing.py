"""FHIR's JSON in and out, so that what was sent comes back: every digit of a decimal, every key.

JSON is read and written again by orjson; where both texts say the same, nothing was lost and the fast way was right.
Otherwise a key occurs twice, or a number would lose digits, and the text is read the slow way.
"""

import json
import re
from typing import Any

import orjson

from emulator.fhir import outcomes

Json = dict[str, Any]

MAX_RESOURCE = 10 << 20
"""Bytes of a resource (Cloud Healthcare: quotas and limits)."""
MAX_BUNDLE = 50 << 20
"""Bytes of a bundle that is executed (Cloud Healthcare: quotas and limits). Bundles that are imported may be larger."""
MAX_DEPTH = 254
"""Objects and arrays within each other. Google documents no such limit; here it is what orjson writes."""

_MAX_INDENTED = 1 << 20
_BLANKS = b" \t\r\n"
TOO_DEEP = f"field exceeded the maximum nesting depth {MAX_DEPTH}"
_INEXACT = re.compile(
    rb"[:,\[][ \t\r\n]*-?"  # a number in an object or array, whose text a float or an integer would not give back:
    rb"(?:\d+\.\d+0[ \t\r\n,}\]]"  # 1.00, but not 1.0
    rb"|0\.0000"  # written with an exponent by the fast way
    rb"|[\d.]{16,}"  # more digits than a float holds for certain
    rb"|[\d.]+[eE]"
    rb"|(?<=-)0[ \t\r\n,}\]])"  # -0
)


class ExactNumber(float):
    """A number whose text a float would not give back: 1.00, 1e3, or twenty digits. Equal to its nearest float."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> "ExactNumber":
        """The number that a JSON text says."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def parse(raw: bytes, limit: int | None = MAX_RESOURCE) -> Json:
    """The JSON object in these bytes. Numbers are int and float, or ExactNumber where these would lose digits.

    Refused (outcomes.unparseable) for what is no UTF-8, no JSON or no object, has a key with two values, a number that
    is none or is nested too deep; outcomes.too_large for more bytes than the limit. A key that says the same twice
    counts once: Google's stores take it (googleapis/mcp-toolbox, its integration test of Cloud Healthcare).
    """
    if limit is not None and len(raw) > limit:
        raise outcomes.too_large(f"The body has {len(raw)} bytes; up to {limit} are allowed.")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as problem:
        raise _no_json(raw, problem) from None
    if not isinstance(value, dict):
        raise outcomes.unparseable("invalid JSON: a resource is an object")
    return value if _is_whole(raw, value) else _parse_exactly(raw)


def serialize(value: Any) -> bytes:
    """Compact JSON of what `parse` gave, or of parts of it, with the digits that came in and keys in their order."""
    return orjson.dumps(value, default=_exact)


def canonical(value: Any) -> bytes:
    """Compact JSON with sorted keys: the form in which resources are kept, and to compare them by."""
    return orjson.dumps(value, default=_exact, option=orjson.OPT_SORT_KEYS)


def readable(value: Any) -> bytes:
    """JSON for a person to read, with the digits that came in and keys in their order."""
    return orjson.dumps(value, default=_exact, option=orjson.OPT_INDENT_2)


def indented(body: bytes) -> bytes:
    """A JSON object with two blanks a level, as Cloud Healthcare writes a resource or an outcome; digits as they are.

    Google's own tests of its samples for Java read ids by `"id": "([^"]*)"`, and a versionId up to the end of a line.
    More than 1 MiB stays as it is: writing it anew would hold up other requests.
    """
    return body if len(body) > _MAX_INDENTED else readable(parse(body, None))


def _exact(value: Any) -> orjson.Fragment:
    if isinstance(value, ExactNumber):
        return orjson.Fragment(value.text)
    raise TypeError(f"{type(value).__name__} is no JSON")


def _is_whole(raw: bytes, value: Json) -> bool:
    """Whether reading lost nothing of the text. A key that occurs twice takes quotes away, an escape adds none."""
    try:
        written = orjson.dumps(value)
    except (TypeError, orjson.JSONEncodeError):  # too deep, or an integer of more than 64 bits
        return False
    if raw == written or raw.translate(None, _BLANKS) == written.translate(None, _BLANKS):
        return True
    same_keys = raw.count(b'"') == written.count(b'"') and b"\\u0022" not in raw
    return same_keys and not _INEXACT.search(raw)


def _parse_exactly(raw: bytes) -> Json:
    try:
        value: Json = json.loads(raw, object_pairs_hook=_unique, parse_float=ExactNumber, parse_int=_integer)
        orjson.dumps(value, default=_exact)
    except (RecursionError, orjson.JSONEncodeError):
        raise outcomes.unparseable(TOO_DEEP) from None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        for name, value in pairs:
            if type(value) is not type(found[name]) or value != found[name]:
                raise outcomes.unparseable(
                    f"invalid JSON: the key {json.dumps(name)} occurs twice in an object",
                    unquoted="invalid JSON: a key occurs twice in an object",
                )
    return found


def _integer(text: str) -> int | ExactNumber:
    return ExactNumber(text) if len(text) > 18 or text == "-0" else int(text)


def _no_json(raw: bytes, problem: orjson.JSONDecodeError) -> outcomes.Refused:
    try:
        raw.decode()
    except UnicodeDecodeError as wrong:
        return outcomes.unparseable(f"invalid JSON: byte {wrong.start} is not UTF-8")
    if "depth limit" in problem.msg:
        return outcomes.unparseable(TOO_DEEP)
    return outcomes.unparseable(f"invalid JSON: line {problem.lineno}, column {problem.colno}")
