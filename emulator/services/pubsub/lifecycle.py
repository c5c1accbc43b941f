"""Start and stop: the broker with its clock, and the workers that deliver."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from emulator.services.pubsub import retention
from emulator.services.pubsub.broker import install
from emulator.services.pubsub.delivery import workers
from emulator.services.pubsub.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

_CLOCKS = "pubsub.clocks"


@SERVICE.on_start
async def start(context: Context) -> None:
    """Start the broker, the clocks and the workers."""
    clock = install(context).run()
    workers.install(context).start()
    context.extensions[_CLOCKS] = [asyncio.create_task(clock), asyncio.create_task(retention.run(context))]


@SERVICE.on_stop
async def stop(context: Context) -> None:
    """Stop the workers and the clocks."""
    await workers.workers(context).stop()
    clocks: list[asyncio.Task[None]] = context.extensions.pop(_CLOCKS, [])
    for clock in clocks:
        clock.cancel()
    await asyncio.gather(*clocks, return_exceptions=True)
