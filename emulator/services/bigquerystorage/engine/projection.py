"""Select lists for what a session reads of a table: columns, or fields of them, in the engine's or in other types."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.services.bigquery.sql.types import Field, Leaf, field_mode, field_type, literal, quote


def select(table: str, columns: Sequence[Field], fields: Sequence[Field], rows: tuple[int, int], leaf: Leaf) -> str:
    """The SELECT of `fields` of a storage table, for the rows from one number to before another.

    columns are the fields as they are stored. leaf takes a scalar field and its expression, and gives SQL or None.
    """
    stored = {field["name"]: field for field in columns}
    parts = []
    for field in fields:
        name = quote(field["name"])
        changed = projected(field, stored[field["name"]], name, leaf)
        parts.append(f"{changed} AS {name}" if changed else name)
    return f"SELECT {', '.join(parts)} FROM {table} WHERE rowid >= {int(rows[0])} AND rowid < {int(rows[1])}"


def projected(field: Field, stored: Field, expression: str, leaf: Leaf, depth: int = 0) -> str | None:
    """SQL for a value with the fields that `field` has of `stored`, `leaf` applied to each; None if nothing changes."""
    if field_mode(field) == "REPEATED":
        variable, single = f"e{depth}", {"mode": "NULLABLE"}
        inner = projected({**field, **single}, {**stored, **single}, variable, leaf, depth + 1)
        return None if inner is None else f"list_transform({expression}, lambda {variable}: {inner})"
    if field_type(field) != "RECORD":
        return leaf(field, expression)
    before = {child["name"]: child for child in stored["fields"]}
    changed, parts = len(before) != len(field["fields"]), []
    for child in field["fields"]:
        access = f"struct_extract({expression}, {literal(child['name'])})"
        inner = projected(child, before[child["name"]], access, leaf, depth)
        changed = changed or inner is not None
        parts.append(f"{quote(child['name'])} := {inner or access}")
    return f"CASE WHEN {expression} IS NULL THEN NULL ELSE struct_pack({', '.join(parts)}) END" if changed else None
