"""Types as the routines API has them: StandardSqlDataType, from columns and as text.

https://cloud.google.com/bigquery/docs/reference/rest/v2/StandardSqlDataType
"""

from __future__ import annotations

from typing import Any

from emulator.services.bigquery import errors
from emulator.services.bigquery.sql.types import STANDARD_NAMES, Field, field_mode, field_type, range_element


def of_field(field: Field) -> dict[str, Any]:
    """The type of a column."""
    if field_mode(field) == "REPEATED":
        return {"typeKind": "ARRAY", "arrayElementType": of_field({**field, "mode": "NULLABLE"})}
    kind = field_type(field)
    if kind == "RECORD":
        members = [{"name": child["name"], "type": of_field(child)} for child in field["fields"]]
        return {"typeKind": "STRUCT", "structType": {"fields": members}}
    if kind == "RANGE":
        return {"typeKind": kind, "rangeElementType": {"typeKind": range_element(field)}}
    return {"typeKind": STANDARD_NAMES.get(kind, kind)}


def type_text(kind: dict[str, Any]) -> str:
    """A type as GoogleSQL writes it. Raises 400 for one without a typeKind."""
    name = kind.get("typeKind")
    if not name:
        raise errors.invalid("A data type of a routine needs a typeKind.")
    if name == "ARRAY":
        return f"ARRAY<{type_text(kind.get('arrayElementType') or {})}>"
    if name == "STRUCT":
        fields = (kind.get("structType") or {}).get("fields") or ()
        members = [
            f"`{item['name']}` {type_text(item['type'])}" if item.get("name") else type_text(item["type"])
            for item in fields
        ]
        return f"STRUCT<{', '.join(members)}>"
    if name == "RANGE":
        return f"RANGE<{type_text(kind.get('rangeElementType') or {})}>"
    return str(name)
