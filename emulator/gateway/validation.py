"""Parameters and bodies against the discovery schemas, with the messages that Google answers.

Strict services refuse an unknown field and name it; JSON nulls are absent; snake_case names are accepted as in proto3
JSON; fields that only the server writes are dropped. Lenient services (the older JSON APIs) keep nulls and ignore what
they do not know.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import Any

import orjson

from emulator.errors import ApiError, invalid_argument
from emulator.gateway import parsing, wellknown
from emulator.gateway.discovery import Document, Method, Parameter

SYSTEM_PARAMETERS = frozenset(
    (
        *("$.xgafv", "access_token", "alt", "$alt", "callback", "fields", "$fields", "key", "$key", "oauth_token"),
        *("prettyPrint", "$prettyPrint", "quotaUser", "$quotaUser", "uploadType", "upload_protocol", "upload_id"),
        *("userIp", "userProject", "$userProject", "$outputDefaults"),
    )
)
_TRUE, _FALSE = ("true", "1"), ("false", "0")
_TYPES = {"string": "TYPE_STRING", "boolean": "TYPE_BOOL", "integer": "TYPE_INT32", "number": "TYPE_DOUBLE"}
_DURATION = re.compile(r"-?\d{1,12}(\.\d{1,9})?s", re.ASCII)  # protobuf's Duration in JSON
_INTEGER = re.compile(r"-?\d{1,40}", re.ASCII)
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?|-?Infinity|NaN", re.ASCII)  # protobuf's numbers in JSON
_RANGES = {
    "int32": (-(1 << 31), (1 << 31) - 1),
    "uint32": (0, (1 << 32) - 1),
    "int64": (-(1 << 63), (1 << 63) - 1),
    "uint64": (0, (1 << 64) - 1),
}


class _Problems:
    """Collects what is wrong, so that one answer names everything."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []

    def add(self, field: str, message: str) -> None:
        self.found.append((field, message))

    def raise_if_any(self) -> None:
        if not self.found:
            return
        message = "\n".join(m for _, m in self.found)
        violations = [{"field": f, "description": m} if f else {"description": m} for f, m in self.found]
        details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations}]
        raise invalid_argument(message, details=details)


def query(method: Method, raw: list[tuple[str, str]], *, lenient: bool) -> dict[str, Any]:
    """The typed query parameters of a request. Raises a 400 that names what is unknown, missing or of a wrong type."""
    declared = method.query_parameters
    values: dict[str, Any] = {}
    problems = _Problems()
    for name, text in raw:
        parameter = declared.get(name) or declared.get(_camel(name))
        if parameter is None:
            if name not in SYSTEM_PARAMETERS and not lenient:
                problems.add(
                    "",
                    f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
                    f"Field '{name.partition('.')[0].lstrip('_')}' could not be found in request message.",
                )
            continue
        if not text:
            continue  # not given: clients of Go send every parameter, the empty ones too
        try:
            value = _parameter_value(parameter, text)
        except ValueError:
            problems.add(
                name, f"Invalid value at '{name}' ({_type_name(parameter.type, parameter.format)}), \"{text}\""
            )
            continue
        if parameter.repeated:
            values.setdefault(parameter.name, []).append(value)
        else:
            values[parameter.name] = value
    for parameter in declared.values():
        if parameter.required and parameter.name not in values:
            problems.add(parameter.name, f"Required parameter: {parameter.name}")
    problems.raise_if_any()
    return values


def in_message(method: Method, raw: list[tuple[str, str]]) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """The parameters of the query that are no field of the request message, and those that are, as JSON of it.

    Where the body is the whole message, Google takes its fields from the query, too: its page "FHIR Pub/Sub
    notifications" pulls with an empty body and ?maxMessages=10. A field inside another is named with dots. Raises a 400
    for a value of a wrong type.
    """
    if not method.is_whole_message:
        return raw, {}
    rest: list[tuple[str, str]] = []
    message: dict[str, Any] = {}
    for name, text in raw:
        path = [_camel(step) for step in name.split(".")]
        field = _field(method, path)
        if field is None or name in SYSTEM_PARAMETERS or path[0] in method.query_parameters:
            rest.append((name, text))
        elif text:  # an empty one is not given, as in the query
            inner = message
            for step in path[:-1]:
                inner = inner.setdefault(step, {})
            if "items" in field:
                inner.setdefault(path[-1], []).append(text)
            else:
                inner[path[-1]] = text
    return rest, conform(method.document, str(method.request), message) if message else {}


