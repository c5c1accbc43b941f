"""What becomes of a query's rows: a file of CSV, JSON or Parquet, or bars on the terminal."""

from __future__ import annotations

import contextlib
import csv
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.console import say
from scripts.errors import UsageError
from scripts.queries.values import cells, records

if TYPE_CHECKING:
    from google.cloud.bigquery import SchemaField

Row = Sequence[Any]

ENDINGS = (".csv", ".json", ".parquet")
_TYPES = {
    "INTEGER": "BIGINT",
    "INT64": "BIGINT",
    "FLOAT": "DOUBLE",
    "FLOAT64": "DOUBLE",
    "NUMERIC": "DECIMAL(38,9)",
    "BOOLEAN": "BOOLEAN",
    "BOOL": "BOOLEAN",
    "DATE": "DATE",
    "TIME": "TIME",
    "DATETIME": "TIMESTAMP",
    "TIMESTAMP": "TIMESTAMPTZ",
}
"""DuckDB's types by BigQuery's; any other is text in Parquet."""
_OFFLINE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_LABEL, _NARROWEST = 40, 10


def require_ending(path: Path) -> None:
    """Raise UsageError for a file of another kind."""
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"--to {path} has no known ending: use one of {', '.join(ENDINGS)}.")


def write(path: Path, schema: Sequence[SchemaField], rows: Sequence[Row]) -> None:
    """Write rows to a file, whose ending says how; it appears when it is whole. Raises OSError with its name."""
    unfinished = path.with_name(f".{path.name}.part")
    makers = {".csv": _csv, ".json": _json, ".parquet": _parquet}
    try:
        unfinished.touch()
        makers[path.suffix.lower()](unfinished, schema, rows)
        unfinished.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        with contextlib.suppress(OSError):  # the folder is none, or may not be written to
            unfinished.unlink(missing_ok=True)


def _csv(path: Path, schema: Sequence[SchemaField], rows: Sequence[Row]) -> None:
    """Write CSV with a line of names (RFC 4180); arrays and records as JSON."""
    with path.open("w", newline="", encoding="utf-8") as file:
        made = csv.writer(file)
        made.writerow(field.name for field in schema)
        made.writerows(cells(rows))


def _json(path: Path, schema: Sequence[SchemaField], rows: Sequence[Row]) -> None:
    found = records([field.name for field in schema], rows)
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _parquet(path: Path, schema: Sequence[SchemaField], rows: Sequence[Row]) -> None:
    """Write Parquet by DuckDB, with the types of BigQuery's schema."""
    import duckdb

    columns = ", ".join(f"{_quoted(field.name)}: {_literal(_type(field))}" for field in schema)
    kept = ", ".join(f"{_stored(field, _quoted(field.name))} AS {_quoted(field.name)}" for field in schema)
    names = [field.name for field in schema]
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "rows.ndjson"
        with lines.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(each) + "\n" for each in records(names, rows))
        with duckdb.connect(config=_OFFLINE) as engine:
            read = f"read_json({_literal(str(lines))}, format='newline_delimited', columns={{{columns}}})"
            engine.execute(f"COPY (SELECT {kept} FROM {read}) TO {_literal(str(path))} (FORMAT parquet)")  # noqa: S608 (names are quoted)


def _type(field: SchemaField) -> str:
    """DuckDB's type of a column."""
    if field.field_type in ("RECORD", "STRUCT"):
        made = f"STRUCT({', '.join(f'{_quoted(each.name)} {_type(each)}' for each in field.fields)})"
    else:
        made = _TYPES.get(field.field_type, "VARCHAR")
    return f"{made}[]" if field.mode == "REPEATED" else made


def _stored(field: SchemaField, expression: str) -> str:
    """DuckDB's SQL for a value that was read from JSON: BYTES out of base 64, in arrays and records, too."""
    if field.mode == "REPEATED":
        single = type(field)(field.name, field.field_type, fields=field.fields)
        return f"list_transform({expression}, lambda each: {_stored(single, 'each')})"
    if field.field_type in ("RECORD", "STRUCT"):
        inner = (
            f"{_quoted(each.name)} := {_stored(each, f'{expression}.{_quoted(each.name)}')}" for each in field.fields
        )
        return f"CASE WHEN {expression} IS NOT NULL THEN struct_pack({', '.join(inner)}) END"
    return f"from_base64({expression})" if field.field_type == "BYTES" else expression


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def chart(names: Sequence[str], rows: Sequence[Row]) -> None:
    """Print a bar a row: of the first column whose values are numbers, labelled with those before it.

    Raises UsageError where there is none.
    """
    found = [place for place in range(len(names)) if rows and all(_is_number(row[place]) for row in rows)]
    place = next((each for each in found if each > 0), None)
    if place is None:
        raise UsageError("--chart needs rows with a column of numbers after what names them.")
    labels = [" ".join("" if each is None else str(each) for each in row[:place])[:_LABEL] for row in rows]
    values = [float(row[place]) for row in rows]
    wide, digits = max(map(len, labels)), max(len(f"{row[place]:,}") for row in rows)
    room = max(shutil.get_terminal_size().columns - wide - digits - 4, _NARROWEST)
    most = max(*values, 0.0) or 1.0
    say(f"{' '.join(names[:place])}: {names[place]}")
    for label, row, number in zip(labels, rows, values, strict=True):
        bar = "█" * round(room * max(number, 0.0) / most)
        say(f"{label:<{wide}}  {row[place]:>{digits},}  {bar}".rstrip())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
