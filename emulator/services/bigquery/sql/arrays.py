"""Arrays in results and tables: they hold no NULL, though those inside a query may.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#array_nulls
"""

from __future__ import annotations

from collections.abc import Sequence

from emulator.services.bigquery.sql.types import Field, field_mode, field_type, literal, quote


def checked(fields: Sequence[Field], select: str) -> str:
    """A SELECT that fails where a column of it holds an array with NULL."""
    columns = []
    for field in fields:
        column = quote(field["name"])
        wrong = null_inside(field, column)
        message = literal(f"Array cannot have a null element; error in writing field {field['name']}")
        columns.append(f"CASE WHEN {wrong} THEN bq_fail({message}) ELSE {column} END AS {column}" if wrong else column)
    return f"SELECT {', '.join(columns)} FROM ({select})" if columns else select


def null_inside(field: Field, value: str, depth: int = 0) -> str:
    """The condition that a value holds an array with NULL, in any of its fields; nothing where it holds no array."""
    if field_mode(field) == "REPEATED":
        element = f"bq_n{depth}"
        inner = null_inside({**field, "mode": "NULLABLE"}, element, depth + 1)
        condition = f"{element} IS NULL" + (f" OR {inner}" if inner else "")
        return f"len(list_filter({value}, lambda {element}: {condition})) > 0"
    if field_type(field) != "RECORD":
        return ""
    inside = (
        null_inside(child, f"struct_extract({value}, {literal(child['name'])})", depth) for child in field["fields"]
    )
    return " OR ".join(condition for condition in inside if condition)
