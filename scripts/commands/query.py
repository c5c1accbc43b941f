"""`query`: ask the stack's BigQuery dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scripts.chestxrays import ready_queries
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect
from scripts.console import print_json, print_table
from scripts.errors import UsageError

if TYPE_CHECKING:
    from scripts.chestxrays.ready_queries import ReadyQuery

LIST = "list"


def query(
    sql: Annotated[
        str | None,
        typer.Argument(metavar="SQL", help="A query in GoogleSQL; tables of the stack's dataset need no prefix."),
    ] = None,
    *,
    ready: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"A ready query about the chest X-rays' labels instead: {', '.join(ready_queries.NAMES)};"
            f" `{LIST}` says what each shows.",
        ),
    ] = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a query in BigQuery and print its rows.

    For example: SELECT Modality, COUNT(*) AS films FROM dicom_metadata GROUP BY Modality
    """
    if (sql is None) == (ready is None):
        raise UsageError("Give either a query in GoogleSQL or --ready NAME.")
    if ready == LIST:
        _list(as_json=as_json)
        return
    chosen = ready_queries.ready_query(ready) if ready else None
    from google.cloud.bigquery import DatasetReference, QueryJobConfig

    from scripts.chestxrays.query_tables import prepare

    with connect(stack, outputs) as target:
        if chosen is not None:
            prepare(target, chosen)
        dataset = DatasetReference(target.outputs.project, target.outputs.bigquery_dataset)
        text = _text(sql, chosen)
        job = target.bigquery.query(text, job_config=QueryJobConfig(default_dataset=dataset))
        rows = job.result()
        columns = [each.name for each in rows.schema]
        found = [dict(row.items()) for row in rows]
    if as_json:
        print_json(found)
    else:
        print_table(columns, [[row[name] for name in columns] for row in found])


def _text(sql: str | None, chosen: ReadyQuery | None) -> str:
    return chosen.sql if chosen is not None else sql or ""


def _list(*, as_json: bool) -> None:
    queries = ready_queries.ready_queries()
    if as_json:
        print_json([{"name": each.name, "shows": each.shows} for each in queries])
    else:
        print_table(["name", "shows"], [[each.name, each.shows] for each in queries])
