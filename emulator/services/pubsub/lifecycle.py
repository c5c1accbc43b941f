"""Start and stop: the broker, its clock, and the gRPC server on the second port."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from typing import TYPE_CHECKING, Any

from emulator.services.pubsub.broker import install
from emulator.services.pubsub.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

_TASKS = "pubsub.tasks"
_SERVER = "emulator.services.pubsub.grpc_server"
_log = logging.getLogger("emulator")


@SERVICE.on_start
async def start(context: Context) -> None:
    """Start the broker at once and the gRPC server in the background, if its imports take longer than a start may."""
    broker = install(context)
    started = asyncio.Event()
    imported = _SERVER in sys.modules
    context.extensions[_TASKS] = [
        asyncio.create_task(broker.run()),
        asyncio.create_task(_serve_grpc(context, started)),
    ]
    if imported:
        await started.wait()


@SERVICE.on_stop
async def stop(context: Context) -> None:
    """Close streams, then stop the clock."""
    tasks: list[asyncio.Task[Any]] = context.extensions.pop(_TASKS, [])
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _serve_grpc(context: Context, started: asyncio.Event) -> None:
    """Serve until cancelled; `started` is set once the server listens, or can't."""

    def load() -> Any:
        from emulator.services.pubsub import grpc_server

        return grpc_server

    try:
        module = await asyncio.to_thread(load)
        server = await module.start(context)
    except Exception:  # noqa: BLE001  REST goes on without gRPC
        _log.exception("Pub/Sub's gRPC server did not start on port %s", context.settings.grpc_port)
        return
    finally:
        started.set()
    try:
        await asyncio.Event().wait()
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await server.stop(grace=0.2)
