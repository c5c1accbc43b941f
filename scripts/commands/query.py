"""`query`: ask the stack's BigQuery dataset."""

from __future__ import annotations

from typing import Annotated

import typer

from scripts.connection import connect
from scripts.console import JsonOption, OutputsOption, StackOption, print_json, print_table


def query(
    sql: Annotated[
        str, typer.Argument(metavar="SQL", help="A query in GoogleSQL; tables of the stack's dataset need no prefix.")
    ],
    *,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a query in BigQuery and print its rows.

    For example: SELECT Modality, COUNT(*) AS films FROM dicom_metadata GROUP BY Modality
    """
    from google.cloud.bigquery import DatasetReference, QueryJobConfig

    with connect(stack, outputs) as target:
        dataset = DatasetReference(target.outputs.project, target.outputs.bigquery_dataset)
        job = target.bigquery.query(sql, job_config=QueryJobConfig(default_dataset=dataset))
        rows = job.result()
        columns = [each.name for each in rows.schema]
        found = [dict(row.items()) for row in rows]
    if as_json:
        print_json(found)
    else:
        print_table(columns, [[row[name] for name in columns] for row in found])
