"""The views that join the labels with the DICOM metadata of the store, as exported or as streamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.chestxrays.label_columns import COLUMNS, TABLE
from scripts.imaging_view import find_metadata, latest_query, put_view
from scripts.tables import find_table, table_id

if TYPE_CHECKING:
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


def refresh_views(target: Connection) -> bool:
    """Make the views `chest_xray_instances` and `chest_xrays`, or make them anew where the metadata's columns changed.

    Gives False, and changes nothing, while there are no labels or no metadata yet. A re-export that keeps the columns
    needs no refresh: views name their tables and are evaluated when they are asked. Raises CommandError where the
    metadata is no flattened export, and errors of Google's client.
    """
    metadata = find_metadata(target) if find_table(target, TABLE) else None
    if metadata is None:
        return False
    instances = table_id(target, INSTANCES_VIEW)
    put_view(target, instances, latest_query(metadata, METADATA_COLUMNS), INSTANCES_DESCRIPTION)
    joined = joined_query(table_id(target, TABLE), instances)
    put_view(target, table_id(target, JOINED_VIEW), joined, JOINED_DESCRIPTION)
    return True


def joined_query(labels: str, instances: str) -> str:
    """The query of `chest_xrays`: the columns of the labels, then those of the instance with the same UID."""
    shown = [f"film.{column['name']}" for column in COLUMNS] + [f"instance.`{name}`" for name in METADATA_COLUMNS]
    return (
        f"SELECT {', '.join(shown)}\n"
        f"FROM `{labels}` AS film\n"
        f"JOIN `{instances}` AS instance ON instance.SOPInstanceUID = film.sop_instance_uid"
    )
