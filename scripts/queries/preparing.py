"""The tables and views that a ready query reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from http import HTTPStatus
from typing import TYPE_CHECKING

from scripts import imaging_view
from scripts.chestxrays.label_columns import TABLE
from scripts.chestxrays.label_views import INSTANCES_VIEW, refresh_views
from scripts.errors import CommandError, api_failure
from scripts.queries.ready import OF_LABELS
from scripts.tables import METADATA_TABLE, find_table
from scripts.waiting import all_states

if TYPE_CHECKING:
    from scripts.connection import Connection
    from scripts.queries.ready import ReadyQuery

_ORDERS = "`fhir.ServiceRequest`"
"""How a query names the table of orders, whose dataset each stack names itself."""
_IMPORTS = "`stack.imports`"
"""How a query names the imports into DICOM stores, which are operations and in no table."""
_IMPORT = "ImportDicomData"


def prepare(target: Connection, query: ReadyQuery) -> str:
    """See that what a query reads is there: labels, views, tables of FHIR; gives its SQL for this stack.

    Raises CommandError that says what to do first.
    """
    dataset = target.outputs.bigquery_dataset
    if query.name in OF_LABELS and find_table(target, TABLE) is None:
        raise CommandError(
            f"The BigQuery dataset {dataset} has no table {TABLE}: load chest X-rays with their labels first."
        )
    for view, refresh in ((INSTANCES_VIEW, refresh_views), (imaging_view.VIEW, imaging_view.refresh)):
        if view in query.sql:
            _require_view(target, view, refresh)
    sql = query.sql.replace(_ORDERS, f"`{_orders(target)}`") if _ORDERS in query.sql else query.sql
    return sql.replace(_IMPORTS, _imports(target)) if _IMPORTS in sql else sql


def _require_view(target: Connection, view: str, refresh: Callable[[Connection], bool]) -> None:
    """Make a view or make it anew, as far as one may; it is there then."""
    try:
        ready = refresh(target)
    except Exception as error:
        failure = api_failure(error)
        # Who may only read uses the views as they are.
        if failure is None or failure.code != HTTPStatus.FORBIDDEN or find_table(target, view) is None:
            raise
        return
    if not ready:
        raise CommandError(
            f"The BigQuery dataset {target.outputs.bigquery_dataset} has no table {METADATA_TABLE} yet:"
            " run `python -m scripts export --to table`, then the same command again."
        )


def _orders(target: Connection) -> str:
    """The table of orders that a FHIR store was exported or streams to, of the first store that has one."""
    for store in target.outputs.fhir_stores.values():
        name = f"{target.outputs.project}.{store.bigquery_dataset}.ServiceRequest"
        table = find_table(target, name)
        if table is not None and {"authoredOn", "identifier"} <= {field.name for field in table.schema}:
            return name
    raise CommandError(
        "No FHIR store has a table ServiceRequest with authoredOn and identifier: load orders, then run"
        " `python -m scripts fhir export --to table`."
    )


def _imports(target: Connection) -> str:
    """The imports into DICOM stores that have ended and that Google still knows, as a table of the query itself."""
    ended = [state for state in all_states(target) if state.method == _IMPORT and state.ended]
    rows = [f"(DATE '{date.fromisoformat(each.ended[:10])}', {each.success}, {each.failure})" for each in ended]
    shape = "ARRAY<STRUCT<ended_day DATE, imported INT64, failed INT64>>"
    return f"UNNEST({shape}[{', '.join(rows)}])"