def _field(method: Method, path: list[str]) -> dict[str, Any] | None:
    """The schema of a field of the request message, where it is one that texts can stand for."""
    field: dict[str, Any] = {"$ref": method.request}
    for step in path:
        fields = method.document.schemas[field["$ref"]].get("properties", {}) if "$ref" in field else {}
        if step not in fields:
            return None
        field = fields[step]
    return field if field.get("items", field).get("type") in _TYPES else None


def _parameter_value(parameter: Parameter, text: str) -> Any:
    if parameter.type == "boolean":
        if text.lower() in _TRUE:
            return True
        if text.lower() in _FALSE:
            return False
        raise ValueError(text)
    if parameter.type == "integer" or parameter.format in ("int64", "uint64"):
        return _integer(text, parameter.format)
    if parameter.type == "number":
        return _float(text)
    if parameter.enum is not None and text not in parameter.enum:
        return _enum_value(parameter.enum, text)
    return text


def _enum_value(names: frozenset[str], text: str) -> str:
    """The name that a text is but for capitals: Apache Beam's client reads HL7v2 messages with view=full."""
    found = next((name for name in names if name.lower() == text.lower()), None)
    if found is None:
        raise ValueError(text)
    return found


def _type_name(kind: str, form: str | None) -> str:
    return f"TYPE_{form.upper()}" if form in _RANGES else _TYPES[kind]


def _integer(value: str | float, form: str | None) -> int:
    """A whole number that its format holds (int32 where none is said). Raises ValueError for anything else."""
    if isinstance(value, str) and not _INTEGER.fullmatch(value):
        raise ValueError(value)
    number = int(value)
    low, high = _RANGES[form or "int32"]
    if not low <= number <= high or (isinstance(value, float) and number != value):
        raise ValueError(value)
    return number


