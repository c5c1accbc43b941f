"""BigQuery: datasets, tables and their rows, jobs; rows and SQL are DuckDB's."""

from emulator.services.bigquery import (
    datasets,
    erasing,
    members,
    projects,
    routines,
    row_policies,
    subscriptions,
    tabledata,
    tables,
)
from emulator.services.bigquery.jobs import methods, uploads
from emulator.services.bigquery.service import SERVICE

__all__ = [
    "SERVICE",
    "datasets",
    "erasing",
    "members",
    "methods",
    "projects",
    "routines",
    "row_policies",
    "subscriptions",
    "tabledata",
    "tables",
    "uploads",
]
