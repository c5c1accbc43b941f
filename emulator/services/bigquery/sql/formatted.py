"""Values as the text that FORMAT shows: %t, and %T, which is a literal of GoogleSQL.

https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#t_and_t_behavior
"""

from __future__ import annotations

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import Kind, kind_of
from emulator.services.bigquery.sql.nodes import call

PREFIXED = ("NUMERIC", "BIGNUMERIC", "DATE", "DATETIME", "TIME", "TIMESTAMP")
LITERALS = {"STRING": "bq_string_literal", "JSON": "bq_json_literal", "FLOAT64": "bq_float_literal"}
TEXTS = {"JSON": "bq_json_text", "FLOAT64": "bq_float_text", "BYTES": "bq_bytes_text"}
OWN_TEXTS = {"INTERVAL": "bq_interval_text", "RANGE": "bq_range_text", "GEOGRAPHY": "bq_geography_text"}


def rewrite_format(node: exp.Format) -> exp.Expr:
    """FORMAT with each argument as both texts, of which the format string takes its own.

    Raises SqlError for %T of a value whose type cannot be told.
    """
    template, values = node.this, node.expressions
    unknown = [value for value in values if kind_of(value) is None]
    if unknown and template.is_string and "%T" in template.name:
        raise SqlError(f"%T of {unknown[0].sql('bigquery')} is not emulated, whose type cannot be told; add a CAST.")
    texts = exp.Array(expressions=[shown(kind_of(value), value.copy(), literal=False) for value in values])
    literals = exp.Array(expressions=[shown(kind_of(value), value.copy(), literal=True) for value in values])
    return call("bq_printf", template, texts, literals)


def shown(kind: Kind | None, value: exp.Expr, *, literal: bool, depth: int = 0) -> exp.Expr:
    """The engine's expression for the text of a value; NULL where the value is NULL."""
    if kind is None:
        return call("bq_cast_string", value)
    if kind.name == "ARRAY":
        variable = exp.to_identifier(f"bq_e{depth}")
        inner = shown(kind.element, exp.Column(this=variable.copy()), literal=literal, depth=depth + 1)
        each = exp.Lambda(this=call("coalesce", inner, "NULL"), expressions=[variable])
        return call("bq_enclose", "[", call("list_transform", value, each), "]")
    if kind.name == "STRUCT":
        parts = []
        for index, (_, own) in enumerate(kind.fields):
            field = call("struct_extract_at", value.copy(), index + 1)
            parts.append(call("coalesce", shown(own, field, literal=literal, depth=depth), "NULL"))
        opening = "STRUCT(" if literal and len(parts) == 1 else "("
        enclosed = call("bq_enclose", opening, exp.Array(expressions=parts), ")")
        return exp.Case(ifs=[exp.If(this=exp.Is(this=value, expression=exp.Null()), true=exp.Null())], default=enclosed)
    if literal and kind.name == "BYTES":
        return call("bq_bytes_literal", value)
    if literal and kind.name in LITERALS:
        return call(LITERALS[kind.name], value)
    if not literal and kind.name in TEXTS:
        return call(TEXTS[kind.name], value)
    plain = call(OWN_TEXTS.get(kind.name, "bq_cast_string"), value)
    if literal and kind.name == "INTERVAL":
        return call("bq_interval_literal", plain)
    if literal and kind.name in ("RANGE", "GEOGRAPHY"):
        return (
            call("bq_typed_literal", str(kind), plain) if kind.name == "RANGE" else call("bq_geography_literal", plain)
        )
    return call("bq_typed_literal", kind.name, plain) if literal and kind.name in PREFIXED else plain
