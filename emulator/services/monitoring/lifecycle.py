"""Start and stop of what looks at the clock: conditions on values, and incidents whose time is over."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

from emulator.services.logging import api as logs
from emulator.services.monitoring import incidents
from emulator.services.monitoring.alerting import measuring, rules
from emulator.services.monitoring.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

TICK_SECONDS = 0.1  # the clock may be moved at any time
LOOK_SECONDS = 5.0  # of the emulator's clock, after which conditions are asked again though nothing came
_WATCH = "monitoring.watch"
_log = logging.getLogger("emulator")


class Watch:
    """Looks at conditions when entries came and as time goes by."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._looked = 0.0
        self._came = False
        self.task: asyncio.Task[None] | None = None

    def came(self) -> None:
        """Look at the next tick: entries were stored."""
        self._came = True

    async def run(self) -> None:
        """Look, until cancelled."""
        while True:
            try:
                await self._tick()
            except sqlite3.Error:
                _log.exception("alert policies could not be looked at; trying again")
            await asyncio.sleep(TICK_SECONDS)

    async def _tick(self) -> None:
        context, now = self._context, self._context.clock.seconds()
        if incidents.is_any_old(context):
            await context.db.write(lambda tx: incidents.close_old(context, tx))
        if not self._came and abs(now - self._looked) < LOOK_SECONDS:
            return
        self._came, self._looked = False, now
        if rules.of(context).metrics:
            await context.db.write(lambda tx: measuring.evaluate(context, tx))


@logs.observes
def note(context: Context, _tx: sqlite3.Connection, _entries: Sequence[logs.Stored]) -> None:
    """Have conditions looked at once these entries are stored."""
    watch: Watch | None = context.extensions.get(_WATCH)
    if watch is not None:
        context.db.after_commit(watch.came)


@SERVICE.on_start
async def start(context: Context) -> None:
    """Begin to watch."""
    watch = context.extensions[_WATCH] = Watch(context)
    watch.task = asyncio.create_task(watch.run(), name="alert policies")


@SERVICE.on_stop
async def stop(context: Context) -> None:
    """Stop watching."""
    watch: Watch = context.extensions.pop(_WATCH)
    if watch.task is not None:
        watch.task.cancel()
        await asyncio.gather(watch.task, return_exceptions=True)
