"""IAM conditions: does the expression of a conditional role binding hold for this request?

Expressions are in the Common Expression Language. What they may use is documented in IAM, page "Attribute reference
for IAM Conditions": ``resource.name``, ``resource.type``, ``resource.service``, ``request.time``, the functions of the
language, ``extract``, time functions that take a time zone, functions of a resource's tags, and ``api.getAttribute``
for the roles that a setIamPolicy changes and the prefix of a list of objects. An expression that cannot be evaluated
does not hold, so the binding grants nothing. Attributes of what is not emulated (Identity-Aware Proxy, load balancers,
access levels, principal access boundaries) are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from emulator.errors import invalid_argument, not_implemented

if TYPE_CHECKING:
    from cel import cel

# IAM: "a condition expression may have at most 12 logical operators" (Quotas and limits).
MAX_LOGICAL_OPERATORS = 12
# Chosen: the library parses each level of an expression on the stack, and a sum of 20,000 terms ends the process.
LONGEST = 4096

_STRINGS = re.compile(r"""[rRbB]{0,2}("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""")
_LOGICAL = re.compile(r"&&|\|\||!(?!=)")
# Macros of the language that go through a list. IAM documents none; a dozen inside each other would take for ever.
_MACRO = re.compile(r"\.\s*(all|exists|exists_one|map|filter)\s*\(")
# A name that stands by itself, and whether it is called; behind a dot only functions are looked at.
_NAME = re.compile(r"(?<![\w.])([A-Za-z_]\w*)(?!\w)(?!\s*\()|([A-Za-z_]\w*)\s*\(")
_WORDS = {"api", "false", "in", "null", "request", "resource", "true"}
_FIELD = re.compile(r"(?<![\w.])(?:request\.(?!time\b)|resource\.(?!(?:name|type|service)\b))\w+(?!\w|\s*\()")
_CEL_FUNCTIONS = {
    *("bool", "bytes", "contains", "double", "duration", "dyn", "endsWith", "has", "in", "int", "matches", "size"),
    *("startsWith", "string", "timestamp", "type", "uint"),
}
_PYTHON = re.compile(r"Function '(\w+)' error: Python function call failed: \w+: ")
_TEMPLATE = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")

# Collection in a resource name -> resource.type (IAM, page "Resource attributes for IAM Conditions").
_TYPES = {
    "bigquery": {"datasets": "Dataset", "tables": "Table"},
    "cloudkms": {"keyRings": "KeyRing", "cryptoKeys": "CryptoKey", "cryptoKeyVersions": "CryptoKeyVersion"},
    "cloudresourcemanager": {"projects": "Project"},
    "logging": {"buckets": "LogBucket", "views": "LogView"},
    "secretmanager": {"secrets": "Secret", "versions": "SecretVersion"},
    "pubsub": {"schemas": "Schema", "snapshots": "Snapshot", "subscriptions": "Subscription", "topics": "Topic"},
    "storage": {"buckets": "Bucket", "objects": "Object"},
}

# Attributes that Google has for what is not emulated, and what that is.
_ELSEWHERE = {
    "destination": "Identity-Aware Proxy",
    "principal": "principal access boundary policies",
    "request.auth": "access levels (Access Context Manager)",
    "request.host": "Identity-Aware Proxy",
    "request.path": "Identity-Aware Proxy",
}
_ATTRIBUTE = re.compile(rf"(?<![\w.])({'|'.join(map(re.escape, _ELSEWHERE))})\b(?:\.\w+)?")
MODIFIED_GRANTS = "iam.googleapis.com/modifiedGrantsByRole"
LISTED_PREFIX = "storage.googleapis.com/objectListPrefix"


class Tag(NamedTuple):
    """A tag of a resource, its own or inherited: names as conditions have them (123/env, prod), and ids."""

    key: str
    value: str
    key_id: str
    """As in tagKeys/1."""
    value_id: str
    """As in tagValues/2."""


