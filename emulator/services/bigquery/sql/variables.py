"""Variables of a script: values with types that stand for names, where no column has the name.

https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#declare
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from emulator.services.bigquery.sql.nodes import cast
from emulator.services.bigquery.sql.parameters import literal_of
from emulator.services.bigquery.sql.plans import Variable
from emulator.services.bigquery.sql.types import Field, duckdb_type, field_mode, field_type

Named = Mapping[str, Variable]  # by their names in lower case


def value_of(field: Field, cell: Any) -> dict[str, Any] | None:
    """A value as the API shows it in rows, as QueryParameterValue has it; None for NULL."""
    if field_mode(field) == "REPEATED":
        element = {**field, "mode": "NULLABLE"}
        return {"arrayValues": [value_of(element, item["v"]) or {"value": None} for item in cell or ()]}
    if cell is None:
        return None
    if field_type(field) == "RECORD":
        members = zip(field["fields"], cell["f"], strict=True)
        return {
            "structValues": {child["name"]: value_of(child, item["v"]) or {"value": None} for child, item in members}
        }
    return {"value": cell}


def expression(variable: Variable) -> exp.Expr:
    """The value of a variable as a tree."""
    if variable.value is None:
        return cast(exp.Null(), duckdb_type(variable.field))
    return literal_of(variable.field, variable.value, variable.name)


def put(column: exp.Column, variable: Variable) -> exp.Expr:
    """Replace a column that names a variable, or fields inside of one, by its value; gives the value's tree."""
    parts = [part.name for part in column.parts]
    value = expression(variable)
    for name in parts[1:]:
        value = exp.Dot(this=value, expression=exp.to_identifier(name, quoted=True))
    if isinstance(column.parent, exp.Select) and column.arg_key == "expressions":
        column.replace(exp.alias_(value, parts[-1], quoted=True))
    else:
        column.replace(value)
    return value
