"""Functions of text and bytes rewritten for the engine; see functions.Rewriter.

https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions and hash_functions.
"""

from __future__ import annotations

from functools import reduce

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import JSON, STRING, Kind, array_of, kind_of
from emulator.services.bigquery.sql.nodes import call, cast
from emulator.services.bigquery.sql.scalars.text import FORMS


class TextRewriter:
    """The handlers of functions of text and bytes."""

    def _farmfingerprint(self, node: exp.FarmFingerprint) -> exp.Expr:
        return call("bq_fingerprint", _as_bytes(node.expressions[0]))

    def _sha2digest(self, node: exp.SHA2Digest) -> exp.Expr | None:
        return call("bq_sha512", _as_bytes(node.this)) if node.text("length") == "512" else None

    def _tocodepoints(self, node: exp.ToCodePoints) -> exp.Expr:
        return call("bq_byte_values" if _is_bytes(node.this) else "bq_code_points", node.this)

    def _bitwisecount(self, node: exp.BitwiseCount) -> exp.Expr:
        if _is_bytes(node.this):
            return call("bq_bit_count_of_bytes", node.this)
        return call("bit_count", cast(node.this, "BIGINT"))

    def _normalize(self, node: exp.Normalize) -> exp.Expr:
        written = node.args.get("form")
        form = written.name.upper() if isinstance(written, exp.Expr) else "NFC"
        if form not in FORMS:
            raise SqlError(f"{form} is no form of normalization; NFC, NFKC, NFD and NFKD are.")
        return call("bq_normalize", node.this, form, bool(node.args.get("is_casefold")))

    def _contains(self, node: exp.Contains) -> exp.Expr:
        scope = node.args.get("json_scope")
        if scope is not None and not (isinstance(scope, exp.Kwarg) and scope.this.name.lower() == "json_scope"):
            raise SqlError("CONTAINS_SUBSTR takes a value, a text and json_scope => ...")
        within = exp.Literal.string("JSON_VALUES") if scope is None else scope.expression
        return _holds(node.this, kind_of(node.this), node.expression, within, 0)

    def _translate(self, node: exp.Translate) -> exp.Expr:
        return call("bq_translate", node.this, node.args["from_"], node.args["to"])

    def _left(self, node: exp.Left) -> exp.Expr:
        return call("bq_left", node.this, node.expression)

    def _right(self, node: exp.Right) -> exp.Expr:
        return call("bq_right", node.this, node.expression)

    def _repeat(self, node: exp.Repeat) -> exp.Expr:
        return call("bq_repeat", node.this, node.args["times"])

    def _parsenumeric(self, node: exp.ParseNumeric) -> exp.Expr:
        return cast(call("bq_parse_numeric", node.this, "PARSE_NUMERIC"), "DECIMAL(38, 9)")

    def _parsebignumeric(self, node: exp.ParseBignumeric) -> exp.Expr:
        return call("bq_big_of_string", call("bq_parse_numeric", node.this, "PARSE_BIGNUMERIC"))

    def _typeof(self, node: exp.Typeof) -> exp.Expr:
        kind = kind_of(node.this)
        if kind is None:
            raise SqlError(f"TYPEOF of {node.this.sql('bigquery')} is not emulated, whose type cannot be told.")
        return exp.Literal.string(str(kind))


def _holds(value: exp.Expr, kind: Kind | None, part: exp.Expr, scope: exp.Expr, depth: int) -> exp.Expr:
    """Whether a text is part of a value, or of any field or element of it, whatever their case; scope is JSON's."""
    if kind == JSON:
        texts = call("bq_json_strings", value, scope.copy())
        return _holds(texts, array_of(STRING), part, scope, depth)
    if kind is not None and kind.name == "ARRAY":
        variable = exp.to_identifier(f"bq_c{depth}")
        inner = _holds(exp.Column(this=variable.copy()), kind.element, part, scope, depth + 1)
        each = call("list_transform", value, exp.Lambda(this=inner, expressions=[variable]))
        return call("bq_in_array", exp.true(), each)
    if kind is not None and kind.name == "STRUCT":
        fields = [
            _holds(call("struct_extract_at", value.copy(), place), own, part, scope, depth)
            for place, (_, own) in enumerate(kind.fields, 1)
        ]
        return exp.Paren(this=reduce(lambda one, other: exp.Or(this=one, expression=other), fields))
    return call("bq_contains", call("bq_cast_string", value), part.copy())


def _is_bytes(value: exp.Expr) -> bool:
    kind = kind_of(value)
    return kind is not None and kind.name == "BYTES"


def _as_bytes(value: exp.Expr) -> exp.Expr:
    """A STRING as its bytes in UTF-8, BYTES as they are."""
    return value if _is_bytes(value) else call("encode", value)
