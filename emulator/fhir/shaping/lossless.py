"""Rows of the shape LOSSLESS: the resource as it is, as far as BigQuery can hold it in columns.

Google documents "a data-driven schema generated from the fields present in the FHIR data", no more. Here resources
within resources are JSON texts, because those of different types do not fit in one column, and nulls, which arrays of
BigQuery cannot hold, are left out with their array's place.
"""

from typing import Any

from emulator.fhir import parsing

Json = dict[str, Any]


def row(resource: Json) -> Json:
    """The row of a resource, from which columns.of_row makes the schema."""
    return {name: made for name, value in resource.items() if (made := _value(value)) is not None}


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return [made for each in value if (made := _value(each)) is not None] or None
    if isinstance(value, dict):
        return parsing.canonical(value).decode() if "resourceType" in value else row(value) or None
    return value
