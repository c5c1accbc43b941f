"""What a caller of entries.list looks at: a project, a log bucket or a view, and which entries are in it.

An entry is in the buckets whose sinks take it, by the sinks as they are now (Logging: "Routing and storage overview").
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from emulator.errors import invalid_argument
from emulator.gateway.filters import Predicate
from emulator.gateway.request import Request
from emulator.services.logging import keys, views
from emulator.services.logging.buckets import BUCKETS
from emulator.services.logging.fields import parse_time
from emulator.services.logging.routing import SINKS, Route, route_of
from emulator.services.logging.sinks import DEFAULTS

if TYPE_CHECKING:
    from emulator.context import Context

PRIVATE = "cloudaudit.googleapis.com%2Fdata_access"
_NAME = re.compile(r"projects/([^/]+)(?:/locations/[^/]+/buckets/[^/]+(?:/views/[^/]+)?)?")
_HERE = "logging.googleapis.com/"


@dataclass(frozen=True)
class Scope:
    """What one resource name stands for: entries of a project, all or those that `keep` takes."""

    project: str
    keep: Predicate | None
    private: bool
    """Whether data access logs are shown."""

    def shows(self, log: str, read: Callable[[], dict[str, Any]]) -> bool:
        """Whether an entry of a log, read when it is needed, is shown."""
        return (self.private or log != PRIVATE) and (self.keep is None or self.keep(read()))


def scope_of(request: Request, name: str) -> Scope:
    """What a resource name stands for, if the caller may list its entries. Raises 400, 403 and 404."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise invalid_argument(
            f"{name[:80]}: entries of projects are emulated; name one as projects/ID, or a view of one of its buckets."
        )
    context = request.context
    project = context.project_id(found[1])
    name = f"projects/{project}{name[len(found[1]) + 9 :]}"
    if "/views/" in name:
        request.require("logging.views.access", name)
        return Scope(project, _in_view(context, project, name), private=True)
    request.require("logging.logEntries.list", f"projects/{project}")
    private = request.context.policies.allows(
        request.principal, "logging.privateLogEntries.list", f"projects/{project}"
    )
    keep = _in_bucket(context, project, name) if "/buckets/" in name else _in_any(context, project)
    return Scope(project, keep, private)


def _in_view(context: Context, project: str, name: str) -> Predicate:
    """What a view shows of its bucket."""
    shown = views.compile_view(views.find(context, name).get("filter", ""))
    inside = _in_bucket(context, project, name.partition("/views/")[0])
    return inside if shown is None else lambda entry: inside(entry) and shown(entry)


def _in_bucket(context: Context, project: str, name: str) -> Predicate:
    """What the sinks of a bucket bring into it, as long as it is kept."""
    bucket = context.resources.require(BUCKETS, name)
    keys.require_open(context, bucket)
    taking = [route for target, route in routes(context, project) if target == name]
    oldest = context.clock.now() - timedelta(days=bucket.body.get("retentionDays", 30))

    def inside(entry: dict[str, Any]) -> bool:
        return any(route.takes(entry) for route in taking) and parse_time(entry["receiveTimestamp"]) >= oldest

    return inside


def _in_any(context: Context, project: str) -> Predicate | None:
    """What is in any bucket of a project whose key is not closed; everything, while all is as it began.

    Projects that were made here begin without buckets and sinks, which then take all that a project's own would.
    """
    if context.resources.get(BUCKETS, f"projects/{project}/locations/global/buckets/_Default") is None:
        return None
    mine = (each for each in context.resources.every(BUCKETS) if each.name.startswith(f"projects/{project}/"))
    closed = {bucket.name for bucket in mine if not keys.is_open(context, bucket)}
    sinks = {sink.id: sink.body for sink in context.resources.list(SINKS, f"projects/{project}")[0]}
    if not closed and all(_is_default(sinks.get(name, {}), text) for name, text in DEFAULTS.items()):
        return None
    taking = [route for target, route in routes(context, project) if target not in closed]
    return lambda entry: any(route.takes(entry) for route in taking)


def _is_default(sink: dict[str, Any], text: str) -> bool:
    return sink.get("filter") == text and not sink.get("disabled") and not sink.get("exclusions")


def routes(context: Context, project: str, tx: sqlite3.Connection | None = None) -> list[tuple[str, Route]]:
    """The buckets that a project's sinks bring entries to, each with what its sink takes."""
    return [
        (sink.body["destination"].removeprefix(_HERE), route_of(sink.name, sink.body))
        for sink in context.resources.list(SINKS, f"projects/{project}", tx=tx)[0]
        if sink.body["destination"].startswith(_HERE) and not sink.body.get("disabled")
    ]
