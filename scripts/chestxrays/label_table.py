"""The labels in BigQuery, beside the exported DICOM metadata: the table, and loading films into it.

Rows go to a staging table in load jobs, and from there into the table in one MERGE, which BigQuery does whole or not at
all: whatever interrupts a load, the table is as before or as after it.
"""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from scripts.chestxrays.label_columns import COLUMNS, KEY, TABLE, UIDS, Column, row_of
from scripts.chestxrays.label_views import refresh_views
from scripts.chestxrays.records import FilmRecord
from scripts.chestxrays.uids import FilmUids
from scripts.errors import CommandError
from scripts.tables import table_id

if TYPE_CHECKING:
    from google.cloud import bigquery

    from scripts.connection import Connection

CLUSTERED_BY = ("patient_id",)
DESCRIPTION = (
    "Labels of chest X-rays: one row for each film and label version. Rows of versions 2017, v2020 and sample are of"
    " the NIH chest X-rays (ChestX-ray14), provided by the NIH Clinical Center. Please cite for these: Xiaosong Wang,"
    " Yifan Peng, Le Lu, Zhiyong Lu, Mohammadhadi Bagheri, Ronald M. Summers. ChestX-ray8: Hospital-scale Chest X-ray"
    " Database and Benchmarks on Weakly-Supervised Classification and Localization of Common Thorax Diseases. IEEE CVPR"
    " 2017, pp. 3462-3471. Rows of any other version are of the set of that name, loaded by who uses this project: they"
    " may be about patients who can be known by them."
)
"""One table for all sets: the views and ready queries tell them apart by label_version, as they do with NIH's lists."""
CHUNK_ROWS = 10_000
"""Rows of one load job: some 6 MB of JSON. BigQuery allows 1,500 load jobs for a table in a day."""
STAGING_LIFETIME = timedelta(days=1)
"""What a killed load leaves behind is gone after this time."""
_POSITION: Column = {"name": "position", "type": "INTEGER", "mode": "REQUIRED"}


@dataclass(frozen=True)
class LoadedLabels:
    """What a load did: rows read, rows that are new, and rows that took the place of older ones.

    A film that came more than once in the same version counts in `read` each time, and in the others once.
    """

    read: int
    added: int
    replaced: int


def load_labels(
    target: Connection,
    films: Iterable[tuple[FilmRecord, FilmUids | None]],
    *,
    chunk_rows: int = CHUNK_ROWS,
    on_progress: Callable[[int], None] | None = None,
) -> LoadedLabels:
    """Bring films with their UIDs (None for a film that has no image in DICOM) into the label table.

    Rows of the same films and label versions are replaced, all others stay; of a film that comes twice the last counts.
    A row keeps its UIDs where the film comes without any: its image was loaded before, and may be there still.
    Reads `films` once, and holds `chunk_rows` of them at a time; on_progress is told how many are uploaded so far.
    Makes the table where there is none, and the views once there is metadata, too (label_views.refresh_views). Raises
    CommandError for a table of that name with other columns, and errors of Google's client; the table is then as it was
    before, but where only the views could not be made.
    """
    from google.api_core.retry import Retry

    ensure_table(target)
    staging = _make_staging(target)
    try:
        read = _upload(target, staging, films, chunk_rows, on_progress)
        added, replaced = _merge(target, staging) if read else (0, 0)
    except BaseException:
        with suppress(Exception):  # it goes by itself, too; what went wrong first is what matters
            target.bigquery.delete_table(staging, not_found_ok=True, retry=Retry(lambda _: False), timeout=10)
        raise
    target.bigquery.delete_table(staging, not_found_ok=True)
    refresh_views(target)
    return LoadedLabels(read, added, replaced)


