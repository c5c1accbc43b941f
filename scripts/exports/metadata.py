"""The table of the DICOM store's metadata, which queries read: where it is, and what follows when it was made anew."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from scripts.chestxrays import label_views
from scripts.console import remark
from scripts.errors import api_failure
from scripts.exports.export import DICOM, Export
from scripts.tables import METADATA_TABLE

if TYPE_CHECKING:
    from infra.outputs import Outputs
    from scripts.connection import Connection


def metadata_uri(outputs: Outputs) -> str:
    """The table as bq://PROJECT.DATASET.TABLE."""
    return f"bq://{outputs.project}.{outputs.bigquery_dataset}.{METADATA_TABLE}"


def to_table(store: str, uri: str, write_disposition: str) -> Export:
    """The export of a DICOM store's metadata to a table; `write_disposition` is Google's, as WRITE_TRUNCATE."""
    body = {"bigqueryDestination": {"tableUri": uri, "writeDisposition": write_disposition}}
    return Export(DICOM, store, uri, body)


def refresh_views(target: Connection) -> None:
    """Let the views of the chest X-rays' labels follow the columns that were exported; none exist without labels."""
    try:
        label_views.refresh_views(target)
    except Exception as error:
        failure = api_failure(error)
        if failure is None or failure.code != HTTPStatus.FORBIDDEN:
            raise
        remark(f"The view {label_views.JOINED_VIEW} stays as it is: you may not change it.")
