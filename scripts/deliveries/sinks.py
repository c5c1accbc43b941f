"""The sinks that fill the audit trail: what Cloud Logging says of each, and whether its newest entries are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import unquote

from scripts.checks import Check
from scripts.connection import Connection
from scripts.deliveries.entries import newest
from scripts.deliveries.failing import granted_since
from scripts.denied import Denied, key_in
from scripts.errors import CommandError, api_failure, one_line

_WRITES = {"storage": "storage.objects.create", "bigquery": "bigquery.tables.updateData"}
_ARRIVED = {"storage": 3.0, "bigquery": 0.25}
"""Hours after which an entry should be there (Cloud Logging: "View logs in sink destinations")."""


def checks(target: Connection, hours: float) -> Iterator[Check]:
    """Two checks for each sink that leads to the bucket or the tables of the audit trail."""
    outputs = target.outputs
    where = {
        f"storage.googleapis.com/{outputs.audit_bucket}": f"gs://{outputs.audit_bucket}",
        f"bigquery.googleapis.com/projects/{outputs.project}/datasets/{outputs.audit_tables}": (
            f"bq://{outputs.project}.{outputs.audit_tables}"
        ),
    }
    for destination, uri in where.items():
        yield Check(f"sink to {uri}", partial(_delivers, target, destination, uri, hours))
        yield Check(f"audit trail in {uri}", partial(_arrived, target, destination, uri, hours))


def _sink(target: Connection, destination: str) -> dict[str, Any]:
    """The sink of the project that leads to a destination. Raises CommandError where none does, or it is off."""
    sinks = target.api("logging", "v2").projects().sinks()
    for sink in target.listed(sinks, "sinks", parent=f"projects/{target.outputs.project}"):
        if sink["destination"] == destination and not sink.get("disabled"):
            return sink
    raise CommandError(f"No sink that is on leads to {destination}: run `pulumi up --refresh`.")


def _delivers(target: Connection, destination: str, uri: str, hours: float) -> str:
    """Whether Cloud Logging tells of something that a sink could not write, in its log `sink_error`."""
    sink = _sink(target, destination)
    wanted = f'log_id("logging.googleapis.com/sink_error") AND resource.labels.name="{sink["name"]}"'
    entry = newest(target, wanted, hours)
    if entry is None:
        return f"{sink['name']} delivers"
    said, code = entry.get("textPayload", ""), entry.get("labels", {}).get("error_code", "")
    failed = f"The sink {sink['name']} could not deliver at {entry['timestamp']}"
    writer = sink["writerIdentity"].partition(":")[2]
    closed, permission = key_in(said), _WRITES[destination.partition(".")[0]]
    if not closed and not code.endswith("permission_denied"):
        raise CommandError(f"{failed}: {one_line(said) or code}.")
    return granted_since(target, closed or Denied(permission, uri, writer), failed)


def _arrived(target: Connection, destination: str, uri: str, hours: float) -> str:
    """Whether what was logged some hours ago is where a sink leads."""
    sink, late = _sink(target, destination), _ARRIVED[destination.partition(".")[0]]
    in_bucket = uri.startswith("gs:")
    holds = _objects(target) if in_bucket else _tables(target)
    entry = newest(target, sink["filter"], max(hours, late + 1), late)
    if entry is None:
        return f"{'not empty' if holds else 'empty'}; nothing new was logged that should be there by now"
    log = unquote(entry["logName"].split("/", 3)[3])
    at = datetime.fromisoformat(entry["timestamp"]).astimezone(UTC)
    if not (_objects(target, f"{log}/{at:%Y/%m/%d/%H}:") if in_bucket else _rows(target, log, at)):
        raise CommandError(
            f"{uri} has nothing of {log} of {at:%Y-%m-%d %H}h UTC, of which Cloud Logging has entries: look at the sink"
            f" {sink['name']} with `python -m scripts preflight` and `gcloud logging sinks describe`."
        )
    return f"has what was logged at {at:%Y-%m-%d %H:%M} UTC"


def _objects(target: Connection, prefix: str = "") -> bool:
    """Whether the bucket has an object whose name begins so."""
    return any(True for _ in target.storage.list_blobs(target.outputs.audit_bucket, prefix=prefix, max_results=1))


def _tables(target: Connection) -> bool:
    """Whether there is a table."""
    return any(True for _ in target.bigquery.list_tables(f"{target.outputs.project}.{target.outputs.audit_tables}"))


def _rows(target: Connection, log: str, at: datetime) -> bool:
    """Whether a log's table has rows of that second or later."""
    from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter

    table = f"{target.outputs.project}.{target.outputs.audit_tables}.{re.sub(r'[^A-Za-z0-9]', '_', log)}"
    since = ScalarQueryParameter("since", "TIMESTAMP", at.replace(microsecond=0) - timedelta(seconds=1))
    query = f"SELECT 1 FROM `{table}` WHERE timestamp >= @since LIMIT 1"  # noqa: S608 (both names are the stack's)
    try:
        return bool(list(target.bigquery.query_and_wait(query, job_config=QueryJobConfig(query_parameters=[since]))))
    except Exception as error:
        refusal = api_failure(error)
        if refusal and refusal.code == 404:  # the sink makes the table with the first entry
            return False
        raise
