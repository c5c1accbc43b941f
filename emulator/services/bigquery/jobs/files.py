"""Files of load jobs: newline-delimited JSON and CSV read row by row, and the schema guessed where none is given.

https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationLoad.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Literal

import orjson

from emulator.services.bigquery import errors
from emulator.services.bigquery.sql.converters import TIME, TIMESTAMP
from emulator.services.bigquery.sql.types import Field

READING = "Error while reading data, error message:"
GZIP_MAGIC = b"\x1f\x8b"
SAMPLE_ROWS = 500  # BigQuery: auto-detection looks at up to 500 rows
ENCODINGS = {"UTF-8": "utf-8-sig", "ISO-8859-1": "latin-1", "UTF-16BE": "utf-16-be", "UTF-16LE": "utf-16-le"}
DELIMITERS = {"\\t": "\t", "tab": "\t"}
INTEGER = re.compile(r"[+-]?\d{1,18}\Z")
FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")
DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}\Z")
CSV_ERRORS = {  # in the words of Python's reader, and in BigQuery's
    "unexpected end of data": 'Missing close double quote (") character.',
    "expected after": 'Data between close double quote (") and field separator.',
}
csv.field_size_limit(100 << 20)  # BigQuery: cell and row size of CSV files


class BadRow(Exception):
    """A line that cannot be read; the load job counts it."""


def open_source(path: Path) -> IO[bytes]:
    """The file's bytes, unpacked where it is gzip."""
    file = path.open("rb")
    magic = file.read(2)
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if magic == GZIP_MAGIC else file  # type: ignore[return-value]


def json_rows(path: Path) -> Iterator[dict[str, Any] | BadRow]:
    """The objects of a newline-delimited JSON file."""
    with open_source(path) as file:
        for number, line in enumerate(file, 1):
            text = line.strip()
            if not text:
                continue
            try:
                row = orjson.loads(text)
            except orjson.JSONDecodeError as problem:
                yield BadRow(f"{READING} JSON parsing error in row starting at line {number}: {problem}")
                continue
            yield row if isinstance(row, dict) else BadRow(f"Line {number} is no JSON object.")


def csv_records(path: Path, options: dict[str, Any]) -> Iterator[list[str] | BadRow]:
    """The records of a CSV file, header and all; a quoted line break needs allowQuotedNewlines."""
    encoding = ENCODINGS.get(str(options.get("encoding") or "UTF-8").upper().replace("_", "-"))
    if encoding is None:
        raise errors.invalid(f"Unknown encoding {options.get('encoding')}; there are {', '.join(ENCODINGS)}.")
    delimiter = str(options.get("fieldDelimiter") or ",")
    delimiter = DELIMITERS.get(delimiter, delimiter)
    quote = options.get("quote")
    quote = '"' if quote is None else str(quote)
    if len(delimiter) != 1 or len(quote) > 1:
        raise errors.invalid("fieldDelimiter and quote are one character each.")
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE

    def reader(lines: Iterable[str]) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=delimiter, quotechar=quote or None, quoting=quoting, strict=True)

    with (
        open_source(path) as file,
        io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="") as text,  # as BigQuery does
    ):
        if options.get("allowQuotedNewlines"):
            yield from _good_and_bad(reader(text), 1)
        else:
            for number, line in enumerate(text, 1):
                yield from _good_and_bad(reader([line]), number)


def _good_and_bad(records: Iterator[list[str]], number: int) -> Iterator[list[str] | BadRow]:
    """Records, and what is none; number is that of the first one."""
    while True:
        try:
            yield next(records)
        except StopIteration:
            return
        except csv.Error as problem:
            wrong = next((words for part, words in CSV_ERRORS.items() if part in str(problem)), str(problem))
            yield BadRow(f"{READING} Error detected while parsing row starting at line {number}. Error: {wrong}")
        number += 1


def csv_rows(path: Path, options: dict[str, Any], fields: list[Field], skip: int) -> Iterator[dict[str, Any] | BadRow]:
    """The records of a CSV file as objects. What equals the null marker (by default: nothing) is NULL.

    With sourceColumnMatch NAME the line before the first row says which column is which. Raises 400 where it can't.
    """
    names = [field["name"] for field in fields]
    by_name = _matches_by_name(options)
    skip = max(skip, 1) if by_name else skip
    keeps_zeros = bool(options.get("preserveAsciiControlCharacters"))
    markers = {str(options.get("nullMarker") or ""), *(options.get("nullMarkers") or ())}
    if options.get("nullMarker") or options.get("nullMarkers"):
        markers.discard("")
    for number, record in enumerate(csv_records(path, options), 1):
        if by_name and number == skip and isinstance(record, list):
            names = _header(record, fields, ignores=bool(options.get("ignoreUnknownValues")))
        if number <= skip or (record == [] and len(names) > 1):
            continue
        if isinstance(record, BadRow):
            yield record
            continue
        if not keeps_zeros and any("\0" in cell for cell in record):
            yield BadRow(f"{READING} Bad character (ASCII 0) encountered in line {number}.")
            continue
        if len(record) > len(names) and not options.get("ignoreUnknownValues"):
            yield BadRow(f"{READING} Too many values in line {number}. {_counts(record, names)}")
            continue
        if 0 < len(record) < len(names) and not options.get("allowJaggedRows"):
            yield BadRow(f"{READING} Too few values in line {number}. {_counts(record, names)}")
            continue
        cells = record or [""]  # an empty line of a file of one column
        yield {name: cell for name, cell in zip(names, cells, strict=False) if cell not in markers}