def _float(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return float(text)


def body(method: Method, raw: bytes, *, lenient: bool) -> Any:
    """The body as a dict with camelCase names and values of the declared types; an empty body is {}."""
    if not raw or raw.isspace():
        return {}
    try:
        value = parsing.loads(raw)
    except ValueError as error:
        raise invalid_argument(f"Invalid JSON payload received. {error}", reason="parseError") from None
    if method.request is None:
        return value if isinstance(value, dict) else {}
    if method.is_whole_message and isinstance(value, dict):
        # Its fields in the path are left out of its schema.
        fields = method.document.schemas[method.request].get("properties", {})
        in_path = {name for name, parameter in method.parameters.items() if parameter.location == "path"}
        value = {name: item for name, item in value.items() if name in fields or name not in in_path}
    return conform(method.document, method.request, value, lenient=lenient)


def merged(body: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    """A body with what the query has of its message, which counts more."""
    result = dict(body)
    for name, value in message.items():
        inner = result.get(name)
        result[name] = merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return result


def conform(document: Document, schema: str, value: Any, *, lenient: bool = False) -> dict[str, Any]:
    """`value` as the schema of that name wants it. Raises a 400 naming each field that does not fit."""
    if not isinstance(value, dict):
        raise invalid_argument("Invalid JSON payload received. Unexpected token: the body must be a JSON object.")
    checker = _Checker(document, lenient)
    try:
        result: dict[str, Any] = checker.object(document.schemas[schema], value, "")
    except RecursionError:
        raise invalid_argument("Invalid JSON payload received. The body is nested too deeply.") from None
    checker.problems.raise_if_any()
    return result


class _Checker:
    def __init__(self, document: Document, lenient: bool) -> None:
        self.schemas = document.schemas
        self.lenient = lenient
        self.problems = _Problems()

    def object(self, schema: dict[str, Any], value: dict[str, Any], path: str) -> dict[str, Any]:
        fields = schema.get("properties")
        extra = schema.get("additionalProperties")
        if fields is None and extra is None:
            return value
        result: dict[str, Any] = {}
        for key, item in value.items():
            name = key
            field = fields.get(key) if fields else None
            if field is None and fields and not self.lenient:
                name = _camel(key)
                field = fields.get(name)
            here = f"{path}.{name}" if path else name
            if field is not None:
                if field.get("readOnly") and not self.lenient:
                    continue
                if item is None and not self.lenient:
                    continue
                result[name] = None if item is None else self.value(field, item, here)
            elif extra is not None:
                result[key] = None if item is None else self.value(extra, item, here)
            elif key == "@type" or self.lenient:
                continue
            else:
                where = f" at '{path}'" if path else ""
                self.problems.add(
                    path, f'Invalid JSON payload received. Unknown name "{key}"{where}: Cannot find field.'
                )
        return result

    def value(self, schema: dict[str, Any], value: Any, path: str) -> Any:
        reference = schema.get("$ref")
        if reference is not None:
            schema = self.schemas[reference]
        kind = schema.get("type")
        if kind == "object":
            if isinstance(value, dict):
                return self.object(schema, value, path)
            return self.wrong(path, reference or "object", value)
        if kind == "array":
            if isinstance(value, list):
                items = schema["items"]
                return [self.value(items, v, f"{path}[{i}]") for i, v in enumerate(value)]
            if self.lenient:
                return self.wrong(path, "array", value)
            return (
                [self.value(schema["items"], value, path)]
                if not isinstance(value, dict)
                else self.wrong(path, "array", value)
            )
        if kind == "any" or kind is None:
            return value
        return self.scalar(schema, kind, value, path)

    def scalar(self, schema: dict[str, Any], kind: str, value: Any, path: str) -> Any:
        if kind == "string":
            return self.string(schema, value, path)
        if kind == "boolean":
            if isinstance(value, bool):
                return value
            if isinstance(value, str) and value.lower() in _TRUE + _FALSE:
                return value.lower() in _TRUE
        elif isinstance(value, (int, float, str)) and not isinstance(value, bool):
            try:
                if kind == "integer":
                    return _integer(value, schema.get("format"))
                return _float(value) if isinstance(value, str) else value
            except ValueError:
                pass
        return self.wrong(path, _type_name(kind, schema.get("format")), value)

    def string(self, schema: dict[str, Any], value: Any, path: str) -> Any:
        form = schema.get("format")
        if form in ("int64", "uint64"):
            if isinstance(value, (int, float, str)) and not isinstance(value, bool):
                try:
                    return str(_integer(value, form))
                except ValueError:
                    pass
            return self.wrong(path, f"TYPE_{form.upper()}", value)
        if isinstance(value, dict) and not self.lenient:
            value = wellknown.text_of(form, value) or value
        if not isinstance(value, str):
            if self.lenient and isinstance(value, (int, float)):
                return str(value).lower() if isinstance(value, bool) else str(value)
            return self.wrong(path, "TYPE_STRING", value)
        if form == "byte":
            return self.bytes(value, path)
        if form == "google-duration" and value and not self.lenient and not _DURATION.fullmatch(value):
            return self.wrong(path, "type.googleapis.com/google.protobuf.Duration", value)
        enum = schema.get("enum")
        if enum is not None and value not in enum and not self.lenient:
            return self.wrong(path, f"type.googleapis.com/{path.rsplit('.', 1)[-1]}", value)
        return value

    def bytes(self, value: str, path: str) -> Any:
        text = value.replace("-", "+").replace("_", "/")
        text += "=" * (-len(text) % 4)
        try:
            base64.b64decode(text, validate=True)
        except ValueError:  # not base64, or not ASCII
            return self.wrong(path, "TYPE_BYTES", value)
        return text

    def wrong(self, path: str, wanted: str, value: Any) -> None:
        shown = orjson.dumps(value).decode() if not isinstance(value, (dict, list)) else type(value).__name__
        self.problems.add(path, f"Invalid value at '{path}' ({wanted}), {shown[:80]}")


@lru_cache(maxsize=4096)
def _camel(name: str) -> str:
    """proto3 JSON accepts the original field name too: update_time for updateTime."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def field_mask(text: str) -> list[str]:
    """The paths of a google.protobuf.FieldMask in camelCase ("parser_config.schema,labels")."""
    paths = [".".join(_camel(part) for part in path.strip().split(".")) for path in text.split(",") if path.strip()]
    if not paths:
        raise invalid_argument("update_mask is required: name the fields to change.")
    return paths


def unknown_mask(path: str) -> ApiError:
    """The 400 for a mask that names no field."""
    return invalid_argument(f"Invalid field mask: '{path}' is not a field that can be updated.")
