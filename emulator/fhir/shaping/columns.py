"""Schemas of BigQuery's tables: columns by the definitions, and those that only rows can tell, as extensions.

A column is a TableFieldSchema of BigQuery's REST API: name, type, mode, and the fields of a RECORD. Dates and times
stay texts. Columns of extensions, and of references to any type, come with the first row that has them.
"""

from collections import Counter
from typing import Any

from emulator.fhir.definitions import Definitions, Element, Type
from emulator.fhir.parsing import ExactNumber
from emulator.fhir.shaping.rows import DEPTH, Shape, choice_name, id_column

Json = dict[str, Any]
Columns = list[Json]

_WHOLE = frozenset({"integer", "integer64", "positiveInt", "unsignedInt"})
_TYPES = {"boolean": "BOOLEAN", "decimal": "FLOAT", **dict.fromkeys(_WHOLE, "INTEGER")}
_WHOLE_NAMES = tuple(f"{name[0].upper()}{name[1:]}" for name in sorted(_WHOLE))
_NUMBERS = {"INTEGER", "FLOAT"}
MOST = 10_000
"""Columns that BigQuery allows in a table."""
_OPEN = 30
"""A choice of more types is one of nearly all."""


class ColumnError(ValueError):
    """Rows that do not fit in one table; one sentence for the person, which quotes no value."""


def defined(definitions: Definitions, name: str, shape: Shape, depth: int = DEPTH) -> Columns:
    """The columns that the definitions give a table of resources of a type.

    Where these are more than BigQuery allows, choices of nearly all types are left to the rows.
    """
    every = _Defined(definitions, shape, depth, all_choices=True).of(definitions[name])
    if count(every) <= MOST:
        return every
    return _Defined(definitions, shape, depth, all_choices=False).of(definitions[name])


def count(columns: Columns) -> int:
    """How many columns there are, those within RECORDs and RECORDs themselves counted."""
    return sum(1 + count(column.get("fields", [])) for column in columns)


def of_row(row: Json) -> Columns:
    """The columns that a row needs. What is null or empty needs none."""
    return [column for name, value in row.items() if (column := _of_value(name, value))]


def merged(one: Columns, other: Columns, path: str = "") -> Columns:
    """The columns of both, those of one first. ColumnError where a name has two types, other than two of numbers."""
    found = {column["name"].lower(): column for column in one}
    for column in other:
        name = column["name"].lower()
        found[name] = _joined(found[name], column, path) if name in found else column
    return list(found.values())


class _Defined:
    """Makes the columns of types, and keeps count of how deep it is."""

    def __init__(self, definitions: Definitions, shape: Shape, depth: int, *, all_choices: bool) -> None:
        self._definitions = definitions
        self._shape = shape
        self._depth = depth
        self._all_choices = all_choices
        self._within: Counter[str] = Counter()

    def of(self, kind: Type) -> Columns:
        made = [self._column(kind, element) for element in kind.elements.values() if element.types]
        return [column for column in made if column]

    def _column(self, kind: Type, element: Element) -> Json | None:
        if element.name in {"extension", "modifierExtension"} or (element.name == "id" and kind.kind != "resource"):
            return None
        if element.is_choice:
            return self._record(element.stem, element, self._choices)
        return self._of_type(element.name, element, element.types[0])

    def _of_type(self, name: str, element: Element, type_name: str) -> Json | None:
        kind = self._definitions[type_name]
        if kind.kind == "primitive":
            return _column(name, _TYPES.get(type_name, "STRING"), element.is_list)
        if self._definitions.is_a(type_name, "Resource"):
            return _column(name, "STRING", element.is_list) if self._shape is Shape.ANALYTICS_V2 else None
        if type_name == "Reference":
            return self._record(name, element, self._reference)
        return self._record(name, element, lambda _: self.of(kind))

    def _record(self, name: str, element: Element, fields: Any) -> Json | None:
        """A RECORD, unless it would be within itself too often or has no fields."""
        self._within[name] += 1
        made = fields(element) if self._within[name] <= self._depth else []
        self._within[name] -= 1
        return _column(name, "RECORD", element.is_list) | {"fields": made} if made else None

    def _choices(self, element: Element) -> Columns:
        if len(element.types) > _OPEN and not self._all_choices:
            return []
        made = (self._of_type(choice_name(each), element, each) for each in element.types)
        return [column for column in made if column]

    def _reference(self, element: Element) -> Columns:
        own = self.of(self._definitions["Reference"])
        return own + [_column(id_column(each), "STRING", many=False) for each in element.targets]


def _column(name: str, type_: str, many: bool) -> Json:
    return {"name": name, "type": type_, "mode": "REPEATED" if many else "NULLABLE"}


def _of_value(name: str, value: Any) -> Json | None:
    many = isinstance(value, list)
    found: Json | None = None
    for each in value if isinstance(value, list) else [value]:
        if (column := _of_one(name, each, many)) is not None:
            found = _joined(found, column, "") if found else column
    return found


def _of_one(name: str, value: Any, many: bool) -> Json | None:
    if isinstance(value, dict):
        fields = of_row(value)
        return _column(name, "RECORD", many) | {"fields": fields} if fields else None
    type_ = _type_of(name, value)
    return _column(name, type_, many) if type_ else None


def _type_of(name: str, value: Any) -> str:
    """The type of a value, "" for null. A number is INTEGER only where a name says so: a decimal may be whole, too."""
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int | float | ExactNumber):
        return "INTEGER" if name in _WHOLE or name.endswith(_WHOLE_NAMES) else "FLOAT"
    return "STRING" if isinstance(value, str) else ""


def _joined(one: Json, other: Json, path: str) -> Json:
    where = f"{path}.{one['name']}" if path else str(one["name"])
    if one["mode"] != other["mode"]:
        raise ColumnError(f"The column {where} would be both {one['mode']} and {other['mode']}.")
    if one["type"] == other["type"] == "RECORD":
        return one | {"fields": merged(one["fields"], other["fields"], where)}
    if one["type"] == other["type"] or {one["type"], other["type"]} == _NUMBERS:
        return one
    raise ColumnError(f"The column {where} would be both {one['type']} and {other['type']}.")