@dataclass(frozen=True)
class Asked:
    """A request as conditions see it.

    name is the relative resource name (``projects/_/buckets/b/objects/o``), kind its type
    (``storage.googleapis.com/Object``; empty where the service does not provide it), service such as
    ``storage.googleapis.com``, now the time with its zone, tags those of the resource, and api what the API says of the
    request, by the attribute's name (MODIFIED_GRANTS, LISTED_PREFIX).
    """

    name: str
    kind: str
    service: str
    now: datetime
    tags: Iterable[Tag] = ()
    api: Mapping[str, Any] = field(default_factory=dict)


def holds(expression: str, asked: Asked) -> bool:
    """Whether the expression of a role binding is valid, can be evaluated for a request, and gives true."""
    return outcome(expression, asked) is True


def outcome(expression: str, asked: Asked) -> bool | None:
    """What a condition gives for a request; None where it can't be evaluated."""
    try:
        result = _program(expression).execute(_context(asked))
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
        return None
    return result if isinstance(result, bool) else None


def attributes(permission: str, resource: str) -> tuple[str, str]:
    """(resource.type, resource.service) of a request for `permission` on `resource`.

    The type is empty for services that do not provide it, Cloud Healthcare among them; a project is always one of
    Resource Manager's, whatever the permission.
    """
    collection = resource.rsplit("/", 2)[-2] if "/" in resource else ""
    service = "cloudresourcemanager" if collection == "projects" else permission.partition(".")[0]
    host = f"{service}.googleapis.com"
    kind = _TYPES.get(service, {}).get(collection, "")
    return f"{host}/{kind}" if kind else "", host


def check(expression: str) -> None:
    """Refuse the expression of a condition that Google would refuse in setIamPolicy.

    Raises:
        ApiError: a 400; it is empty or too long, does not parse, uses an attribute or function that does not exist,
            has too many logical operators, or gives something other than a boolean.
    """
    if not expression.strip():
        raise invalid_argument("The condition's expression is empty; give a CEL expression that is true or false.")
    if len(expression) > LONGEST:
        raise invalid_argument(
            f"The condition's expression has {len(expression)} characters; at most {LONGEST} are allowed."
        )
    code = _STRINGS.sub("''", expression)
    if attribute := _ATTRIBUTE.search(code):
        raise not_implemented(
            f"The condition's expression uses {attribute[0]}, an attribute of {_ELSEWHERE[attribute[1]]}, which is not"
            " emulated."
        )
    if macro := _MACRO.search(code):
        raise invalid_argument(f"The condition's expression uses {macro[1]}(), which conditions do not have.")
    if unknown := _undeclared(code):
        raise invalid_argument(f"The condition's expression cannot be evaluated: there is no {unknown}.")
    operators = len(_LOGICAL.findall(code))
    if operators > MAX_LOGICAL_OPERATORS:
        limit = f"at most {MAX_LOGICAL_OPERATORS} are allowed"
        raise invalid_argument(f"The condition's expression has {operators} logical operators; {limit}.")
    try:
        program = _program(expression)
    except ValueError as error:
        raise invalid_argument(f"The condition's expression is not valid CEL: {_reason(error)}") from error
    asked = Asked("projects/p", "cloudresourcemanager.googleapis.com/Project", "s", datetime(2026, 1, 1, tzinfo=UTC))
    try:
        result = program.execute(_context(asked))
    except LookupError as error:
        raise invalid_argument(f"The condition's expression uses an attribute that does not exist: {error}.") from error
    except (ArithmeticError, RuntimeError, TypeError, ValueError) as error:
        raise invalid_argument(f"The condition's expression cannot be evaluated: {_reason(error)}") from error
    if not isinstance(result, bool):
        raise invalid_argument("The condition's expression must give true or false.")


def _undeclared(code: str) -> str:
    """The first name or function that conditions do not have, also where evaluation would not come to it; "" for none.

    `code` is an expression without what its strings hold.
    """
    functions = _CEL_FUNCTIONS | _FUNCTIONS.keys() | _tag_functions(()).keys() | _api_functions({}).keys()
    for name, function in _NAME.findall(code):
        if name and name not in _WORDS | _CEL_FUNCTIONS:
            return str(name)
        if function and function not in functions:
            return f"{function}()"
    attribute = _FIELD.search(code)
    return attribute[0] if attribute else ""


