"""Log entries: list with the query language, write; the logs of a project: list, delete."""

from __future__ import annotations

import asyncio
import functools
import re
import sqlite3
from datetime import UTC
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import orjson

from emulator.errors import ApiError, invalid_argument
from emulator.gateway import paging
from emulator.gateway.filters import Predicate
from emulator.gateway.request import Answer, Request
from emulator.services.logging.fields import parse_time
from emulator.services.logging.filters import compile_filter
from emulator.services.logging.placing import Scope, scope_of
from emulator.services.logging.service import SERVICE
from emulator.state import data_keys

if TYPE_CHECKING:
    from emulator.context import Context

_LOG = re.compile(r"projects/([^/]+)/logs/([^/]+)")
_ORDERS = {"": "", "timestamp asc": "", "timestamp": "", "timestamp desc": "DESC"}
_DEFAULT_PAGE, _MAX_PAGE = 50, 1000
_CHUNK = 2000


@SERVICE.handles("logging.entries.list", permission="")
async def list_entries(request: Request) -> Answer:
    """Entries of projects, buckets and views that match a query, in the order of their times.

    Data access audit logs are private: without logging.privateLogEntries.list they are left out, as Google does.
    """
    context = request.context
    body = request.body
    names = [*body.get("resourceNames", []), *(f"projects/{p}" for p in body.get("projectIds", []))]
    if not names:
        raise invalid_argument("resourceNames is required: name at least one, such as projects/ID.")
    scopes: dict[str, list[Scope]] = {}
    for scope in (scope_of(request, name) for name in names):
        scopes.setdefault(scope.project, []).append(scope)
    if body.get("orderBy", "") not in _ORDERS:
        raise invalid_argument('orderBy must be "timestamp asc" or "timestamp desc".')
    query = body.get("filter", "")
    keep = compile_filter(query) if query.strip() else None
    page = paging.asked(body, _DEFAULT_PAGE, _MAX_PAGE, str, int)
    descending = _ORDERS[body.get("orderBy", "")] == "DESC"
    await context.logs.flush()
    after = None if page.after is None else (page.after[0], page.after[1])
    found, following = await asyncio.to_thread(_scan, context, scopes, keep, page.size, after, descending)
    answer: dict[str, Any] = {"entries": found} if found else {}
    if following:
        answer["nextPageToken"] = following
    return answer


@SERVICE.handles("logging.entries.write", permission="")
async def write_entries(request: Request) -> Answer:
    """Store entries, durable when answered; log name, resource and labels of the request are defaults of each."""
    context = request.context
    body = request.body
    entries: list[dict[str, Any]] = []
    for number, given in enumerate(body.get("entries", [])):
        entry = {**given, "labels": {**body.get("labels", {}), **given.get("labels", {})}}
        if not entry["labels"]:
            del entry["labels"]
        entry.setdefault("logName", body.get("logName", ""))
        entry.setdefault("resource", body.get("resource"))
        found = _LOG.fullmatch(entry["logName"])
        if found is None:
            raise invalid_argument(
                f"entries[{number}]: logName must look like projects/ID/logs/LOG, with / in LOG as %2F."
            )
        if not entry["resource"]:
            raise invalid_argument(f'entries[{number}]: resource is required, for example {{"type": "global"}}.')
        project = context.project_id(found[1])
        request.require("logging.logEntries.create", f"projects/{project}")
        entry["logName"] = f"projects/{project}/logs/{quote(unquote(found[2]), safe='')}"
        if "timestamp" in entry:
            time = parse_time(entry["timestamp"]).astimezone(UTC)
            entry["timestamp"] = time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        entries.append(entry)
    if body.get("dryRun"):
        return {}

    def step(tx: sqlite3.Connection) -> None:
        for entry in entries:
            context.logs.write_in(tx, entry)

    await context.db.write(step)
    return {}


@SERVICE.handles("logging.projects.logs.list")
async def list_logs(request: Request) -> Answer:
    """The names of a project's logs that have entries."""
    context = request.context
    project = request.name.split("/")[1]
    await context.logs.flush()
    sql = "SELECT DISTINCT log FROM log_entries WHERE project = ? ORDER BY log"
    rows = await asyncio.to_thread(context.db.all, sql, (project,))  # never on this thread: only_read_elsewhere
    names = [f"projects/{project}/logs/{row['log']}" for row in rows]
    shown, following = paging.cut(names, paging.asked(request.query, _DEFAULT_PAGE, _MAX_PAGE))
    answer: dict[str, Any] = {"logNames": shown} if shown else {}
    return {**answer, "nextPageToken": following} if following else answer


@SERVICE.handles("logging.projects.logs.delete", permission="logging.logs.delete")
async def delete_log(request: Request) -> Answer:
    """Delete the entries of a log."""
    context = request.context
    _, project, _, log = request.name.split("/", 3)
    await context.logs.flush()
    sql = "DELETE FROM log_entries WHERE project = ? AND log = ?"
    await context.db.write(lambda tx: tx.execute(sql, (project, quote(unquote(log), safe=""))).rowcount)
    return {}


def _raw(context: Context, row: sqlite3.Row) -> bytes | None:
    """The JSON of an entry; None while the version of the key that encrypted it is closed."""
    try:
        return data_keys.text_read(context.blobs.keys, row["entry"])
    except ApiError:
        return None


def _scan(
    context: Context,
    scopes: dict[str, list[Scope]],
    keep: Predicate | None,
    size: int,
    after: tuple[str, int] | None,
    descending: bool,
) -> tuple[list[dict[str, Any]], str]:
    """A page of matching entries, and the token of the next one ("" at the end)."""
    places = ",".join("?" * len(scopes))
    direction, beyond = ("DESC", "<") if descending else ("ASC", ">")
    order = f"ORDER BY time {direction}, number {direction} LIMIT {_CHUNK}"
    found: list[dict[str, Any]] = []
    while True:
        where = f"project IN ({places})"
        arguments: list[str | int] = [*scopes]
        if after is not None:
            where += f" AND (time, number) {beyond} (?, ?)"
            arguments += [*after]
        rows = context.db.all(f"SELECT * FROM log_entries WHERE {where} {order}", arguments)  # noqa: S608 - no input
        for row in rows:
            raw = _raw(context, row)
            if raw is None:
                continue
            read = functools.cache(functools.partial(orjson.loads, raw))
            if not any(scope.shows(row["log"], read) for scope in scopes[row["project"]]):
                continue
            entry = read()
            if keep is not None and not keep(entry):
                continue
            if len(found) == size:
                return found, paging.encode(*after) if after else ""
            found.append(entry)
            after = row["time"], row["number"]
        if len(rows) < _CHUNK:
            return found, ""
        after = rows[-1]["time"], rows[-1]["number"]
