"""The view of the DICOM store's instances as they are now, over the table that is exported or streamed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scripts.errors import CommandError
from scripts.tables import METADATA_TABLE, find_table, table_id

if TYPE_CHECKING:
    from google.cloud import bigquery

    from scripts.connection import Connection

VIEW = "imaging_instances"
DESCRIPTION = "The instances of the DICOM store, one row each, latest state."
COLUMNS = {
    "StudyInstanceUID": "STRING",
    "SeriesInstanceUID": "STRING",
    "SOPInstanceUID": "STRING",
    "PatientID": "STRING",
    "AccessionNumber": "STRING",
    "StudyDate": "DATE",
    "StudyTime": "TIME",
    "Modality": "STRING",
    "BodyPartExamined": "STRING",
    "ViewPosition": "STRING",
    "Manufacturer": "STRING",
    "BlobStorageSize": "INT64",
    "StorageClass": "STRING",
    "LastUpdated": "TIMESTAMP",
}
"""What the view shows of an instance. An export has columns only for attributes that some instance has."""
_NEEDED = ("SOPInstanceUID", "LastUpdated", "Type")


def find_metadata(target: Connection) -> bigquery.Table | None:
    """The table with the store's metadata: the stream's where there is one, else the exported; None before that."""
    streamed = target.outputs.dicom_stream_table
    found = find_table(target, streamed.removeprefix("bq://")) if streamed else None
    return found or find_table(target, METADATA_TABLE)


def refresh(target: Connection) -> bool:
    """Make the view, or make it anew where the metadata's columns changed; False while there is no metadata yet.

    Raises CommandError where the metadata is no flattened export, and errors of Google's client.
    """
    metadata = find_metadata(target)
    if metadata is None:
        return False
    put_view(target, table_id(target, VIEW), latest_query(metadata, COLUMNS), DESCRIPTION)
    return True


def latest_query(metadata: bigquery.Table, shown: Mapping[str, str]) -> str:
    """A query of some columns, with their types, of the last state of each instance that is not deleted.

    A stream has one row for each change of an instance, an export that appends one for each export (Cloud Healthcare:
    "Streaming DICOM metadata changes to BigQuery"). Attributes that the table has no column for are NULL. Raises
    CommandError for a table that has no columns by attributes.
    """
    source, columns = str(metadata.reference), {field.name for field in metadata.schema}
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise CommandError(
            f"{source} has no column {missing[0]}, so it is not an export of a DICOM store by attributes:"
            " export again with `python -m scripts export --to table --write-disposition truncate`."
        )
    return latest(source, columns, shown)


def latest(source: str, columns: set[str], shown: Mapping[str, str]) -> str:
    """The same of a table by its name and the names of its columns."""
    selected = [f"`{name}`" if name in columns else f"CAST(NULL AS {kind}) AS `{name}`" for name, kind in shown.items()]
    return (
        f"SELECT {', '.join(selected)}\n"
        f"FROM (SELECT * FROM `{source}` WHERE TRUE\n"
        "  QUALIFY ROW_NUMBER() OVER (PARTITION BY SOPInstanceUID ORDER BY LastUpdated DESC) = 1) AS latest\n"
        "WHERE IFNULL(latest.Type, 'INSERT') != 'DELETE'"
    )


def put_view(target: Connection, name: str, query: str, description: str) -> None:
    """Make a view, or give one that is there another query. Raises CommandError where a table has its name."""
    from google.cloud import bigquery

    found = find_table(target, name)
    if found is None:
        view = bigquery.Table(name)
        view.view_query = query
        view.description = description
        view.labels = dict(target.outputs.labels)
        target.bigquery.create_table(view)
    elif found.table_type != "VIEW":
        raise CommandError(f"{name} is there already and is not a view: rename or drop it, then run the command again.")
    elif found.view_query != query:
        found.view_query = query
        target.bigquery.update_table(found, ["view_query"])
