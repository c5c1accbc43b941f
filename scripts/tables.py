"""Tables of the stack's BigQuery dataset: what they are called, whether they are there, and their columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.cloud import bigquery

    from scripts.connection import Connection

METADATA_TABLE = "dicom_metadata"
"""Where `export` writes the metadata of DICOM instances if nobody says otherwise."""


def table_id(target: Connection, name: str) -> str:
    """The full id `project.dataset.table` of a table in the stack's dataset."""
    return f"{target.outputs.project}.{target.outputs.bigquery_dataset}.{name}"


def find_table(target: Connection, name: str) -> bigquery.Table | None:
    """A table or view of the stack's dataset (or of `project.dataset.table`), or None."""
    from google.api_core.exceptions import NotFound

    try:
        return target.bigquery.get_table(name if "." in name else table_id(target, name))
    except NotFound:
        return None


def columns(target: Connection, table: str, names: Sequence[str]) -> Iterator[tuple[Any, ...]] | None:
    """Each row's values of some columns of a table in the stack's dataset; None where there is no such table."""
    found = find_table(target, table)
    return None if found is None else columns_of(target, found, names)


def columns_of(target: Connection, table: bigquery.Table, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Each row's values of some columns of a table."""
    fields = [each for each in table.schema if each.name in names]
    rows = target.bigquery.list_rows(table, selected_fields=fields)
    return (tuple(row[name] for name in names) for row in rows)
