"""Data types of GoogleSQL, as far as an expression's can be told, and which of them become which.

A type that cannot be told is None everywhere. https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
and conversion_rules (coercion, literal coercion, supertypes).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from emulator.services.bigquery.sql.structs import anonymous_name, field_name
from emulator.services.bigquery.sql.types import (
    DUCKDB_NAMES,
    LEGACY_NAMES,
    RANGE_END,
    RANGE_START,
    STANDARD_NAMES,
    Field,
    field_mode,
    field_type,
    quote,
    range_element,
    range_type,
)

NUMBERS = ("INT64", "NUMERIC", "BIGNUMERIC", "FLOAT64")  # each coerces to those after it
TEMPORAL = ("DATE", "DATETIME", "TIME", "TIMESTAMP")  # a STRING literal coerces to them
OF_PARSER = {
    "BIGINT": "INT64",
    "INT": "INT64",
    "SMALLINT": "INT64",
    "TINYINT": "INT64",
    "DOUBLE": "FLOAT64",
    "FLOAT": "FLOAT64",
    "DECIMAL": "NUMERIC",
    "BIGDECIMAL": "BIGNUMERIC",
    "BIGNUM": "BIGNUMERIC",
    "TEXT": "STRING",
    "VARCHAR": "STRING",
    "BINARY": "BYTES",
    "VARBINARY": "BYTES",
    "BOOLEAN": "BOOL",
    "DATE": "DATE",
    "TIME": "TIME",
    "TIMESTAMP": "DATETIME",
    "DATETIME": "DATETIME",
    "TIMESTAMPTZ": "TIMESTAMP",
    "JSON": "JSON",
    "INTERVAL": "INTERVAL",
    "GEOGRAPHY": "GEOGRAPHY",
}


class Mismatch(Exception):
    """Types that have nothing in common."""


@dataclass(frozen=True)
class Kind:
    """A data type. element is what an ARRAY holds or a RANGE is of; fields: a STRUCT's names ("" for none) and types.

    NULL is the type of the literal NULL, which becomes any other; an empty ARRAY literal holds NULL.
    """

    name: str
    element: Kind | None = None
    fields: tuple[tuple[str, Kind | None], ...] = ()

    def __str__(self) -> str:
        if self.name == "ARRAY":
            return f"ARRAY<{self.element or 'unknown'}>"
        if self.name == "RANGE":
            return f"RANGE<{self.element or 'unknown'}>"
        if self.name == "STRUCT":
            return f"STRUCT<{', '.join(f'{name} {kind}'.strip() for name, kind in self.fields)}>"
        return "INT64" if self.name == "NULL" else self.name

    def __deepcopy__(self, _: dict[int, Any]) -> Kind:
        return self

    def field(self, name: str) -> Kind | None:
        """The type of a field; None where there is none such."""
        return next((kind for own, kind in self.fields if own.lower() == name.lower()), None)


STRING, BYTES, BOOL, INT64, FLOAT64, JSON = map(Kind, ("STRING", "BYTES", "BOOL", "INT64", "FLOAT64", "JSON"))
NUMERIC, BIGNUMERIC, NULL, INTERVAL = map(Kind, ("NUMERIC", "BIGNUMERIC", "NULL", "INTERVAL"))
GEOGRAPHY, DATE = Kind("GEOGRAPHY"), Kind("DATE")
Typed = tuple[Kind | None, bool]  # the type of an expression, and whether that is a literal


def array_of(element: Kind | None) -> Kind:
    """ARRAY<element>."""
    return Kind("ARRAY", element)


def of_field(field: Field) -> Kind:
    """The type of a column of a table."""
    kind = field_type(field)
    if kind == "RECORD":
        own = Kind("STRUCT", fields=tuple((child["name"], of_field(child)) for child in field["fields"]))
    elif kind == "RANGE":
        own = Kind("RANGE", Kind(range_element(field)))
    else:
        own = Kind(STANDARD_NAMES.get(kind, kind))
    return array_of(own) if field_mode(field) == "REPEATED" else own


def of_datatype(node: exp.DataType) -> Kind | None:
    """The type that a CAST or a constructor writes."""
    name = node.this.name if isinstance(node.this, exp.DType) else ""
    if name in ("ARRAY", "LIST"):
        inner = node.expressions[0] if node.expressions else None
        return array_of(of_datatype(inner) if isinstance(inner, exp.DataType) else None)
    if name == "STRUCT":
        fields = []
        for item in node.expressions:
            written = item.args.get("kind") if isinstance(item, exp.ColumnDef) else item
            own = of_datatype(written) if isinstance(written, exp.DataType) else None
            fields.append((field_name(item) if isinstance(item, exp.ColumnDef) else "", own))
        if [name for name, _ in fields] == [RANGE_START, RANGE_END]:  # as the engine has a RANGE
            return Kind("RANGE", fields[0][1])
        return Kind("STRUCT", fields=tuple(fields))
    if name == "RANGE":
        inner = node.expressions[0] if node.expressions else None
        return Kind("RANGE", of_datatype(inner) if isinstance(inner, exp.DataType) else None)
    return Kind(OF_PARSER[name]) if name in OF_PARSER else None


def engine_name(kind: Kind) -> str | None:
    """The engine's name of a type; None where a part of it cannot be told, or has no name."""
    if kind.name == "ARRAY":
        inner = engine_name(kind.element) if kind.element is not None else None
        return None if inner is None else inner + "[]"
    if kind.name == "STRUCT":
        parts = []
        for place, (name, own) in enumerate(kind.fields, 1):
            inner = engine_name(own) if own is not None else None
            if inner is None:
                return None
            parts.append(f"{quote(name or anonymous_name(place))} {inner}")
        return f"STRUCT({', '.join(parts)})" if parts else None
    if kind.name == "RANGE":
        return range_type(kind.element.name) if kind.element is not None else None
    return DUCKDB_NAMES.get(LEGACY_NAMES.get(kind.name, kind.name))


