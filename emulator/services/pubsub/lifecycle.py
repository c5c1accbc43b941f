"""Start and stop: the broker with its clock, and the workers that deliver."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from emulator.services.pubsub.broker import install
from emulator.services.pubsub.delivery import workers
from emulator.services.pubsub.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

_CLOCK = "pubsub.clock"


@SERVICE.on_start
async def start(context: Context) -> None:
    """Start the broker, its clock and the workers."""
    context.extensions[_CLOCK] = asyncio.create_task(install(context).run())
    workers.install(context).start()


@SERVICE.on_stop
async def stop(context: Context) -> None:
    """Stop the workers and the clock."""
    await workers.workers(context).stop()
    clock: asyncio.Task[None] | None = context.extensions.pop(_CLOCK, None)
    if clock is not None:
        clock.cancel()
        await asyncio.gather(clock, return_exceptions=True)
