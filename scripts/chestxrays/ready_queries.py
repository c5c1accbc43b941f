"""Ready queries about the labels: the files in queries/, each with one comment line that says what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.chestxrays.label_columns import TABLE
from scripts.chestxrays.label_views import INSTANCES_VIEW, refresh_views
from scripts.errors import CommandError, UsageError, api_failure
from scripts.tables import METADATA_TABLE, find_table

if TYPE_CHECKING:
    from scripts.connection import Connection

NAMES = ("findings", "views", "follow-up", "boxes", "splits", "mismatch")
_FOLDER = Path(__file__).parent / "queries"


@dataclass(frozen=True)
class ReadyQuery:
    """A query with a name. sql is GoogleSQL that names tables of the stack's dataset without a prefix."""

    name: str
    shows: str
    sql: str


def ready_query(name: str) -> ReadyQuery:
    """The query of that name. Raises UsageError where there is none."""
    if name not in NAMES:
        raise UsageError(f"There is no ready query {name!r}; there are {', '.join(NAMES)}.")
    sql = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    return ReadyQuery(name, sql.partition("\n")[0].removeprefix("-- "), sql)


def ready_queries() -> list[ReadyQuery]:
    """All ready queries, in the order in which one meets them."""
    return [ready_query(name) for name in NAMES]


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
