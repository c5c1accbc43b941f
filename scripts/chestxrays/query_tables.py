"""The tables and views that a ready query reads."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from scripts.chestxrays.label_columns import TABLE
from scripts.chestxrays.label_views import INSTANCES_VIEW, refresh_views
from scripts.errors import CommandError, api_failure
from scripts.tables import METADATA_TABLE, find_table

if TYPE_CHECKING:
    from scripts.chestxrays.ready_queries import ReadyQuery
    from scripts.connection import Connection


def prepare(target: Connection, query: ReadyQuery) -> None:
    """See that what a query reads is there: the labels, and the views where it reads one.

    Raises CommandError that says what to do first.
    """
    dataset = target.outputs.bigquery_dataset
    if find_table(target, TABLE) is None:
        raise CommandError(
            f"The BigQuery dataset {dataset} has no table {TABLE}: load chest X-rays with their labels first."
        )
    if INSTANCES_VIEW not in query.sql:
        return
    try:
        ready = refresh_views(target)
    except Exception as error:
        failure = api_failure(error)
        # Who may only read uses the views as they are.
        if failure is None or failure.code != HTTPStatus.FORBIDDEN or find_table(target, INSTANCES_VIEW) is None:
            raise
        return
    if not ready:
        raise CommandError(
            f"The BigQuery dataset {dataset} has no table {METADATA_TABLE} yet:"
            " run `python -m scripts export --to table`, then the same command again."
        )