def check_syntax(expression: str) -> None:
    """Refuse an expression that is too long or does not parse, whatever it is about. Raises a 400."""
    if not expression.strip() or len(expression) > LONGEST:
        raise invalid_argument(f"An expression has 1 to {LONGEST} characters.")
    try:
        _program(expression)
    except ValueError as error:
        raise invalid_argument(f'The expression "{expression[:100]}" is not valid CEL: {_reason(error)}') from error


def value_of(expression: str, variables: Mapping[str, Any]) -> Any:
    """What an expression gives for variables, with IAM's own functions; None where it can't be evaluated."""
    from cel import cel

    try:
        return _program(expression).execute(cel.Context(dict(variables), dict(_FUNCTIONS)))
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
        return None


@lru_cache(maxsize=1024)
def _program(expression: str) -> cel.Program:
    from cel import cel

    return cel.compile(expression)


def _context(asked: Asked) -> cel.Context:
    from cel import cel

    variables = {
        "api": {},
        "request": {"time": asked.now},
        "resource": {"name": asked.name, "type": asked.kind, "service": asked.service},
    }
    return cel.Context(variables, _FUNCTIONS | _tag_functions(asked.tags) | _api_functions(asked.api))


def _tag_functions(tags: Iterable[Tag]) -> dict[str, Callable[..., bool]]:
    """IAM: "Resource tags" in the attribute reference; each is called on `resource`."""
    return {
        "hasTagKey": lambda _, key: any(tag.key == key for tag in tags),
        "hasTagKeyId": lambda _, key: any(tag.key_id == key for tag in tags),
        "matchTag": lambda _, key, value: any((tag.key, tag.value) == (key, value) for tag in tags),
        "matchTagId": lambda _, key, value: any((tag.key_id, tag.value_id) == (key, value) for tag in tags),
    }


def _api_functions(api: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    """IAM: "API attributes"; an attribute that a request does not have is the default that the expression gives."""
    return {
        "getAttribute": lambda _, name, default: api.get(name, default),
        "hasOnly": lambda values, allowed: set(values) <= set(allowed),
    }


def _reason(error: Exception) -> str:
    """The first sentence of the library's message, without the expression and its caret drawing."""
    text = str(error).partition("\n")[0]
    text = _PYTHON.sub(r"\1(): ", text.partition("ERROR: ")[2] or text)
    return text.partition(". ")[0].rstrip(".") + "."


def _extract(value: str, template: str) -> str:
    """IAM's ``extract``: the part of a value where the template has its ``{name}``; empty if it does not match."""
    found = _TEMPLATE.search(template)
    if found is None:
        raise ValueError("the template of extract() has no {name}")
    prefix, suffix = template[: found.start()], template[found.end() :]
    start = value.find(prefix)
    if start < 0:
        return ""
    start += len(prefix)
    if not suffix:
        return value[start:]
    end = value.find(suffix, start)
    return "" if end < 0 else value[start:end]


def _in_zone(read: Callable[[datetime], int]) -> Callable[..., int]:
    """A time function of CEL with its optional time zone: an IANA name or ``[+-]HH:MM``."""

    def function(time: datetime, zone: str = "UTC") -> int:
        if re.fullmatch(r"[+-]?\d{2}:\d{2}", zone):
            sign = "" if zone[0] in "+-" else "+"
            return read(time.astimezone(datetime.strptime(sign + zone, "%z").tzinfo))
        return read(time.astimezone(ZoneInfo(zone)))

    return function


# CEL counts Sunday as 0, January as 0, the first of the month as 0 for getDayOfMonth and as 1 for getDate.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "extract": _extract,
    "date": lambda text: datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC),
    "getFullYear": _in_zone(lambda time: time.year),
    "getMonth": _in_zone(lambda time: time.month - 1),
    "getDate": _in_zone(lambda time: time.day),
    "getDayOfMonth": _in_zone(lambda time: time.day - 1),
    "getDayOfWeek": _in_zone(lambda time: time.isoweekday() % 7),
    "getDayOfYear": _in_zone(lambda time: time.timetuple().tm_yday - 1),
    "getHours": _in_zone(lambda time: time.hour),
    "getMinutes": _in_zone(lambda time: time.minute),
    "getSeconds": _in_zone(lambda time: time.second),
    "getMilliseconds": _in_zone(lambda time: time.microsecond // 1000),
}
