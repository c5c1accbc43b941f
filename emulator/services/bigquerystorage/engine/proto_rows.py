"""Rows that a writer sends as protocol buffers, as an array whose children are columns of the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import InvalidOperation
from itertools import accumulate, chain, repeat
from typing import Any

import nanoarrow as na
import numpy as np
from google.protobuf.message import DecodeError

from emulator.errors import invalid_argument, not_implemented
from emulator.services.bigquery.sql.scalars.errors import ScalarError
from emulator.services.bigquery.sql.types import DEFAULT, Field, field_mode, field_type, range_record
from emulator.services.bigquerystorage import errors
from emulator.services.bigquerystorage.engine import proto_values
from emulator.services.bigquerystorage.engine.appends import BadRowsError, Shape
from emulator.services.bigquerystorage.engine.proto_schema import message_class

CHANGES = ("_change_type", "_change_sequence_number")  # pseudo-columns of change data capture
MOST_ERRORS = 1000  # told of a request
BAD = (ValueError, TypeError, KeyError, OverflowError, ArithmeticError, InvalidOperation, ScalarError)
# The type in Arrow of each type of columns, and that of the numbers of which it is made.
TYPES = {
    "INTEGER": (na.int64(), None),
    "FLOAT": (na.float64(), None),
    "BOOLEAN": (na.bool_(), None),
    "STRING": (na.string(), None),
    "BYTES": (na.binary(), None),
    "DATE": (na.date32(), na.int32()),
    "TIME": (na.time64("us"), na.int64()),
    "DATETIME": (na.timestamp("us"), na.int64()),
    "TIMESTAMP": (na.timestamp("us", "UTC"), na.int64()),
    "BIGNUMERIC": (na.string(), None),
    "JSON": (na.string(), None),
    "INTERVAL": (na.string(), None),
    "GEOGRAPHY": (na.string(), None),
}
NUMERIC = na.decimal128(38, 9)
NUMERIC_BYTES = 16


def read(shape: Shape, serialized: Sequence[bytes], fields: Sequence[Field]) -> tuple[list[str], Any]:
    """The names of the table's columns that a writer has, and its rows.

    Raises a 400 for a schema that does not fit, BadRowsError for rows that do not.
    """
    kind = message_class(shape.schema)
    _refuse_changes(kind.DESCRIPTOR)
    reader = _Reader(shape.defaults)
    messages = reader.parsed(kind, serialized)
    pairs = _pairs(fields, kind.DESCRIPTOR, "", shape.defaults)
    columns = {field["name"]: reader.column(field, of, messages, range(len(messages)), "") for field, of in pairs if of}
    if reader.problems:
        raise BadRowsError(tuple(sorted(reader.problems.items())[:MOST_ERRORS]))
    kinds = {name: na.Schema(column.schema) for name, column in columns.items()}
    return list(columns), na.c_array_from_buffers(
        na.struct(kinds), len(messages), [None], children=list(columns.values()), validation_level="none"
    )


def _refuse_changes(descriptor: Any) -> None:
    for name in descriptor.fields_by_name:
        if name.lower() in CHANGES:
            raise not_implemented(f"{name} (change data capture) is not emulated.")


def _pairs(
    fields: Sequence[Field], descriptor: Any, path: str, defaults: frozenset[str] = frozenset()
) -> list[tuple[Field, Any]]:
    """The fields of a record, each with the writer's one for it, None where there is none. Raises a 400."""
    given = {each.name.lower(): each for each in descriptor.fields}
    pairs = [(field, given.pop(field["name"].lower(), None)) for field in fields]
    if given:
        listed = ", ".join(f"'{path}{each.name}'" for each in given.values())
        said = f"Input schema has more fields than BigQuery schema, extra fields: {listed}."
        raise errors.storage_error("SCHEMA_MISMATCH_EXTRA_FIELDS", descriptor.full_name, said)
    for field, of in pairs:
        filled = not path and field.get(DEFAULT) and field["name"].lower() in defaults
        if of is None and field_mode(field) == "REQUIRED" and not filled:
            raise invalid_argument(f"The required field {path}{field['name']} is missing in the input schema.")
    return pairs


