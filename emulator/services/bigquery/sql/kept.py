"""What results and tables cannot hold, though a query may compute with it: NULL in arrays, years beyond 9999.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#array_nulls, #date_type, #timestamp_type
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from emulator.services.bigquery.sql.types import Field, field_mode, field_type, literal, quote

Condition = Callable[[Field, str, int], str]
DATED = ("DATE", "DATETIME", "TIMESTAMP")


def checked(fields: Sequence[Field], select: str) -> str:
    """A SELECT that fails where a column of it holds what cannot be kept."""
    columns = []
    for field in fields:
        column = quote(field["name"])
        cases = [f"WHEN {wrong} THEN bq_fail({literal(words)})" for wrong, words in problems(field)]
        columns.append(f"CASE {' '.join(cases)} ELSE {column} END AS {column}" if cases else column)
    return f"SELECT {', '.join(columns)} FROM ({select})" if columns else select


def problems(field: Field) -> Iterator[tuple[str, str]]:
    """Conditions on a column that nothing kept may meet, and what to say then."""
    name = field["name"]
    if wrong := _null_inside(field, quote(name)):
        yield wrong, f"Array cannot have a null element; error in writing field {name}"
    if wrong := _out_of_range(field, quote(name)):
        yield wrong, f"A date or time in field {name} is out of range: years are 1 to 9999"


def _null_inside(field: Field, value: str, depth: int = 0) -> str:
    """The condition that a value holds an array with NULL, in any of its fields; nothing where it holds no array."""
    if field_mode(field) == "REPEATED":
        element = f"bq_n{depth}"
        inner = _null_inside(_element(field), element, depth + 1)
        condition = f"{element} IS NULL" + (f" OR {inner}" if inner else "")
        return f"len(list_filter({value}, lambda {element}: {condition})) > 0"
    return _in_fields(field, value, depth, _null_inside) if field_type(field) == "RECORD" else ""


def _out_of_range(field: Field, value: str, depth: int = 0) -> str:
    if field_mode(field) == "REPEATED":
        element = f"bq_n{depth}"
        inner = _out_of_range(_element(field), element, depth + 1)
        return f"len(list_filter({value}, lambda {element}: {inner})) > 0" if inner else ""
    if field_type(field) == "RECORD":
        return _in_fields(field, value, depth, _out_of_range)
    if field_type(field) not in DATED:
        return ""
    return f"(NOT isfinite({value}) OR year({value}) NOT BETWEEN 1 AND 9999)"


def _element(field: Field) -> Field:
    return {**field, "mode": "NULLABLE"}


def _in_fields(field: Field, value: str, depth: int, condition: Condition) -> str:
    inside = (
        condition(child, f"struct_extract({value}, {literal(child['name'])})", depth) for child in field["fields"]
    )
    return " OR ".join(found for found in inside if found)
