"""BigQuery's queries beside bare DuckDB on the same rows."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
from google.cloud import bigquery

from benchmarks.figures import Figure, in_turn
from benchmarks.running import PROJECT, Running, running_emulator
from scripts.demonstration.places import Places

METADATA, GENERATED = 112_120, 10_000_000  # the NIH set has as many films
_ROUNDS = 7
_GOAL, _SECONDS = 1.5, 0.010  # times DuckDB's, and this much more for a request
_NUMBERS = {
    "bigquery": "UNNEST(GENERATE_ARRAY(0, {last})) AS a CROSS JOIN UNNEST(GENERATE_ARRAY(0, 9)) AS b",
    "duckdb": "range(0, {last} + 1) AS x(a) CROSS JOIN range(0, 10) AS y(b)",
}
_FILMS = """SELECT MOD(n, 30805) AS patient, concat('1.2.840.', CAST(n AS {text})) AS study,
    CASE WHEN MOD(n, 5) = 0 THEN 'CR' ELSE 'DX' END AS modality, {day} AS day, MOD(n * 7919, 1000000) AS bytes,
    CASE WHEN MOD(n, 3) = 0 THEN 'AP' ELSE 'PA' END AS view FROM (SELECT a * 10 + b AS n FROM {numbers}) AS numbers"""
_DIALECTS = {
    "bigquery": {"text": "STRING", "day": "DATE_ADD(DATE '2020-01-01', INTERVAL MOD(n, 1500) DAY)"},
    "duckdb": {"text": "VARCHAR", "day": "DATE '2020-01-01' + CAST(MOD(n, 1500) AS INTEGER)"},
}
_QUERIES = {
    "counting by modality": "SELECT modality, COUNT(*) AS films FROM {table} GROUP BY modality ORDER BY modality",
    "studies and bytes by month": (
        "SELECT EXTRACT(YEAR FROM day) AS y, EXTRACT(MONTH FROM day) AS m, COUNT(DISTINCT patient) AS patients, "
        "SUM(bytes) AS bytes FROM {table} GROUP BY 1, 2 ORDER BY 1, 2"
    ),
    "patients with follow-up": (
        "SELECT COUNT(*) AS patients FROM (SELECT patient FROM {table} GROUP BY patient "
        "HAVING COUNT(DISTINCT day) > 1) AS seen"
    ),
    "one study": "SELECT * FROM {table} WHERE study = '1.2.840.77777'",
}


def queries(places: Places) -> list[Figure]:
    """Each query on both in turn, on the rows of as many films as the NIH set has and on ten million."""
    with running_emulator(places, "queries") as running, closing(bare(places.results)) as other:
        client = client_of(running)
        client.create_dataset("benchmark")
        return [figure for rows in (METADATA, GENERATED) for figure in _of(client, other, rows)]


def _of(client: Any, other: duckdb.DuckDBPyConnection, rows: int) -> Iterator[Figure]:
    table = f"benchmark.films_{rows}"
    client.query_and_wait(f"CREATE TABLE {table} AS {films('bigquery', rows)}")
    other.execute(f"CREATE TABLE {table} AS {films('duckdb', rows)}")
    for name, text in _QUERIES.items():
        yield _compared(f"BigQuery, {name}, {rows:,} rows", client, other, text.format(table=table))


def _compared(name: str, client: Any, other: duckdb.DuckDBPyConnection, text: str) -> Figure:
    def ours() -> list[tuple[Any, ...]]:
        settings = bigquery.QueryJobConfig(use_query_cache=False)
        return [row.values() for row in client.query_and_wait(text, job_config=settings)]

    def theirs() -> list[tuple[Any, ...]]:
        return other.execute(text).fetchall()

    if ours() != theirs():
        raise SystemExit(f"{name}: the emulator answered something else than DuckDB.")
    mine, bare_seconds = in_turn(_ROUNDS, ours, theirs)
    ratios = tuple(max(0.0, one - _SECONDS) / each for one, each in zip(mine, bare_seconds, strict=True))
    note = f"{median(mine) * 1000:.0f} to {median(bare_seconds) * 1000:.0f} ms; 10 ms of ours are not counted"
    return Figure(name, ratios, _GOAL, more_is_better=False, note=note)


def films(dialect: str, rows: int) -> str:
    """The query that makes the rows, in that dialect; a number of rows that ten divides."""
    words = _DIALECTS[dialect]
    return _FILMS.format(numbers=_NUMBERS[dialect].format(last=rows // 10 - 1), **words)


def bare(folder: Path) -> duckdb.DuckDBPyConnection:
    """DuckDB on a file of its own, with its defaults."""
    connection = duckdb.connect(str(folder / "bare.duckdb"))
    connection.execute("CREATE SCHEMA benchmark")
    return connection


def client_of(running: Running) -> Any:
    """google-cloud-bigquery on a running emulator."""
    options = {"api_endpoint": running.url}
    return bigquery.Client(PROJECT, running.credentials, client_options=options)
