"""Query parameters: `@name` and `?` replaced by typed literals."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from emulator.services.bigquery.sql.converters import CONVERTERS, UNREADABLE
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import note, of_field
from emulator.services.bigquery.sql.nodes import call, cast, text
from emulator.services.bigquery.sql.plans import Variable
from emulator.services.bigquery.sql.types import DUCKDB_NAMES, LEGACY_NAMES, Field, duckdb_type, range_element

Parameter = dict[str, Any]  # QueryParameter of the REST API
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def bind(
    trees: Sequence[exp.Expr], parameters: Sequence[Parameter], system: Mapping[str, Variable] | None = None
) -> None:
    """Replace the parameters of statements in place, and system variables by those whose names start with @@.

    Raises SqlError for one that is missing or malformed.
    """
    named = {str(item["name"]).lower(): item for item in parameters if item.get("name")}
    positional = [item for item in parameters if not item.get("name")]
    used = 0
    for tree in trees:
        for node in list(tree.find_all(exp.Parameter, exp.Placeholder, bfs=False)):
            if isinstance(node, exp.Parameter) and isinstance(node.parent, exp.Parameter):
                continue  # the second @ of a system variable
            if isinstance(node, exp.Parameter):
                name = node.name
                if isinstance(node.this, exp.Parameter):
                    _system(node, system)
                    continue
                if name.lower() not in named:
                    raise SqlError(f"Query parameter '{name}' not found")
                node.replace(_literal(named[name.lower()], name))
                continue
            if used >= len(positional):
                raise SqlError(f"Positional parameter number {used + 1} has no value: {len(positional)} were given.")
            node.replace(_literal(positional[used], f"number {used + 1}"))
            used += 1
    if used < len(positional):
        raise SqlError(f"{len(positional)} positional parameters were given, and {used} are used.")


def _system(node: exp.Expr, known: Mapping[str, Variable] | None) -> None:
    """Replace a system variable, such as @@row_count or @@error.message."""
    name = f"@@{node.this.name}".lower()
    while isinstance(node.parent, exp.Dot) and node.arg_key == "this" and name not in (known or {}):
        node = node.parent
        name += f".{node.expression.name}".lower()
    variable = (known or {}).get(name)
    if variable is None:
        raise SqlError(f"The system variable {name} is not emulated.")
    if variable.value is None:
        node.replace(cast(exp.Null(), duckdb_type(variable.field)))
    else:
        node.replace(literal_of(variable.field, variable.value, name))


def _literal(parameter: Parameter, name: str) -> exp.Expr:
    kind = parameter.get("parameterType") or {}
    return literal_of(_field(kind, name), parameter.get("parameterValue") or {}, name)


def _field(kind: dict[str, Any], name: str) -> Field:
    upper = str(kind.get("type", "")).upper()
    upper = LEGACY_NAMES.get(upper, upper)
    if upper == "ARRAY":
        return {**_field(kind.get("arrayType") or {}, name), "mode": "REPEATED"}
    if upper == "RECORD":
        members = kind.get("structTypes") or []
        fields = [
            {**_field(member.get("type") or {}, name), "name": member.get("name") or f"_field_{index}"}
            for index, member in enumerate(members, 1)
        ]
        return {"name": name, "type": "RECORD", "fields": fields}
    if upper == "RANGE":
        made = {"name": name, "type": upper, "rangeElementType": kind.get("rangeElementType")}
        range_element(made)
        return made
    if upper not in DUCKDB_NAMES:
        raise SqlError(f"Query parameter {name} has the type {upper or 'none'}, which is not emulated.")
    return {"name": name, "type": upper}


def literal_of(field: Field, value: dict[str, Any], name: str) -> exp.Expr:
    """A QueryParameterValue as a tree of that type; name is what an error calls it. Raises SqlError."""
    if field.get("mode") == "REPEATED":
        element = {**field, "mode": "NULLABLE"}
        items = [literal_of(element, item, name) for item in value.get("arrayValues") or []]
        return cast(exp.Array(expressions=items), duckdb_type(field))
    if field["type"] == "RECORD" and "value" not in value:
        members = value.get("structValues") or {}
        pairs = [
            exp.PropertyEQ(
                this=exp.to_identifier(child["name"], quoted=True),
                expression=literal_of(child, members.get(child["name"]) or {}, name),
            )
            for child in field["fields"]
        ]
        return exp.Struct(expressions=pairs)
    if field["type"] == "RANGE":
        return _range(field, value, name)
    if field["type"] not in (*CONVERTERS, "RECORD"):
        raise SqlError(f"A parameter or variable of the type {field['type']} is not emulated: {name}")
    raw = value.get("value")
    if raw is None or field["type"] == "RECORD":
        return cast(exp.Null(), duckdb_type(field))
    if field["type"] == "TIMESTAMP" and NUMBER.fullmatch(str(raw)):  # which rows take, and parameters do not
        raise SqlError(f"Invalid value for query parameter {name} of type TIMESTAMP.")
    try:
        converted = CONVERTERS[field["type"]](raw)
    except UNREADABLE:
        raise SqlError(f"Invalid value for query parameter {name} of type {field['type']}.") from None
    if field["type"] == "BYTES":
        return _noted(call("from_base64", str(converted)), field)
    if field["type"] == "STRING":
        return text(str(converted))
    if field["type"] == "BIGNUMERIC":
        return exp.Cast(this=text(str(converted)), to=exp.DataType(this=exp.DType.BIGDECIMAL))
    if field["type"] in ("INTERVAL", "GEOGRAPHY"):
        return _noted(call(f"bq_{field['type'].lower()}_of", str(converted)), field)
    return cast(text(str(converted).lower() if field["type"] == "BOOLEAN" else str(converted)), duckdb_type(field))


def _noted(made: exp.Expr, field: Field) -> exp.Expr:
    return note(made, of_field(field))


def _range(field: Field, value: dict[str, Any], name: str) -> exp.Expr:
    """A RANGE of its two bounds, or of the text that stands for them."""
    element: Field = {"name": name, "type": range_element(field)}
    if "rangeValue" not in value:
        raw = value.get("value")
        if raw is None:
            return _noted(cast(exp.Null(), duckdb_type(field)), field)
        return _noted(call(f"bq_range_of_{element['type'].lower()}", str(raw)), field)
    given = value["rangeValue"]
    bounds = [literal_of(element, given.get(key) or {}, name) for key in ("start", "end")]
    return _noted(call("bq_range", *bounds), field)