def coerces(given: Typed, name: str) -> bool:
    """Whether an expression is taken where a simple type is expected; True where its own cannot be told."""
    kind, literal = given
    if kind is None or kind.name in (name, "NULL"):
        return True
    if kind.name in NUMBERS and name in NUMBERS:
        return NUMBERS.index(kind.name) < NUMBERS.index(name) or (
            literal and kind.name == "FLOAT64" and name != "INT64"
        )
    return (literal and kind.name == "STRING" and name in TEMPORAL) or (kind.name == "DATE" and name == "DATETIME")


def supertype(given: Iterable[Typed]) -> Kind | None:
    """The common type of several expressions; None where it cannot be told. Raises Mismatch where there is none."""
    items = [(kind, literal) for kind, literal in given if kind is None or kind.name != "NULL"]
    if not items:
        return NULL
    unknown = any(kind is None for kind, _ in items)
    known = [(kind, literal) for kind, literal in items if kind is not None]
    common = _common(known) if known else None
    return None if unknown else common


def _common(known: Sequence[tuple[Kind, bool]]) -> Kind | None:
    names = {kind.name for kind, _ in known}
    if len(names) == 1:
        name = known[0][0].name
        if name == "ARRAY":
            return array_of(supertype((kind.element, literal) for kind, literal in known))
        if name == "RANGE" and len({kind for kind, _ in known}) > 1:
            raise Mismatch
        return _common_struct(known) if name == "STRUCT" else known[0][0]
    firm = [kind for kind, literal in known if not literal] or [kind for kind, _ in known]
    for name in sorted({kind.name for kind in firm}, key=lambda own: NUMBERS.index(own) if own in NUMBERS else -1):
        if all(coerces(item, name) for item in known):
            return Kind(name)
    for name in names:
        if all(coerces(item, name) for item in known):
            return Kind(name)
    raise Mismatch


def _common_struct(known: Sequence[tuple[Kind, bool]]) -> Kind:
    """Fields meet by position; the first type that has names gives them."""
    first = known[0][0].fields
    if any(len(kind.fields) != len(first) for kind, _ in known):
        raise Mismatch
    fields = []
    for place in range(len(first)):
        name = next((kind.fields[place][0] for kind, _ in known if kind.fields[place][0]), "")
        fields.append((name, supertype((kind.fields[place][1], literal) for kind, literal in known)))
    return Kind("STRUCT", fields=tuple(fields))


def same_shape(one: Kind | None, other: Kind | None) -> bool:
    """Whether values of one are values of the other as they are: equal, names of fields included."""
    if one is None or other is None or one == other:
        return True
    if one.name == other.name == "ARRAY":
        return same_shape(one.element, other.element)
    if one.name == other.name == "STRUCT" and len(one.fields) == len(other.fields):
        return all(
            mine.lower() == its.lower() and same_shape(own, theirs)
            for (mine, own), (its, theirs) in zip(one.fields, other.fields, strict=True)
        )
    return one.name == "NULL"


def kind_of(node: Any) -> Kind | None:
    """The type that was found for an expression; None for what is none."""
    kind = node.meta.get("kind") if isinstance(node, exp.Expr) else None
    return kind if isinstance(kind, Kind) else None


def note(node: exp.Expr, kind: Kind | None) -> exp.Expr:
    """Keep the type of an expression with it; gives the expression."""
    if kind is not None:
        node.meta["kind"] = kind
    return node


def is_literal(node: exp.Expr) -> bool:
    """Whether an expression is a literal without a type of its own, which coerces more freely."""
    if isinstance(node, (exp.Neg, exp.Paren)):
        return is_literal(node.this)
    if isinstance(node, (exp.Array, exp.Struct)):
        return all(is_literal(item) for item in node.expressions)
    if isinstance(node, exp.PropertyEQ):
        return is_literal(node.expression)
    return isinstance(node, (exp.Literal, exp.Null, exp.RawString))


def typed(node: exp.Expr) -> Typed:
    """The type of an expression, and whether it is a literal."""
    return kind_of(node), is_literal(node)
