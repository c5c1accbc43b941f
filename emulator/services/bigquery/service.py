"""The BigQuery service: Google's discovery document, a fragment of our own for upload sessions, and its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.gateway.service import Service

if TYPE_CHECKING:
    from emulator.context import Context

SCHEMA = """
CREATE TABLE IF NOT EXISTS bigquery_jobs(
    number INTEGER PRIMARY KEY AUTOINCREMENT, project TEXT NOT NULL, id TEXT NOT NULL, location TEXT NOT NULL,
    state TEXT NOT NULL, created INTEGER NOT NULL, principal TEXT NOT NULL, body BLOB NOT NULL, payload BLOB,
    UNIQUE(project, id)
);
CREATE INDEX IF NOT EXISTS bigquery_jobs_state ON bigquery_jobs(state);
CREATE TABLE IF NOT EXISTS bigquery_child_jobs(
    project TEXT NOT NULL, id TEXT NOT NULL, parent TEXT NOT NULL, PRIMARY KEY(project, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS bigquery_child_jobs_parent ON bigquery_child_jobs(project, parent);
CREATE TABLE IF NOT EXISTS bigquery_results(
    project TEXT NOT NULL, dataset TEXT NOT NULL, name TEXT NOT NULL, storage TEXT NOT NULL, schema BLOB NOT NULL,
    principal TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY(project, dataset, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bigquery_sessions(
    id TEXT PRIMARY KEY, project TEXT NOT NULL, principal TEXT NOT NULL, location TEXT NOT NULL,
    created INTEGER NOT NULL, used INTEGER NOT NULL, ended INTEGER NOT NULL, state BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS bigquery_sessions_project ON bigquery_sessions(project);
CREATE TABLE IF NOT EXISTS bigquery_history(
    number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, storage TEXT NOT NULL UNIQUE, body BLOB NOT NULL,
    since INTEGER NOT NULL, until INTEGER NOT NULL, rows INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS bigquery_history_name ON bigquery_history(name, until);
CREATE TABLE IF NOT EXISTS bigquery_keyed_files(
    name TEXT PRIMARY KEY, version TEXT NOT NULL UNIQUE, key TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bigquery_uploads(
    id TEXT PRIMARY KEY, project TEXT NOT NULL, principal TEXT NOT NULL, job BLOB NOT NULL, created INTEGER NOT NULL
) WITHOUT ROWID;
"""
SERVICE = Service(
    "bigquery",
    ("bigquery.v2", "bigquery-upload.v2"),
    SCHEMA,
    lenient=True,
    data=("bigquery.tabledata.", "bigquery.jobs."),
)


def _alias(_context: Context, http: str, raw_path: str) -> tuple[str, str] | None:
    """Clients of Node take BIGQUERY_EMULATOR_HOST for the whole base of the API: /projects/... without /bigquery/v2."""
    return (http, f"bigquery/v2{raw_path}") if raw_path.startswith("/projects/") else None


SERVICE.alias = _alias
