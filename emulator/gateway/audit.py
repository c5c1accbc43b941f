"""Cloud Logging entries: audit of every call (Cloud Audit Logs) and what services write, in one table.

Admin activity is always logged. Data access is logged where the project's audit configuration says so, as on Google
Cloud. Entries carry resource names, methods and principals; never bodies or query values.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from functools import lru_cache
from itertools import chain
from typing import Any, Protocol

import orjson

from emulator.gateway.authorization import Policies
from emulator.gateway.discovery import Method
from emulator.gateway.errors import ApiError
from emulator.state.state import State

SCHEMA = """
CREATE TABLE IF NOT EXISTS log_entries(
    number INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, project TEXT NOT NULL, log TEXT NOT NULL,
    severity TEXT NOT NULL, entry BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS log_entries_log ON log_entries(project, log, number);
CREATE TABLE IF NOT EXISTS log_insert_ids(
    project TEXT NOT NULL, time TEXT NOT NULL, insert_id TEXT NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY(project, time, insert_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS log_insert_ids_number ON log_insert_ids(number);
CREATE TRIGGER IF NOT EXISTS log_insert_ids_gone AFTER DELETE ON log_entries
    BEGIN DELETE FROM log_insert_ids WHERE number = old.number; END;
"""
_log = logging.getLogger("emulator")
FLUSH_SECONDS = 0.1
KEEP = 200_000
TOGETHER = 50
_INSERT = "INSERT INTO log_entries(time, project, log, severity, entry) VALUES(?,?,?,?,?)"
_Row = tuple[str, str, str, str, bytes]
READS = frozenset(("get", "list", "search", "retrieve", "read", "getIamPolicy", "testIamPermissions", "query", "pull"))
_DATA_PREFIXES = (
    "healthcare.projects.locations.datasets.dicomStores.dicomWeb.",
    "healthcare.projects.locations.datasets.dicomStores.studies.",
    "storage.objects.",
    "bigquery.tabledata.",
    "bigquery.jobs.",
    "pubsub.projects.topics.publish",
    "pubsub.projects.subscriptions.pull",
    "pubsub.projects.subscriptions.acknowledge",
    "pubsub.projects.subscriptions.modifyAckDeadline",
)


class Called(Protocol):
    """A request, as far as an audit entry tells of it."""

    method: Method
    name: str
    principal: str


class Logs:
    """Buffers entries and writes them in groups; those that must not be lost go through `write_in`."""

    def __init__(self, state: State, policies: Policies) -> None:
        self._state = state
        self._policies = policies
        self._buffer: list[_Row] = []
        self._wake = asyncio.Event()
        self._audited: dict[str, dict[str, set[str]]] = {}
        self._version = -1

    def write(self, entry: dict[str, Any]) -> None:
        """Log an entry (a LogEntry as JSON: logName, resource, severity, jsonPayload ...), durable a moment later."""
        self._buffer.append(self._row(entry))
        self._wake.set()

    def write_in(self, tx: sqlite3.Connection, entry: dict[str, Any]) -> None:
        """Log an entry in the transaction that it belongs to.

        One whose insertId an entry of the same project and time has already is left out (LogEntry.insertId).
        """
        given = entry.get("insertId")
        row = self._row(entry)
        if not given:
            tx.execute(_INSERT, row)
            return
        key = (row[1], row[0], given)
        known = "SELECT 1 FROM log_insert_ids WHERE project = ? AND time = ? AND insert_id = ?"
        if tx.execute(known, key).fetchone() is None:
            number = tx.execute(_INSERT, row).lastrowid
            tx.execute("INSERT INTO log_insert_ids VALUES(?,?,?,?)", (*key, number))

    def _row(self, entry: dict[str, Any]) -> _Row:
        now = self._state.clock.stamp()
        entry.setdefault("timestamp", now)
        entry.setdefault("receiveTimestamp", now)
        entry.setdefault("severity", "DEFAULT")
        entry.setdefault("insertId", self._state.ids.serial())
        parts = entry["logName"].split("/", 3)
        return entry["timestamp"], parts[1], parts[3], entry["severity"], orjson.dumps(entry)

    async def run(self) -> None:
        """Write what is buffered, until cancelled; the last entries are written on the way out."""
        try:
            while True:
                await self._wake.wait()
                await asyncio.sleep(FLUSH_SECONDS)
                self._wake.clear()
                try:
                    await self.flush()
                except sqlite3.Error:
                    _log.exception("log entries could not be stored; trying again with the next ones")
        finally:
            with contextlib.suppress(sqlite3.Error):
                await self.flush()

    async def flush(self) -> None:
        """Write what is buffered now."""
        rows, self._buffer = self._buffer, []
        if not rows:
            return
        try:
            await self._state.db.write(_insert, rows)
        except sqlite3.Error:
            self._buffer = [*rows, *self._buffer][-KEEP:]
            raise

    def audit(self, request: Called, permission: str, resource: str, error: ApiError | None, *, granted: bool) -> None:
        """Log a finished call, if its kind of access is logged; `granted`: the caller had the permission."""
        kind, log, service = _access(request.method)
        if kind and not self._is_logged(kind, service, request.principal):
            return
        project = self._state.settings.project
        payload: dict[str, Any] = {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": service,
            "methodName": request.method.id,
            "resourceName": request.name if request.name.startswith("projects/") else resource,
            "authenticationInfo": {"principalEmail": request.principal.partition(":")[2]},
            "authorizationInfo": [{"permission": permission, "resource": resource, "granted": granted}],
        }
        if error is not None:
            payload["status"] = {"code": error.rpc_code, "message": error.message}
        self.write(
            {
                "logName": f"projects/{project}/logs/{log}",
                "resource": {"type": "audited_resource", "labels": {"project_id": project, "service": service}},
                "severity": "NOTICE" if error is None else "ERROR",
                "protoPayload": payload,
            }
        )

    def _is_logged(self, kind: str, service: str, principal: str) -> bool:
        policies = self._policies
        if policies.version != self._version:
            version = policies.version
            self._audited = _audit_configs(policies.get(f"projects/{self._state.settings.project}"))
            self._version = version
        for named in ("allServices", service):
            exempted = self._audited.get(named, {}).get(kind)
            if exempted is not None and principal not in exempted:
                return True
        return False


@lru_cache(maxsize=4096)
def _access(method: Method) -> tuple[str, str, str]:
    """Give the kind of access that a method is ("" is administrative activity), its log, and its service."""
    service = method.service + ".googleapis.com"
    data = method.is_media or method.id.startswith(_DATA_PREFIXES)
    reads = method.http == "GET" or method.id.rsplit(".", 1)[-1] in READS
    if not data and not reads:
        return "", "cloudaudit.googleapis.com%2Factivity", service
    kind = "ADMIN_READ" if not data else "DATA_READ" if reads else "DATA_WRITE"
    return kind, "cloudaudit.googleapis.com%2Fdata_access", service


def _audit_configs(policy: dict[str, Any]) -> dict[str, dict[str, set[str]]]:
    configs: dict[str, dict[str, set[str]]] = {}
    for config in policy.get("auditConfigs", []):
        kinds = configs.setdefault(config.get("service", ""), {})
        for log in config.get("auditLogConfigs", []):
            kinds[log.get("logType", "")] = set(log.get("exemptedMembers", []))
    return configs


def _insert(tx: sqlite3.Connection, rows: list[_Row]) -> None:
    """Insert entries, many with one statement: Python's lock changes hands with each, and requests wait for it."""
    whole = len(rows) // TOGETHER * TOGETHER
    for first in range(0, whole, TOGETHER):
        tx.execute(_INSERT + ",(?,?,?,?,?)" * (TOGETHER - 1), [*chain.from_iterable(rows[first : first + TOGETHER])])
    tx.executemany(_INSERT, rows[whole:])
    tx.execute("DELETE FROM log_entries WHERE number <= (SELECT max(number) FROM log_entries) - ?", (KEEP,))
