"""Start and stop: the broker and its clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from emulator.services.pubsub.broker import install
from emulator.services.pubsub.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

_CLOCK = "pubsub.clock"


@SERVICE.on_start
async def start(context: Context) -> None:
    """Start the broker and its clock."""
    context.extensions[_CLOCK] = asyncio.create_task(install(context).run())


@SERVICE.on_stop
async def stop(context: Context) -> None:
    """Stop the clock."""
    clock: asyncio.Task[None] | None = context.extensions.pop(_CLOCK, None)
    if clock is not None:
        clock.cancel()
        await asyncio.gather(clock, return_exceptions=True)
