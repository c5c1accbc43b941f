"""Rows as clients send them: JSON objects, CSV records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.services.bigquery.sql.converters import UNREADABLE, converter
from emulator.services.bigquery.sql.scalars.errors import ScalarError
from emulator.services.bigquery.sql.types import DEFAULT, Field, field_mode, field_type

Convert = Callable[[Any], Any]
LEFT_OUT = "*"  # no column has that name


class RowError(Exception):
    """A row that does not fit its table: where (the path of the field) and why."""

    def __init__(self, location: str, message: str) -> None:
        super().__init__(message)
        self.location = location
        self.message = message

    def to_json(self) -> dict[str, str]:
        """The ErrorProto of the answer."""
        return {"reason": "invalid", "location": self.location, "debugInfo": "", "message": self.message}


class RowReader:
    """Reads JSON rows for a schema into the objects that DuckDB takes (see types.wire_type)."""

    def __init__(
        self,
        fields: Sequence[Field],
        *,
        ignore_unknown: bool = False,
        defaults: bool = False,
        by_type: Mapping[str, Convert] | None = None,
    ) -> None:
        """Give columns their default values that a row leaves out, where `defaults` says so.

        by_type is what reads values of some types in another way than usual.
        """
        self._defaults = {field["name"] for field in fields if defaults and field.get(DEFAULT)}
        self._required = {field["name"] for field in fields if field_mode(field) == "REQUIRED"} & self._defaults
        known = [{**field, "mode": "NULLABLE"} if field["name"] in self._required else field for field in fields]
        self._record = _record_reader(known, "", ignore_unknown, by_type or {})

    def read(self, row: Any) -> dict[str, Any]:
        """The row with every field of the schema present, and in LEFT_OUT the names of those that get their default.

        Raises RowError.
        """
        value: dict[str, Any] = self._record(row)
        if self._defaults:
            given = {key.lower() for key in row}
            left_out = [name for name in self._defaults if name.lower() not in given]
            for name in self._required - set(left_out):
                if value[name] is None:
                    raise RowError(name, f"Missing required field: {name}.")
            value[LEFT_OUT] = left_out
        return value


def _record_reader(
    fields: list[Field], path: str, ignore_unknown: bool, by_type: Mapping[str, Convert]
) -> Callable[[Any], dict[str, Any]]:
    readers = {field["name"]: _reader(field, path, ignore_unknown, by_type) for field in fields}
    by_lower = {name.lower(): name for name in readers}
    empty: dict[str, Any] = {field["name"]: [] if field_mode(field) == "REPEATED" else None for field in fields}
    required = [field["name"] for field in fields if field_mode(field) == "REQUIRED"]

    def read(row: Any) -> dict[str, Any]:
        if not isinstance(row, dict):
            raise RowError(path.rstrip("."), "This field is a record: a JSON object is expected.")
        out: dict[str, Any] = {key: [] if value == [] else value for key, value in empty.items()}
        for key, value in row.items():
            name = key if key in readers else by_lower.get(key.lower())
            if name is None:
                if ignore_unknown:
                    continue
                raise RowError(f"{path}{key}", f"no such field: {path}{key}.")
            if value is not None:
                out[name] = readers[name](value)
        for name in required:
            if out[name] is None:
                raise RowError(f"{path}{name}", f"Missing required field: {path}{name}.")
        return out

    return read


def _reader(field: Field, path: str, ignore_unknown: bool, by_type: Mapping[str, Convert]) -> Convert:
    where = path + field["name"]
    scalar: Convert
    if field_type(field) == "RECORD":
        scalar = _record_reader(field["fields"], where + ".", ignore_unknown, by_type)
    else:
        convert = by_type.get(field_type(field)) or converter(field)

        def scalar(value: Any) -> Any:
            try:
                return convert(value)
            except ScalarError as problem:
                raise RowError(where, problem.words) from None
            except UNREADABLE:
                shown = value if isinstance(value, (str, int, float)) else type(value).__name__
                raise RowError(where, _cannot_convert(field_type(field), shown)) from None

    if field_mode(field) != "REPEATED":
        return scalar

    def repeated(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise RowError(where, f"Array expected for repeated field: {where}.")
        if None in value:
            raise RowError(where, f"Only optional fields can be set to NULL. Field: {where}; Value: NULL")
        return [scalar(item) for item in value]

    return repeated


def _cannot_convert(kind: str, value: Any) -> str:
    return f"Cannot convert value to {kind.lower()} (bad value): {str(value)[:80]}"
