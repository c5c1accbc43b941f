"""BigQuery schemas as DuckDB types, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from emulator.services.bigquery.sql.errors import SqlError

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

Field = dict[str, Any]

# GoogleSQL names on the left, the names of the REST API (TableFieldSchema.type) on the right.
LEGACY_NAMES = {
    "INT64": "INTEGER",
    "INT": "INTEGER",
    "BIGINT": "INTEGER",
    "SMALLINT": "INTEGER",
    "TINYINT": "INTEGER",
    "BYTEINT": "INTEGER",
    "FLOAT64": "FLOAT",
    "BOOL": "BOOLEAN",
    "STRUCT": "RECORD",
    "DECIMAL": "NUMERIC",
    "BIGDECIMAL": "BIGNUMERIC",
}
DUCKDB_NAMES = {
    "STRING": "VARCHAR",
    "BYTES": "BLOB",
    "INTEGER": "BIGINT",
    "FLOAT": "DOUBLE",
    "NUMERIC": "DECIMAL(38,9)",
    "BIGNUMERIC": "BIGNUM",  # in units of its last digit, 1e-38: the engine's decimals have 38 digits
    "BOOLEAN": "BOOLEAN",
    "TIMESTAMP": "TIMESTAMP WITH TIME ZONE",
    "DATE": "DATE",
    "TIME": "TIME",
    "DATETIME": "TIMESTAMP",
    "JSON": "JSON",
    "INTERVAL": "INTERVAL",
    "GEOGRAPHY": "GEOMETRY",
}
RANGE_ELEMENTS = ("DATE", "DATETIME", "TIMESTAMP")
RANGE_START, RANGE_END = "bq_start", "bq_end"  # of the engine's STRUCT that holds a RANGE; NULL is unbounded
BIGQUERY_NAMES = {
    "VARCHAR": "STRING",
    "UUID": "STRING",
    "BLOB": "BYTES",
    "DOUBLE": "FLOAT",
    "FLOAT": "FLOAT",
    "BOOLEAN": "BOOLEAN",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
    "DATE": "DATE",
    "TIME": "TIME",
    "TIMESTAMP": "DATETIME",
    "TIMESTAMP_S": "DATETIME",
    "TIMESTAMP_MS": "DATETIME",
    "JSON": "JSON",
    "INTERVAL": "INTERVAL",
    "GEOMETRY": "GEOGRAPHY",
    "BIGNUM": "BIGNUMERIC",
    '"NULL"': "INTEGER",
    "NULL": "INTEGER",
}
STANDARD_NAMES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
TEXTS = {  # the macros that write values as BigQuery shows them
    "BIGNUMERIC": "bq_big_text",
    "INTERVAL": "bq_interval_text",
    "GEOGRAPHY": "bq_geography_text",
    "RANGE": "bq_range_text",
}
READERS = {  # the macros that read values from text
    "BIGNUMERIC": "bq_big_of",
    "INTERVAL": "bq_interval_given",
    "GEOGRAPHY": "bq_geography_of",
}
FIELD_NAME = re.compile(r"[^\W\d][\w\- %&/:=@#$^<>+|~]{0,299}\Z")
AS_TEXT = ("BIGNUMERIC", "BYTES", "JSON", "INTERVAL", "GEOGRAPHY")  # in the rows that clients send
MODES = ("NULLABLE", "REQUIRED", "REPEATED")
DEFAULT = "defaultValueExpression"  # of a TableFieldSchema: the column's default, in GoogleSQL
MAX_DEPTH = 15  # BigQuery: nested RECORDs


def field_type(field: Field) -> str:
    """The type of a field by its name in the REST API, upper case."""
    name = str(field.get("type", "")).upper()
    return LEGACY_NAMES.get(name, name)


def field_mode(field: Field) -> str:
    """NULLABLE, REQUIRED or REPEATED."""
    return str(field.get("mode") or "NULLABLE").upper()


def range_element(field: Field) -> str:
    """DATE, DATETIME or TIMESTAMP: what a field of the type RANGE is a range of. Raises SqlError for others."""
    element = str((field.get("rangeElementType") or {}).get("type", "")).upper()
    if element not in RANGE_ELEMENTS:
        raise SqlError(
            f"Field {field.get('name', '')} is a RANGE; its rangeElementType must be DATE, DATETIME or TIMESTAMP.",
            "invalid",
        )
    return element


def range_record(field: Field) -> Field:
    """A field of the type RANGE as a RECORD of start and end."""
    element = {"type": range_element(field), "mode": "NULLABLE"}
    return {**field, "type": "RECORD", "fields": [{"name": name, **element} for name in ("start", "end")]}


def range_type(element: str) -> str:
    """The DuckDB type of a RANGE by the name of its element."""
    name = DUCKDB_NAMES[element]
    return f"STRUCT({quote(RANGE_START)} {name}, {quote(RANGE_END)} {name})"


def check_schema(fields: Iterable[Field], path: str = "", depth: int = 0) -> None:
    """Raise SqlError for a schema that BigQuery refuses, or that holds a type which is not emulated."""
    seen: set[str] = set()
    for field in fields:
        name = str(field.get("name", ""))
        where = f"{path}{name}"
        if not FIELD_NAME.match(name):
            raise SqlError(
                f'Invalid field name "{where}". Fields must contain the allowed characters, and be at most 300 '
                "characters long.",
                "invalid",
            )
        if name.lower() in seen:
            raise SqlError(f"Field {where} already exists in schema", "invalid")
        seen.add(name.lower())
        if depth and field.get(DEFAULT):
            raise SqlError(f"Field {where} is inside of a RECORD, and cannot have a default value.", "invalid")
        kind, mode = field_type(field), field_mode(field)
        if mode not in MODES:
            raise SqlError(f"Field {where} has the mode {mode}; NULLABLE, REQUIRED and REPEATED exist.", "invalid")
        if kind == "RECORD":
            if not field.get("fields"):
                raise SqlError(f"Field {where} is type RECORD but has no schema", "invalid")
            if depth >= MAX_DEPTH:
                raise SqlError(f"Field {where} is nested too deeply: {MAX_DEPTH} levels are allowed.", "invalid")
            check_schema(field["fields"], where + ".", depth + 1)
        elif kind == "RANGE":
            range_element({**field, "name": where})
        elif kind not in DUCKDB_NAMES:
            known = ", ".join([*DUCKDB_NAMES, "RANGE", "RECORD"])
            message = f"Field {where} has the type {kind or 'none'}, which is not emulated; use one of {known}."
            raise SqlError(message, "invalid")
        elif kind in ("NUMERIC", "BIGNUMERIC") and field.get("precision"):
            check_digits(kind, int(field["precision"]), int(field.get("scale") or 0))


def check_digits(name: str, precision: int, scale: int) -> None:
    """Raise SqlError for a NUMERIC(P, S) or BIGNUMERIC(P, S) that is none.

    https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#parameterized_decimal_type
    """
    most, before = (38, 38) if name == "BIGNUMERIC" else (9, 29)
    if not 0 <= scale <= most:
        raise SqlError(f"In {name}(P, S), S must be between 0 and {most}")
    if not max(1, scale) <= precision <= scale + before:
        written = f"{name}(P, {scale})"
        raise SqlError(f"In {written}, P must be between {max(1, scale)} and {scale + before}")


def standard_type(field: Field, *, limited: bool = False) -> str:
    """The type of a field as GoogleSQL writes it, such as ARRAY<STRUCT<a INT64>>.

    limited: with what STRING(3) and its like limit, as declarations have it.
    """
    kind = field_type(field)
    if kind == "RECORD":
        inner = ", ".join(f"{child['name']} {standard_type(child, limited=limited)}" for child in field["fields"])
        name = f"STRUCT<{inner}>"
    elif kind == "RANGE":
        name = f"RANGE<{range_element(field)}>"
    else:
        name = STANDARD_NAMES.get(kind, kind)
        limits = [str(field[key]) for key in ("maxLength", "precision", "scale") if limited and field.get(key)]
        name += f"({', '.join(limits)})" if limits else ""
    return f"ARRAY<{name}>" if field_mode(field) == "REPEATED" else name


def quote(name: str) -> str:
    """An identifier for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string for DuckDB."""
    return "'" + text.replace("'", "''") + "'"


def duckdb_type(field: Field) -> str:
    """The DuckDB type of a field, REPEATED included."""
    kind = field_type(field)
    if kind == "RECORD":
        inner = ", ".join(f"{quote(child['name'])} {duckdb_type(child)}" for child in field["fields"])
        name = f"STRUCT({inner})"
    elif kind == "NUMERIC" and field.get("precision"):
        name = f"DECIMAL({int(field['precision'])},{int(field.get('scale') or 0)})"
    elif kind == "RANGE":
        name = range_type(range_element(field))
    else:
        try:
            name = DUCKDB_NAMES[kind]
        except KeyError:
            raise SqlError(f"The type {kind} is not emulated.", "invalid") from None
    return name + "[]" if field_mode(field) == "REPEATED" else name


def columns_sql(fields: Iterable[Field]) -> str:
    """The column list of a CREATE TABLE: REQUIRED is NOT NULL, REPEATED starts empty (BigQuery has no NULL arrays)."""
    parts = []
    for field in fields:
        part = f"{quote(field['name'])} {duckdb_type(field)}"
        if field_mode(field) == "REQUIRED":
            part += " NOT NULL"
        elif field_mode(field) == "REPEATED":
            part += " DEFAULT []"
        parts.append(part)
    return ", ".join(parts)


def field_of(name: str, kind: DuckDBPyType) -> Field:
    """The BigQuery field of a result column. Raises SqlError for a type that has none."""
    if kind.id in ("list", "array"):
        element = field_of(name, _children(kind)[0][1])
        if element["mode"] == "REPEATED":
            raise SqlError(f"Cannot output column {name}: an array of arrays is not allowed in BigQuery.")
        return {**element, "mode": "REPEATED"}
    if kind.id == "struct":
        children = [field_of(child, child_kind) for child, child_kind in _children(kind)]
        if [child["name"] for child in children] == [RANGE_START, RANGE_END]:
            element = {"type": children[0]["type"]}
            return {"name": name, "type": "RANGE", "mode": "NULLABLE", "rangeElementType": element}
        return {"name": name, "type": "RECORD", "mode": "NULLABLE", "fields": children}
    if kind.id == "decimal":
        scale = int(dict(_children(kind))["scale"])
        return {"name": name, "type": "NUMERIC" if scale <= 9 else "BIGNUMERIC", "mode": "NULLABLE"}
    text = str(kind)
    if text in INTEGERS:
        return {"name": name, "type": "INTEGER", "mode": "NULLABLE"}
    if text in BIGQUERY_NAMES:
        return {"name": name, "type": BIGQUERY_NAMES[text], "mode": "NULLABLE"}
    raise SqlError(f"Column {name} has a type that has no counterpart in BigQuery.")


def _children(kind: DuckDBPyType) -> list[tuple[str, Any]]:
    return list(kind.children)


Leaf = Callable[[Field, str], str | None]


def transform(field: Field, expression: str, leaf: Leaf, depth: int = 0) -> str | None:
    """SQL that applies `leaf` to every scalar inside a value, or None where nothing changes.

    leaf takes a scalar field and its expression, and gives SQL or None.
    """
    if field_mode(field) == "REPEATED":
        variable = f"e{depth}"
        inner = transform({**field, "mode": "NULLABLE"}, variable, leaf, depth + 1)
        return None if inner is None else f"list_transform({expression}, lambda {variable}: {inner})"
    if field_type(field) != "RECORD":
        return leaf(field, expression)
    changed = False
    parts = []
    for child in field["fields"]:
        access = f"struct_extract({expression}, {literal(child['name'])})"
        inner = transform(child, access, leaf, depth)
        changed = changed or inner is not None
        parts.append(f"{quote(child['name'])} := {inner or access}")
    if not changed:
        return None
    return f"CASE WHEN {expression} IS NULL THEN NULL ELSE struct_pack({', '.join(parts)}) END"


def fitted(expression: str, field: Field) -> str | None:
    """SQL for a stored value as its column holds it; None where that has no BIGNUMERIC(P, S), STRING(L) or BYTES(L)."""

    def leaf(inner: Field, value: str) -> str | None:
        if inner.get("maxLength") and field_type(inner) in ("STRING", "BYTES"):
            return f"bq_fit_{field_type(inner).lower()}({value}, {int(inner['maxLength'])})"
        if field_type(inner) != "BIGNUMERIC" or not inner.get("precision"):
            return None
        return f"bq_big_fit({value}, {int(inner['precision'])}, {int(inner.get('scale') or 0)})"

    return transform(field, expression, leaf)


def python_select(fields: Iterable[Field], prefix: str = "") -> str:
    """The select list that reads columns as Python values: TIMESTAMPs come as microseconds since 1970, so that no time
    zone package is needed, also those of a RANGE, which is a dict of its bounds; BIGNUMERIC, INTERVAL, GEOGRAPHY and
    JSON come as text.
    """

    def leaf(field: Field, expression: str) -> str | None:
        kind = field_type(field)
        if kind == "TIMESTAMP":
            return f"epoch_us({expression})"
        if kind == "JSON":
            return f"CAST({expression} AS VARCHAR)"
        if kind == "RANGE":
            return f"bq_range_micros({expression})" if range_element(field) == "TIMESTAMP" else None
        return text_of(field, expression)

    return _changed(fields, leaf, prefix)


def text_of(field: Field, expression: str) -> str | None:
    """SQL for a value as BigQuery's text, of the types that the engine writes otherwise; None for others."""
    macro = TEXTS.get(field_type(field))
    return None if macro is None else f"{macro}({expression})"


