"""One task for each subscription that has a destination of its own, from its creation to its end.

What is to be delivered is in Pub/Sub's own tables, where it stays until it is acknowledged: they are the outbox.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import orjson

from emulator.dicom.errors import described
from emulator.errors import failed_precondition
from emulator.services.pubsub.broker import SUBSCRIPTIONS
from emulator.services.pubsub.delivery.backlog import Backlog

if TYPE_CHECKING:
    from emulator.context import Context

Body = dict[str, Any]
Carrier = Callable[[Backlog, Body], Awaitable[None]]
"""Takes a subscription's backlog and the configuration of its destination, and delivers until it is cancelled."""
_KINDS = {"pushConfig": "push", "bigqueryConfig": "BigQuery", "cloudStorageConfig": "Cloud Storage"}
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
_CARRIERS: dict[str, Carrier] = {}
_WORKERS = "pubsub.workers"
_log = logging.getLogger("emulator")


def carries(key: str) -> Callable[[Carrier], Carrier]:
    """Register what delivers to a kind of destination: a subscription's field."""

    def register(carrier: Carrier) -> Carrier:
        _CARRIERS[key] = carrier
        return carrier

    return register


def destination_of(body: Body) -> tuple[str, Body] | None:
    """The field and value of the destination that a subscription has, None for one that is pulled."""
    for key in _CARRIERS:
        config = body.get(key)
        if config and (key != "pushConfig" or config.get("pushEndpoint")):
            return key, config
    return None


class Workers:
    """The tasks of one running emulator."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._running: dict[str, tuple[tuple[str, Body], asyncio.Task[None]]] = {}

    def start(self) -> None:
        """Go on with what an earlier process left."""
        for row in self._context.db.all("SELECT name, body FROM resources WHERE kind = ?", (SUBSCRIPTIONS,)):
            self._set(row["name"], orjson.loads(row["body"]))

    async def stop(self) -> None:
        """End all tasks."""
        tasks = [task for _, task in self._running.values()]
        self._running = {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def require_pulled(self, name: str) -> None:
        """Raise a 400 for a subscription that the emulator delivers by itself (so Pub/Sub answers a pull)."""
        running = self._running.get(name)
        if running is not None and not running[1].done():
            kind = _KINDS[running[0][0]]
            raise failed_precondition(f"This method is not supported for {kind} subscriptions.")

    def changed(self, name: str, body: Body | None) -> None:
        """From the database's thread: a subscription is as `body` says, or gone."""
        self._loop.call_soon_threadsafe(self._set, name, body or {})

    def _set(self, name: str, body: Body) -> None:
        wanted = None if body.get("detached") else destination_of(body)
        running = self._running.get(name)
        if running is not None:
            if running[0] == wanted:
                return
            running[1].cancel()
            del self._running[name]
        if wanted is not None:
            task = self._loop.create_task(self._run(name, *wanted), name=f"delivery to {wanted[0]}")
            self._running[name] = wanted, task

    async def _run(self, name: str, key: str, config: Body) -> None:
        wait = FIRST_WAIT
        while True:
            backlog = Backlog(self._context, name)
            try:
                await _CARRIERS[key](backlog, config)
                return
            except Exception as problem:  # noqa: BLE001  nobody would start the task again
                _log.error("the delivery of %s failed and is tried again: %s", name, described(problem))
            finally:
                backlog.release()
            await asyncio.sleep(wait)
            wait = min(LONGEST_WAIT, wait * 2)


def workers(context: Context) -> Workers:
    """The workers of that emulator."""
    found: Workers = context.extensions[_WORKERS]
    return found


def install(context: Context) -> Workers:
    """Make the emulator's workers, at its start."""
    made = Workers(context)
    context.extensions[_WORKERS] = made
    return made