class _Reader:
    """Makes columns of messages and gathers what is wrong, by the number of its row."""

    def __init__(self, defaults: frozenset[str]) -> None:
        self._defaults = defaults
        self.problems: dict[int, str] = {}

    def parsed(self, kind: Any, serialized: Sequence[bytes]) -> list[Any]:
        """The messages of rows."""
        try:
            return [kind.FromString(row) for row in serialized]
        except DecodeError:
            return [self._parsed(kind, number, row) for number, row in enumerate(serialized)]

    def _parsed(self, kind: Any, number: int, row: bytes) -> Any:
        try:
            return kind.FromString(row)
        except DecodeError:
            self.problems[number] = "The row is no message of the writer's schema."
            return kind()

    def column(self, field: Field, of: Any, parents: Sequence[Any], rows: Sequence[int], path: str) -> Any:
        """The column of a field: one value for each parent, which is a message or None; rows are their numbers."""
        name, where = of.name, path + field["name"]
        is_list = of.is_repeated if hasattr(of, "is_repeated") else of.label == of.LABEL_REPEATED
        if is_list != (field_mode(field) == "REPEATED"):
            said = f"The field {where} is {'' if is_list else 'not '}repeated in the input schema, unlike in the table."
            raise invalid_argument(said)
        if is_list:
            lists = [() if parent is None else getattr(parent, name) for parent in parents]
            return self._list(field, of, lists, rows, where)
        values = [getattr(parent, name) if parent is not None and parent.HasField(name) else None for parent in parents]
        if field_mode(field) == "REQUIRED" and None in values:
            self._require(field, parents, values, rows, where)
        return self._values(field, of, values, rows, where)

    def _require(
        self, field: Field, parents: Sequence[Any], values: Sequence[Any], rows: Sequence[int], where: str
    ) -> None:
        if where == field["name"] and field.get(DEFAULT) and where.lower() in self._defaults:
            return
        for parent, value, row in zip(parents, values, rows, strict=True):
            if value is None and parent is not None:
                self.problems.setdefault(row, f"Field {where}: a required field has no value.")

    def _list(self, field: Field, of: Any, lists: Sequence[Any], rows: Sequence[int], where: str) -> Any:
        sizes = [len(values) for values in lists]
        flat = list(chain.from_iterable(lists))
        owners = list(chain.from_iterable(map(repeat, rows, sizes)))
        items = self._values({**field, "mode": "NULLABLE"}, of, flat, owners, where)
        offsets = np.fromiter(accumulate(sizes, initial=0), np.int32, len(sizes) + 1)
        schema = na.list_(na.Schema(items.schema))
        return na.c_array_from_buffers(schema, len(sizes), [None, na.c_buffer(offsets)], children=[items])

    def _values(self, field: Field, of: Any, values: Sequence[Any], rows: Sequence[int], where: str) -> Any:
        if field_type(field) == "RANGE":
            field = range_record(field)
        if field_type(field) == "RECORD":
            return self._records(field, of, values, rows, where)
        try:
            convert = proto_values.converter(field, of)
        except LookupError:
            kind, given = field_type(field), proto_values.kind_of(of)
            raise invalid_argument(
                f"The field {where} is {kind} in the table and {given} in the input schema."
            ) from None
        made = values if convert is None else self._converted(convert, values, rows, field, where)
        return _array(field_type(field), made)

    def _converted(
        self, convert: Callable[[Any], Any], values: Sequence[Any], rows: Sequence[int], field: Field, where: str
    ) -> list[Any]:
        try:
            return [None if value is None else convert(value) for value in values]
        except BAD:
            return [self._one(convert, value, row, field, where) for value, row in zip(values, rows, strict=True)]

    def _one(self, convert: Callable[[Any], Any], value: Any, row: int, field: Field, where: str) -> Any:
        try:
            return None if value is None else convert(value)
        except BAD:
            self.problems.setdefault(row, f"Field {where}: the value cannot be stored as {field_type(field)}.")
            return None

    def _records(self, field: Field, of: Any, values: Sequence[Any], rows: Sequence[int], where: str) -> Any:
        if of.message_type is None or of.message_type.GetOptions().map_entry:
            raise invalid_argument(f"The field {where} is a record, which takes messages.")
        pairs = _pairs(field["fields"], of.message_type, f"{where}.")
        children = [
            _nulls(child, len(values)) if inner is None else self.column(child, inner, values, rows, f"{where}.")
            for child, inner in pairs
        ]
        names = [child["name"] for child in field["fields"]]
        kinds = {name: na.Schema(child.schema) for name, child in zip(names, children, strict=True)}
        return na.c_array_from_buffers(na.struct(kinds), len(values), [_validity(values)], children=children)


def _array(kind: str, values: Sequence[Any]) -> Any:
    """Values of one type, None among them, as an array."""
    if kind == "NUMERIC":
        data = b"".join((value or 0).to_bytes(NUMERIC_BYTES, "little", signed=True) for value in values)
        return na.c_array_from_buffers(NUMERIC, len(values), [_validity(values), data])
    schema, numbers = TYPES[kind]
    if numbers is None:
        return na.c_array(values, schema)
    view = na.c_array(values, numbers).view()
    return na.c_array_from_buffers(schema, len(values), [view.buffer(0), view.buffer(1)])


def _validity(values: Sequence[Any]) -> Any:
    """Which values there are, a bit each; None where there are all."""
    if None not in values:
        return None
    return np.packbits([value is not None for value in values], bitorder="little").tobytes()


def _nulls(field: Field, count: int) -> Any:
    """A column of a field that the writer has not."""
    if field_mode(field) == "REPEATED":
        items = _nulls({**field, "mode": "NULLABLE"}, 0)
        offsets = np.zeros(count + 1, np.int32)
        return na.c_array_from_buffers(
            na.list_(na.Schema(items.schema)), count, [None, na.c_buffer(offsets)], children=[items]
        )
    nothing = [None] * count
    if field_type(field) == "RANGE":
        field = range_record(field)
    if field_type(field) != "RECORD":
        return _array(field_type(field), nothing)
    children = {child["name"]: _nulls(child, count) for child in field["fields"]}
    kinds = {name: na.Schema(child.schema) for name, child in children.items()}
    return na.c_array_from_buffers(na.struct(kinds), count, [_validity(nothing)], children=list(children.values()))
