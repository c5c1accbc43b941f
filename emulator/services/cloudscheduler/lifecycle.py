"""Start and stop: the timetable and the clock that looks at it."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

from emulator.services.cloudscheduler import timetable
from emulator.services.cloudscheduler.service import JOBS, SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

_CLOCK = "cloudscheduler.clock"


@SERVICE.on_start
async def start(context: Context) -> None:
    """Take up what is due; jobs that an emulator without a clock has stored get their first time."""
    made = timetable.install(context)
    without = "SELECT name FROM resources WHERE kind = ? AND name NOT IN (SELECT job FROM scheduler_due)"
    names = [row["name"] for row in context.db.all(without, (JOBS,))]
    if names:
        await context.db.write(_enter, context, names)
    context.extensions[_CLOCK] = asyncio.create_task(made.run())


def _enter(tx: sqlite3.Connection, context: Context, names: list[str]) -> None:
    for name in names:
        job = context.resources.require(JOBS, name, tx)
        body = timetable.scheduled(job.body, context.clock.seconds())
        timetable.enter(context, tx, context.resources.replace(tx, JOBS, name, body))


@SERVICE.on_stop
async def stop(context: Context) -> None:
    """Stop the clock, then what is under way."""
    clock: asyncio.Task[None] = context.extensions.pop(_CLOCK)
    clock.cancel()
    await asyncio.gather(clock, return_exceptions=True)
    await timetable.of(context).stop()
