"""TO_JSON_STRING, TO_JSON, JSON_OBJECT and JSON_ARRAY: the JSON text of a value, written by its type.

https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_encodings
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import STRING, Kind, kind_of
from emulator.services.bigquery.sql.nodes import call, cast, text

WIDE = ("INT64", "NUMERIC", "BIGNUMERIC", "FLOAT64")  # numbers that are written in more than one way
WIDE_OPTION = "stringify_wide_numbers"
AS_TEXT = "string"  # how TO_JSON_STRING writes wide numbers
VARIABLE = "bq_j"
CONVERSIONS: dict[type[exp.Expr], str] = {
    exp.Int64: "bq_int64_of_json",
    exp.JSONBool: "bq_bool_of_json",
    exp.LaxInt64: "bq_lax_int64",
    exp.LaxFloat64: "bq_lax_float64",
    exp.LaxBool: "bq_lax_bool",
    exp.LaxString: "bq_lax_string",
}


def subscript(value: exp.Expr, index: exp.Expr) -> exp.Expr:
    """value[index] of JSON: a member by its name, or an element counted from 0."""
    if isinstance(index, exp.Literal):
        return call("bq_json_query", value, f'$."{index.name}"' if index.is_string else f"$[{index.name}]")
    macro = "bq_json_member" if kind_of(index) == STRING else "bq_json_element"
    return call(macro, value, index)


def rewrite(node: exp.JSONFormat) -> exp.Expr:
    """The engine's expression for TO_JSON_STRING(value[, pretty]) or TO_JSON(value[, option]). Raises SqlError."""
    options = node.args.get("options")
    if node.args.get("to_json"):
        return cast(_text(node.this, kind_of(node.this), _wide(options), 0), "JSON")
    plain = _text(node.this, kind_of(node.this), AS_TEXT, 0)
    return plain if options is None else call("bq_pretty_if", options, plain)


def rewrite_object(node: exp.JSONObject) -> exp.Expr:
    """The engine's expression for JSON_OBJECT(key, value, ...)."""
    parts: list[exp.Expr] = []
    for place, pair in enumerate(node.expressions):
        key, value = pair.this, pair.expression
        parts += [text("," if place else "{"), call("bq_json_key", key), text(":"), json_of(value)]
    return cast(call("bq_json_ordered", call("concat", *parts, text("}"))) if parts else text("{}"), "JSON")


def rewrite_array(node: exp.JSONArray) -> exp.Expr:
    """The engine's expression for JSON_ARRAY(value, ...)."""
    items = exp.Array(expressions=[json_of(item) for item in node.expressions])
    return cast(call("bq_json_array", items), "JSON") if node.expressions else cast(text("[]"), "JSON")


def json_of(value: exp.Expr) -> exp.Expr:
    """The JSON text of a value, as JSON_OBJECT and JSON_ARRAY hold it."""
    return _text(value, kind_of(value), "plain", 0)


def _wide(option: exp.Expr | None) -> str:
    """How TO_JSON writes wide numbers: plain, or as text where a reader might lose digits."""
    if option is None:
        return "plain"
    value = option.expression if isinstance(option, exp.Kwarg) else option
    named = not isinstance(option, exp.Kwarg) or option.this.name.lower() == WIDE_OPTION
    if not named or not isinstance(value, exp.Boolean):
        raise SqlError(f"TO_JSON takes {WIDE_OPTION} => TRUE or FALSE.")
    return "wide" if value.this else "plain"


def _text(value: exp.Expr, kind: Kind | None, wide: str, depth: int) -> exp.Expr:
    """The JSON text of a value; `null` for NULL."""
    variable = f"{VARIABLE}{depth}"
    each = exp.column(variable)
    if kind is not None and kind.name == "ARRAY":
        items = _each(value, variable, _text(each, kind.element, wide, depth + 1))
        return exp.Coalesce(this=call("bq_json_array", items), expressions=[text("null")])
    if kind is not None and kind.name == "STRUCT" and kind.fields:
        parts: list[exp.Expr] = []
        for place, name, own in _members(kind, wide):
            parts.append(text(f"{',' if parts else '{'}{json.dumps(name, ensure_ascii=False)}:"))
            parts.append(_text(call("struct_extract_at", each.copy(), place), own, wide, depth + 1))
        whole = call("concat", *parts, "}")
        missing = exp.Is(this=each.copy(), expression=exp.Null())
        body = exp.Case(ifs=[exp.If(this=missing, true=text("null"))], default=whole)
        return call("list_extract", _each(exp.Array(expressions=[value]), variable, body), 1)
    if kind is None or kind.name == "NULL":
        return exp.Coalesce(this=call("bq_json_other", value), expressions=[text("null")])
    macro = f"bq_json_{kind.name.lower()}" + (f"_{wide}" if kind.name in WIDE else "")
    return exp.Coalesce(this=call(macro, value), expressions=[text("null")])


def _members(kind: Kind, wide: str) -> Iterator[tuple[int, str, Kind | None]]:
    """Place, name and type of the fields of a STRUCT in the order of JSON; in TO_JSON_STRING that is their own."""
    fields = [(place, name, own) for place, (name, own) in enumerate(kind.fields, 1)]
    if wide == AS_TEXT:
        yield from fields
        return
    first = {name: (place, name, own) for place, name, own in reversed(fields)}
    for name in sorted(first):
        yield first[name]


def _each(array: exp.Expr, variable: str, body: exp.Expr) -> exp.Expr:
    return call("list_transform", array, exp.Lambda(this=body, expressions=[exp.to_identifier(variable)]))