def ensure_table(target: Connection) -> bigquery.Table:
    """The label table, made where there is none; columns that an older version did not have are added.

    Raises CommandError where there is a view of that name, or a table whose columns have other types.
    """
    from google.cloud import bigquery

    table = bigquery.Table(table_id(target, TABLE), [bigquery.SchemaField.from_api_repr(column) for column in COLUMNS])
    table.description = DESCRIPTION
    table.labels = dict(target.outputs.labels)
    table.clustering_fields = list(CLUSTERED_BY)
    found = target.bigquery.create_table(table, exists_ok=True)
    known = {field.name: field for field in found.schema}
    for wanted in table.schema:
        there = known.get(wanted.name, wanted)
        if found.table_type != "TABLE" or (there.field_type, there.mode) != (wanted.field_type, wanted.mode):
            raise CommandError(
                f"{table_id(target, TABLE)} is there already and is not a label table (column {wanted.name}):"
                " rename or drop it, then run the same command again."
            )
    missing = [wanted for wanted in table.schema if wanted.name not in known]
    if missing:
        found.schema = [*found.schema, *missing]
        found = target.bigquery.update_table(found, ["schema"])
    return found


def _make_staging(target: Connection) -> bigquery.Table:
    from google.cloud import bigquery

    columns = [_POSITION, *COLUMNS]
    name = f"{TABLE}_staging_{secrets.token_hex(8)}"
    table = bigquery.Table(table_id(target, name), [bigquery.SchemaField.from_api_repr(column) for column in columns])
    table.description = f"Rows on their way to {TABLE}; of use to nobody else."
    table.labels = dict(target.outputs.labels)
    table.expires = datetime.now(UTC) + STAGING_LIFETIME
    return target.bigquery.create_table(table)


def _upload(
    target: Connection,
    staging: bigquery.Table,
    films: Iterable[tuple[FilmRecord, FilmUids | None]],
    chunk_rows: int,
    on_progress: Callable[[int], None] | None,
) -> int:
    """Append the films to the staging table, one load job for each chunk; gives their number."""
    from google.cloud import bigquery

    config = bigquery.LoadJobConfig(
        schema=staging.schema,
        source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
        write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
        create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
    )
    rows = _numbered(films)
    read = 0
    while chunk := list(islice(rows, chunk_rows)):
        file = io.BytesIO("".join(json.dumps(row) + "\n" for row in chunk).encode())
        # Without a size the upload is resumable: one that is tried again can't load its rows twice.
        target.bigquery.load_table_from_file(file, staging.reference, job_config=config).result()
        read += len(chunk)
        if on_progress is not None:
            on_progress(read)
    return read


def _numbered(films: Iterable[tuple[FilmRecord, FilmUids | None]]) -> Iterator[dict[str, Any]]:
    for position, (film, uids) in enumerate(films):
        yield {"position": position, **row_of(film, uids)}


def _merge(target: Connection, staging: bigquery.Table) -> tuple[int, int]:
    """Put the staged rows in the table in one statement; gives how many are new and how many replace older ones."""
    job = target.bigquery.query(merge_statement(table_id(target, TABLE), str(staging.reference)))
    job.result()
    statistics = job.dml_stats
    if statistics is None:
        raise CommandError(f"BigQuery does not say how many rows it changed in {TABLE}: run the same command again.")
    return statistics.inserted_row_count, statistics.updated_row_count


def merge_statement(table: str, staging: str) -> str:
    """The MERGE of a staging table into the label table; both are full ids. Each row's last coming counts."""
    names = [column["name"] for column in COLUMNS]
    new = {name: f"COALESCE(staged.{name}, kept.{name})" if name in UIDS else f"staged.{name}" for name in names}
    changed = ", ".join(f"{name} = {new[name]}" for name in names if name not in KEY)
    return (
        f"MERGE `{table}` AS kept\n"
        f"USING (SELECT * FROM `{staging}` WHERE TRUE\n"
        f"  QUALIFY ROW_NUMBER() OVER (PARTITION BY {', '.join(KEY)} ORDER BY position DESC) = 1) AS staged\n"
        f"ON {' AND '.join(f'kept.{name} = staged.{name}' for name in KEY)}\n"
        f"WHEN MATCHED THEN UPDATE SET {changed}\n"
        f"WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) VALUES ({', '.join(f'staged.{name}' for name in names)})"
    )
