"""Rows that a writer sends as an Arrow record batch, as an array whose children are columns of the table."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import nanoarrow as na
from nanoarrow.ipc import InputStream

from emulator.errors import invalid_argument
from emulator.services.bigquery.sql.scalars import bignumeric
from emulator.services.bigquery.sql.types import Field, field_mode, field_type
from emulator.services.bigquerystorage import errors


def read(schema: bytes, batch: bytes, fields: Sequence[Field]) -> tuple[list[str], Any]:
    """The names of the table's columns that a batch has, and its rows. Raises a 400 for what is no such batch."""
    try:
        (array,) = na.c_array_stream(InputStream.from_readable(io.BytesIO(schema + batch)))
    except (RuntimeError, ValueError) as problem:
        raise invalid_argument("arrowRows holds no record batch of its writerSchema.") from problem
    known = {field["name"].lower(): field for field in fields}
    given = [child.name for child in array.schema.children]
    if extra := [name for name in given if name.lower() not in known]:
        raise errors.storage_error("SCHEMA_MISMATCH_EXTRA_FIELDS", extra[0], _extra(extra))
    names = [known[name.lower()]["name"] for name in given]
    columns = [_column(child, known[name.lower()]) for child, name in zip(array.children, given, strict=True)]
    kinds = {name: na.Schema(column.schema) for name, column in zip(names, columns, strict=True)}
    return names, na.c_array_from_buffers(na.struct(kinds), array.length, [None], children=columns)


def _extra(names: Sequence[str]) -> str:
    listed = ", ".join(f"'{name}'" for name in names)
    return f"Input schema has more fields than BigQuery schema, extra fields: {listed}."


def _column(array: Any, field: Field) -> Any:
    """A column as the engine takes it: BIGNUMERIC, whose decimals it has not, as text in units of the last digit."""
    if field_type(field) != "BIGNUMERIC" or field_mode(field) == "REPEATED":
        return array
    texts = (None if value is None else str(value) for value in na.Array(array).iter_py())
    return na.c_array([None if text is None else bignumeric.units_of_text(text) for text in texts], na.string())