def parquet_select(fields: Iterable[Field]) -> str:
    """The select list that reads columns for Parquet files: as text what Parquet or the engine has no type for."""
    return _changed(fields, text_of)


def _changed(fields: Iterable[Field], leaf: Leaf, prefix: str = "") -> str:
    """The select list of columns with `leaf` applied to every scalar of them."""
    parts = []
    for field in fields:
        column = prefix + quote(field["name"])
        changed = transform(field, column, leaf)
        parts.append(f"{changed} AS {quote(field['name'])}" if changed else column)
    return ", ".join(parts)


def recast(expression: str, old: Field | None, new: Field) -> str:
    """SQL for a value of one column as another one holds it; old is None where its type is not known."""

    def leaf(field: Field, value: str) -> str | None:
        if field_type(field) == "RANGE":
            return f"bq_range_of_{range_element(field).lower()}({value})"
        reader = READERS.get(field_type(field))
        return None if reader is None else f"{reader}({value})"

    if old is not None and field_type(old) == "BIGNUMERIC" != field_type(new) and field_mode(old) != "REPEATED":
        expression = f"bq_big_text({expression})"
    return f"CAST({transform(new, expression, leaf) or expression} AS {duckdb_type(new)})"


def wire_type(field: Field) -> Any:
    """The structure that DuckDB's json_transform reads a row into (as text what it has no reader for)."""
    kind = field_type(field)
    if kind == "RECORD":
        value: Any = {child["name"]: wire_type(child) for child in field["fields"]}
    elif kind == "RANGE":
        value = dict.fromkeys((RANGE_START, RANGE_END), DUCKDB_NAMES[range_element(field)])
    elif kind in AS_TEXT:
        value = "VARCHAR"
    else:
        value = duckdb_type({**field, "mode": "NULLABLE"})
    return [value] if field_mode(field) == "REPEATED" else value


def wire_select(fields: Iterable[Field], row: str) -> str:
    """The select list that turns a row read with `wire_type` into the table's own types."""

    def leaf(field: Field, expression: str) -> str | None:
        kind = field_type(field)
        if kind == "BYTES":
            return f"from_base64({expression})"
        if kind == "INTERVAL":
            return f"bq_interval_of({expression})"
        return f"CAST({expression} AS {DUCKDB_NAMES[kind]})" if kind in AS_TEXT else None

    parts = []
    for field in fields:
        column = f"struct_extract({row}, {literal(field['name'])})"
        parts.append(transform(field, column, leaf) or column)
    return ", ".join(parts)
