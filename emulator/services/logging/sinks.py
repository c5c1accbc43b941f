"""Sinks: where entries are to be exported, with which identity."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.errors import invalid_argument
from emulator.gateway.collections import Collection, crud
from emulator.gateway.request import Request
from emulator.services.iam.api import require_act_as
from emulator.services.logging import routing
from emulator.services.logging.filters import compile_filter
from emulator.services.logging.service import SERVICE
from emulator.services.serviceusage.catalogue import agent_of
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

SINKS = routing.SINKS
_DESTINATIONS = ("storage.", "bigquery.", "pubsub.", "logging.")
_SHARED_WRITER = "serviceAccount:cloud-logs@system.gserviceaccount.com"
_AUDIT = [f'LOG_ID("cloudaudit.googleapis.com/{name}")' for name in ("activity", "system_event")]
DEFAULTS = {"_Required": " OR ".join(_AUDIT), "_Default": " AND ".join(f"NOT {log}" for log in _AUDIT)}
"""The filters of the two sinks that every project has."""


def _view(sink: Resource) -> dict[str, Any]:
    times = {"createTime": sink.created, "updateTime": sink.updated, "resourceName": sink.name}
    return {"name": sink.id, **sink.body, **times}


def _prepare(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Check a new sink and give it the identity that its destination has to grant access to."""
    _check(body)
    return {**body, "writerIdentity": _writer(request)}


def _prepare_update(request: Request, old: Resource, body: dict[str, Any]) -> dict[str, Any]:
    """A sink that once has a writer of its own keeps it (Logging: uniqueWriterIdentity can't become false again)."""
    _check(body)
    if request.query.get("customWriterIdentity") or (
        request.query.get("uniqueWriterIdentity") and old.body.get("writerIdentity") == _SHARED_WRITER
    ):
        body["writerIdentity"] = _writer(request)
    return body


def _writer(request: Request) -> str:
    custom = str(request.query.get("customWriterIdentity") or "")
    if custom:
        require_act_as(request.context, request.principal, custom.removeprefix("serviceAccount:"))
        return custom
    if request.query.get("uniqueWriterIdentity"):
        return f"serviceAccount:{agent_of(request.context, 'logging', request.name)}"
    return _SHARED_WRITER


def _check(body: dict[str, Any]) -> None:
    destination = body.get("destination", "")
    if not destination.startswith(tuple(f"{name}googleapis.com/" for name in _DESTINATIONS)):
        raise invalid_argument(
            f'Invalid destination "{destination[:80]}": it must start with storage.googleapis.com/, '
            "bigquery.googleapis.com/, pubsub.googleapis.com/ or logging.googleapis.com/."
        )
    for text in (body.get("filter", ""), *(exclusion.get("filter", "") for exclusion in body.get("exclusions", []))):
        if text.strip():
            compile_filter(text)


def _after_delete(context: Context, tx: sqlite3.Connection, sink: Resource) -> None:
    if sink.id == "_Required":
        raise invalid_argument("The sink _Required can't be deleted.")
    context.outbox.forget_in(tx, SINKS, sink.name)
    routing.changed(context, tx, sink)


SINK = Collection(
    kind=SINKS,
    segment="sinks",
    id_of=lambda request: str(request.body.get("name", "")),
    id_pattern=re.compile(r"[A-Za-z0-9_.\-]{1,100}"),
    mutable=frozenset(("destination", "filter", "includeChildren")),
    prepare=_prepare,
    prepare_update=_prepare_update,
    view=_view,
    after_create=routing.changed,
    after_update=routing.changed,
    after_delete=_after_delete,
)
crud(SERVICE, SINK, "logging.projects.sinks", ("create", "get", "list", "patch", "update", "delete"))


@SERVICE.on_start
async def ensure_defaults(context: Context) -> None:
    """The two sinks that every project has."""
    parent = f"projects/{context.settings.project}"
    missing = [name for name in DEFAULTS if context.resources.get(SINKS, f"{parent}/sinks/{name}") is None]

    def step(tx: sqlite3.Connection) -> None:
        for name in missing:
            destination = f"logging.googleapis.com/{parent}/locations/global/buckets/{name}"
            body = {"destination": destination, "filter": DEFAULTS[name]}
            context.resources.insert(tx, SINKS, f"{parent}/sinks/{name}", parent, body)

    if missing:
        await context.db.write(step)
