"""Which entries go to which sinks: kept in the outbox with the entry, delivered after its commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from emulator.gateway.filters import Predicate
from emulator.services.logging.filters import compile_filter
from emulator.services.logging.observing import Stored, observes
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

SINKS = "logging.sinks"
_ROUTES = "logging.routes"
_KEPT_HERE = "logging.googleapis.com/"  # log buckets: all entries of a project are in one table anyway


@dataclass(frozen=True)
class _Route:
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
    routes: dict[str, list[_Route]] | None = context.extensions.get(_ROUTES)
    if routes is None:
        routes = context.extensions[_ROUTES] = _routes(tx)
    kept: dict[str, list[bytes]] = {}
    for stored in entries if routes else ():
        for wanted in routes.get(stored.project, ()):
            if wanted.takes(stored.entry):
                kept.setdefault(wanted.sink, []).append(stored.raw)
    for sink, payloads in kept.items():
        context.outbox.put_in(tx, SINKS, sink, payloads)


def _routes(tx: sqlite3.Connection) -> dict[str, list[_Route]]:
    """The sinks that export, by project."""
    found: dict[str, list[_Route]] = {}
    for row in tx.execute("SELECT name, body FROM resources WHERE kind = ?", (SINKS,)):
        body = orjson.loads(row["body"])
        if body.get("disabled") or body["destination"].startswith(_KEPT_HERE):
            continue
        wanted = [one.get("filter", "") for one in body.get("exclusions", []) if not one.get("disabled")]
        exclusions = tuple(compile_filter(text) for text in wanted if text.strip())
        text = body.get("filter", "")
        keep = compile_filter(text) if text.strip() else None
        found.setdefault(row["name"].split("/")[1], []).append(_Route(row["name"], keep, exclusions))
    return found


def changed(context: Context, _tx: sqlite3.Connection, _sink: Resource) -> None:
    """After a sink's change is written, read the sinks anew."""
    context.db.after_commit(lambda: forget(context))