def _matches_by_name(options: dict[str, Any]) -> bool:
    match = str(options.get("sourceColumnMatch") or "POSITION").upper()
    if match not in ("NAME", "POSITION", "SOURCE_COLUMN_MATCH_UNSPECIFIED"):
        raise errors.invalid(f"Invalid sourceColumnMatch {match}; it is NAME or POSITION.")
    return match == "NAME"


def _header(record: list[str], fields: list[Field], *, ignores: bool) -> list[str]:
    """A header as names of the schema. Raises 400 for one that the schema has not, unless such are ignored."""
    known = {field["name"].lower(): field["name"] for field in fields}
    unknown = next((place for place, cell in enumerate(record, 1) if cell.strip().lower() not in known), 0)
    if unknown and not ignores:  # not by its name: where a file has no header that is a row's value
        raise errors.invalid(f"{READING} Column {unknown} of the header is not in the schema.")
    return [known.get(cell.strip().lower(), cell) for cell in record]


def _counts(record: list[str], names: list[str]) -> str:
    return f"Found {len(record)} column(s) while expected {len(names)}."


def guess_json(rows: Iterable[dict[str, Any] | BadRow]) -> list[Field]:
    """The schema that auto-detection gives newline-delimited JSON."""
    found: dict[str, Field] = {}
    for index, row in enumerate(rows):
        if index >= SAMPLE_ROWS:
            break
        if isinstance(row, dict):
            _merge_object(found, row)
    return _finished(found)


def _merge_object(found: dict[str, Field], row: dict[str, Any]) -> None:
    for name, value in row.items():
        values = value if isinstance(value, list) else [value]
        if isinstance(value, list) and not value:
            continue
        field = found.setdefault(name, {"name": name, "type": "", "mode": "NULLABLE"})
        if isinstance(value, list):
            field["mode"] = "REPEATED"
        for item in values:
            if isinstance(item, dict):
                field["type"] = "RECORD"
                _merge_object(field.setdefault("_children", {}), item)
            elif item is not None:
                field["type"] = _common(field["type"], _json_type(item))


def _finished(found: dict[str, Field]) -> list[Field]:
    fields = []
    for field in found.values():
        children = field.pop("_children", None)
        if field["type"] == "RECORD":
            field["fields"] = _finished(children or {})
            if not field["fields"]:
                continue
        field["type"] = field["type"] or "STRING"
        fields.append(field)
    return fields


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int):
        return "INTEGER"
    return "FLOAT" if isinstance(value, float) else _text_type(str(value), numbers=True)


def guess_csv(path: Path, options: dict[str, Any]) -> tuple[list[Field], int]:
    """The schema that auto-detection gives a CSV file, and how many lines its header has."""
    given = options.get("skipLeadingRows")
    sample = []
    for record in csv_records(path, options):
        if isinstance(record, BadRow):
            continue
        sample.append(record)
        if len(sample) > SAMPLE_ROWS:
            break
    sample = sample[max(int(given or 0) - 1, 0) :]
    if not sample:
        raise errors.invalid("Unable to auto-detect the schema of an empty file.")
    head, rows = sample[0], sample[1:]
    kinds = [_column_type([row[at] for row in rows if len(row) > at]) for at in range(len(head))]
    texts_only = all(_text_type(cell, numbers=True) == "STRING" for cell in head)
    has_header = int(given or 0) > 0 or (texts_only and any(kind != "STRING" for kind in kinds))
    if not has_header:
        kinds = [_column_type([row[at] for row in sample if len(row) > at]) for at in range(len(head))]
    names = [
        _column_name(cell, at) if has_header else f"{_default_prefix(kinds[at])}_field_{at}"
        for at, cell in enumerate(head)
    ]
    fields = [{"name": name, "type": kind, "mode": "NULLABLE"} for name, kind in zip(names, kinds, strict=True)]
    return fields, max(int(given or 0), 1 if has_header else 0)


def _default_prefix(kind: str) -> str:
    return {"INTEGER": "int64", "FLOAT": "double", "BOOLEAN": "bool"}.get(kind, kind.lower())


def _column_name(cell: str, at: int) -> str:
    name = re.sub(r"\W", "_", cell.strip()) or f"string_field_{at}"
    return f"_{name}" if name[0].isdigit() else name


def _column_type(cells: list[str]) -> str:
    kind = ""
    for cell in cells:
        if cell:
            kind = _common(kind, _text_type(cell, numbers=True))
    return kind or "STRING"


def _text_type(text: str, *, numbers: bool) -> str:
    if numbers and INTEGER.match(text):
        return "INTEGER"
    if numbers and FLOAT.match(text):
        return "FLOAT"
    if text.lower() in ("true", "false"):
        return "BOOLEAN"
    if DATE.match(text):
        return "DATE"
    if TIME.match(text):
        return "TIME"
    return "TIMESTAMP" if TIMESTAMP.match(text) else "STRING"


def _common(first: str, second: str) -> str:
    """The narrowest type that takes values of both."""
    if first in ("", second):
        return second
    pair = {first, second}
    if pair == {"INTEGER", "FLOAT"}:
        return "FLOAT"
    return "TIMESTAMP" if pair == {"DATE", "TIMESTAMP"} else "STRING"
