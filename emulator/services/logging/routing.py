"""Which entries go to which sinks: kept in the outbox with the entry, delivered after its commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from emulator.gateway.filters import Predicate
from emulator.services.logging.filters import compile_filter
from emulator.services.logging.observing import Stored, observes
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

SINKS = "logging.sinks"
_ROUTES = "logging.routes"
_KEPT_HERE = "logging.googleapis.com/"  # log buckets: what is in which is decided when entries are listed


@dataclass(frozen=True)
class Route:
    """A sink that exports: its name, and what an entry must and must not be."""

    sink: str
    keep: Predicate | None
    exclusions: tuple[Predicate, ...]

    def takes(self, entry: dict[str, object]) -> bool:
        """Whether an entry goes to the sink."""
        return (self.keep is None or self.keep(entry)) and not any(excluded(entry) for excluded in self.exclusions)


def forget(context: Context) -> None:
    """A sink has changed."""
    context.extensions.pop(_ROUTES, None)


@observes
def route(context: Context, tx: sqlite3.Connection, entries: Sequence[Stored]) -> None:
    """Keep entries for the sinks that take them, in the write that stores them."""
    routes: dict[str, list[Route]] | None = context.extensions.get(_ROUTES)
    if routes is None:
        routes = context.extensions[_ROUTES] = _routes(tx)
    kept: dict[str, list[bytes]] = {}
    for stored in entries if routes else ():
        for wanted in routes.get(stored.project, ()):
            if wanted.takes(stored.entry):
                kept.setdefault(wanted.sink, []).append(stored.raw)
    for sink, payloads in kept.items():
        context.outbox.put_in(tx, SINKS, sink, payloads)


def _routes(tx: sqlite3.Connection) -> dict[str, list[Route]]:
    """The sinks that export, by project."""
    found: dict[str, list[Route]] = {}
    for row in tx.execute("SELECT name, body FROM resources WHERE kind = ?", (SINKS,)):
        body = orjson.loads(row["body"])
        if body.get("disabled") or body["destination"].startswith(_KEPT_HERE):
            continue
        found.setdefault(row["name"].split("/")[1], []).append(route_of(row["name"], body))
    return found


def route_of(name: str, body: dict[str, Any]) -> Route:
    """What a sink takes, of its body."""
    wanted = [one.get("filter", "") for one in body.get("exclusions", []) if not one.get("disabled")]
    exclusions = tuple(compile_filter(text) for text in wanted if text.strip())
    text = body.get("filter", "")
    return Route(name, compile_filter(text) if text.strip() else None, exclusions)


def changed(context: Context, _tx: sqlite3.Connection, _sink: Resource) -> None:
    """After a sink's change is written, read the sinks anew."""
    context.db.after_commit(lambda: forget(context))
