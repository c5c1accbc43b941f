"""The views that join the labels with the DICOM metadata of the store, as exported or as streamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.chestxrays.label_columns import COLUMNS, TABLE
from scripts.errors import CommandError
from scripts.tables import METADATA_TABLE, find_table, table_id

if TYPE_CHECKING:
    from google.cloud import bigquery

    from scripts.connection import Connection

INSTANCES_VIEW = "chest_xray_instances"
INSTANCES_DESCRIPTION = "The instances of the DICOM store, one row each, latest state."
JOINED_VIEW = "chest_xrays"
JOINED_DESCRIPTION = f"The labels of {TABLE} beside the DICOM metadata of their films, where these are in the store."

METADATA_COLUMNS = {
    "StudyInstanceUID": "STRING",
    "SeriesInstanceUID": "STRING",
    "SOPInstanceUID": "STRING",
    "PatientID": "STRING",
    "PatientSex": "STRING",
    "PatientAge": "STRING",
    "Modality": "STRING",
    "ViewPosition": "STRING",
    "Rows": "INT64",
    "Columns": "INT64",
    "BlobStorageSize": "INT64",
    "LastUpdated": "TIMESTAMP",
}
"""What the views show of an instance. An export has columns only for attributes that some instance has."""
_NEEDED = ("SOPInstanceUID", "LastUpdated", "Type")


def find_metadata(target: Connection) -> bigquery.Table | None:
    """The table with the store's metadata: the stream's where there is one, else the exported; None before that."""
    streamed = target.outputs.dicom_stream_table
    found = find_table(target, streamed.removeprefix("bq://")) if streamed else None
    return found or find_table(target, METADATA_TABLE)


def refresh_views(target: Connection) -> bool:
    """Make the views `chest_xray_instances` and `chest_xrays`, or make them anew where the metadata's columns changed.

    Gives False, and changes nothing, while there are no labels or no metadata yet. A re-export that keeps the columns
    needs no refresh: views name their tables and are evaluated when they are asked. Raises CommandError where the
    metadata is no flattened export, and errors of Google's client.
    """
    metadata = find_metadata(target) if find_table(target, TABLE) else None
    if metadata is None:
        return False
    source = str(metadata.reference)
    columns = {field.name for field in metadata.schema}
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise CommandError(
            f"{source} has no column {missing[0]}, so it is not an export of a DICOM store by attributes:"
            " export again with `python -m scripts export --to table --write-disposition truncate`."
        )
    instances = table_id(target, INSTANCES_VIEW)
    _put_view(target, instances, instances_query(source, columns), INSTANCES_DESCRIPTION)
    joined = joined_query(table_id(target, TABLE), instances)
    _put_view(target, table_id(target, JOINED_VIEW), joined, JOINED_DESCRIPTION)
    return True


def instances_query(metadata: str, columns: set[str]) -> str:
    """The query of `chest_xray_instances`: the last state of each instance that is not deleted.

    A stream has one row for each change of an instance, an export that appends one for each export (Cloud Healthcare:
    "Streaming DICOM metadata changes to BigQuery"). Attributes that the table has no column for are NULL.
    """
    shown = [
        f"`{name}`" if name in columns else f"CAST(NULL AS {kind}) AS `{name}`"
        for name, kind in METADATA_COLUMNS.items()
    ]
    return (
        f"SELECT {', '.join(shown)}\n"
        f"FROM (SELECT * FROM `{metadata}` WHERE TRUE\n"
        "  QUALIFY ROW_NUMBER() OVER (PARTITION BY SOPInstanceUID ORDER BY LastUpdated DESC) = 1) AS latest\n"
        "WHERE IFNULL(latest.Type, 'INSERT') != 'DELETE'"
    )


def joined_query(labels: str, instances: str) -> str:
    """The query of `chest_xrays`: the columns of the labels, then those of the instance with the same UID."""
    shown = [f"film.{column['name']}" for column in COLUMNS] + [f"instance.`{name}`" for name in METADATA_COLUMNS]
    return (
        f"SELECT {', '.join(shown)}\n"
        f"FROM `{labels}` AS film\n"
        f"JOIN `{instances}` AS instance ON instance.SOPInstanceUID = film.sop_instance_uid"
    )


def _put_view(target: Connection, name: str, query: str, description: str) -> None:
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
