"""Schema changes of tables: what BigQuery allows, and what it says about the rest.

https://cloud.google.com/bigquery/docs/managing-table-schemas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emulator.services.bigquery import errors
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.types import Field, check_schema, field_mode, field_type, standard_type

WIDER = {  # the types that columns of a type can become
    "INTEGER": ("NUMERIC", "BIGNUMERIC", "FLOAT"),
    "NUMERIC": ("BIGNUMERIC", "FLOAT"),
    "BIGNUMERIC": ("FLOAT",),
}
MAX_KEY_COLUMNS = 16  # BigQuery: columns of a primary key


def checked(fields: Sequence[Field]) -> list[Field]:
    """The schema, or the 400 that says what is wrong with it."""
    try:
        check_schema(fields)
    except SqlError as problem:
        raise errors.of(problem) from None
    return list(fields)


def check_update(table: TableName, old: Sequence[Field], new: Sequence[Field], path: str = "") -> None:
    """Raise a 400 where a table with the columns `old` cannot become one with `new`, rows kept."""
    after = {field["name"].lower(): field for field in new}
    for before in old:
        where = path + before["name"]
        field = after.pop(before["name"].lower(), None)
        if field is None:
            raise _mismatch(table, f"Field {where} is missing in new schema")
        if field_type(field) != field_type(before):
            raise _mismatch(table, f"Field {where} has changed type from {field_type(before)} to {field_type(field)}")
        modes = (field_mode(before), field_mode(field))
        if modes[0] != modes[1] and modes != ("REQUIRED", "NULLABLE"):
            raise _mismatch(table, f"Field {where} has changed mode from {modes[0]} to {modes[1]}")
        if field_type(field) == "RECORD":
            check_update(table, before["fields"], field["fields"], where + ".")
    for field in after.values():
        if field_mode(field) == "REQUIRED":
            raise _mismatch(table, f"Cannot add required fields to an existing schema. (field: {path}{field['name']})")


def check_new_type(old: Field, new: Field) -> None:
    """Raise a 400 where ALTER COLUMN SET DATA TYPE cannot make one type the other.

    https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language, "SET DATA TYPE".
    """
    if field_type(new) not in (field_type(old), *WIDER.get(field_type(old), ())):
        message = (
            f"ALTER TABLE ALTER COLUMN SET DATA TYPE requires that the existing column type ({standard_type(old)}) is "
            f"assignable to the new type ({standard_type(new)})"
        )
        raise errors.error("invalidQuery", message)


def in_order(old: Sequence[Field], new: Sequence[Field]) -> list[Field]:
    """The columns of `new`, those of `old` in their order and others after them: rows keep the order of columns."""
    after = {field["name"].lower(): field for field in new}
    result = []
    for before in old:
        field = after.pop(before["name"].lower())
        if field_type(field) == "RECORD":
            field = {**field, "fields": in_order(before["fields"], field["fields"])}
        result.append(field)
    return result + list(after.values())


def _mismatch(table: TableName, message: str) -> Exception:
    return errors.invalid(f"Provided Schema does not match Table {table}. {message}")


def widened(old: Sequence[Field], new: Sequence[Field]) -> list[Field]:
    """`old` with the columns and record fields that only `new` has, at the end, as NULLABLE."""
    result = []
    extra = {field["name"].lower(): field for field in new}
    for before in old:
        field = extra.pop(before["name"].lower(), None)
        if field is not None and field_type(before) == "RECORD" and field_type(field) == "RECORD":
            result.append({**before, "fields": widened(before["fields"], field.get("fields") or [])})
        else:
            result.append(before)
    return result + [
        {**field, "mode": "NULLABLE"} if field_mode(field) == "REQUIRED" else field for field in extra.values()
    ]


def relaxed(old: Sequence[Field], new: Sequence[Field]) -> list[Field]:
    """`old` with REQUIRED columns made NULLABLE where `new` has them so (ALLOW_FIELD_RELAXATION)."""
    modes = {field["name"].lower(): field_mode(field) for field in new}
    return [
        {**field, "mode": "NULLABLE"}
        if field_mode(field) == "REQUIRED" and modes.get(field["name"].lower()) == "NULLABLE"
        else field
        for field in old
    ]


def selected(fields: Sequence[Field], names: str) -> list[Field]:
    """The columns of a comma-separated selectedFields, nested ones as a.b. Raises a 400 for one that is not there."""
    wanted: dict[str, list[str]] = {}
    for name in filter(None, (part.strip() for part in names.split(","))):
        head, _, rest = name.partition(".")
        wanted.setdefault(head.lower(), []).append(rest)
    result: list[Field] = []
    for field in fields:
        inner = wanted.pop(field["name"].lower(), None)
        if inner is None:
            continue
        partial = field_type(field) == "RECORD" and all(inner)
        result.append({**field, "fields": selected(field["fields"], ",".join(inner))} if partial else field)
    if wanted:
        raise errors.invalid(f"Unknown field in selectedFields: {next(iter(wanted))}")
    return result


def check_keys(name: TableName, body: dict[str, Any], fields: Sequence[Field]) -> None:
    """Raise a 400 where the keys of a table name columns that it has not, or more than BigQuery takes."""
    found = body.get("tableConstraints") or {}
    known = {field["name"].lower() for field in fields}
    primary = (found.get("primaryKey") or {}).get("columns") or []
    foreign = [pair["referencingColumn"] for key in found.get("foreignKeys") or () for pair in key["columnReferences"]]
    for column in [*primary, *foreign]:
        if column.lower() not in known:
            raise errors.invalid(f"A key of table {name} has the column {column}, which is not in the schema.")
    if len(primary) > MAX_KEY_COLUMNS:
        raise errors.invalid(f"A primary key has at most {MAX_KEY_COLUMNS} columns.")


def partitioning_problem(body: dict[str, Any], fields: Sequence[Field]) -> str:
    """What is wrong with a table's partitioning and clustering, or nothing."""
    kinds = {field["name"].lower(): field_type(field) for field in fields}
    time = body.get("timePartitioning") or {}
    if time and body.get("rangePartitioning"):
        return "Only one of timePartitioning and rangePartitioning can be set."
    if time and time.get("type") not in ("HOUR", "DAY", "MONTH", "YEAR"):
        return f"Invalid timePartitioning.type {time.get('type')}; HOUR, DAY, MONTH and YEAR exist."
    column = time.get("field")
    if column and kinds.get(column.lower()) not in ("DATE", "TIMESTAMP", "DATETIME"):
        return f"The field specified for partitioning cannot be found in the schema, or is no date or time: {column}."
    column = (body.get("rangePartitioning") or {}).get("field")
    if column and kinds.get(column.lower()) != "INTEGER":
        return f"The field specified for range partitioning must be an INTEGER of the schema: {column}."
    for column in (body.get("clustering") or {}).get("fields", ()):
        if column.lower() not in kinds:
            return f"The field specified for clustering cannot be found in the schema. Invalid field: {column}."
    return ""
