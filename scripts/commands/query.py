"""`query`: ask the stack's BigQuery dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect
from scripts.console import count, note, print_json, print_table
from scripts.errors import UsageError
from scripts.queries import ready as ready_queries
from scripts.queries import results, values

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
            help=f"A ready query instead: {', '.join(ready_queries.NAMES)}; `{LIST}` says what each shows.",
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the rows to FILE: .csv, .json or .parquet.")
    ] = None,
    chart: Annotated[bool, typer.Option("--chart", help="Show a bar a row: the first column of numbers.")] = False,
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
    if sum((to is not None, chart, as_json)) > 1:
        raise UsageError("--to, --chart and --json exclude each other.")
    if to is not None:
        results.require_ending(to)
    chosen = ready_queries.ready_query(ready) if ready else None
    from google.cloud.bigquery import DatasetReference, QueryJobConfig

    from scripts.queries.preparing import prepare

    with connect(stack, outputs) as target:
        text = prepare(target, chosen) if chosen is not None else sql or ""
        dataset = DatasetReference(target.outputs.project, target.outputs.bigquery_dataset)
        found = target.bigquery.query(text, job_config=QueryJobConfig(default_dataset=dataset)).result()
        rows = [row.values() for row in found]
    columns = [each.name for each in found.schema]
    if to is not None:
        results.write(to, found.schema, rows)
        note(f"{count(len(rows), 'row')} written to {to}")
    elif chart:
        results.chart(columns, rows)
    elif as_json:
        print_json(values.records(columns, rows))
    else:
        print_table(columns, values.cells(rows))


def _list(*, as_json: bool) -> None:
    queries = ready_queries.ready_queries()
    if as_json:
        print_json([{"name": each.name, "shows": each.shows} for each in queries])
    else:
        print_table(["name", "shows"], [[each.name, each.shows] for each in queries])
