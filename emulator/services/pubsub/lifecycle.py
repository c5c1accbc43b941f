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
    from emulator.app import Emulator

_TASKS = "pubsub.tasks"
_SERVER = "emulator.services.pubsub.grpc_server"
_log = logging.getLogger("emulator")


@SERVICE.on_start
async def start(emulator: Emulator) -> None:
    """Start the broker at once and the gRPC server in the background, if its imports take longer than a start may."""
    broker = install(emulator)
    started = asyncio.Event()
    imported = _SERVER in sys.modules
    emulator.extensions[_TASKS] = [
        asyncio.create_task(broker.run()),
        asyncio.create_task(_serve_grpc(emulator, started)),
    ]
    if imported:
        await started.wait()


@SERVICE.on_stop
async def stop(emulator: Emulator) -> None:
    """Close streams, then stop the clock."""
    tasks: list[asyncio.Task[Any]] = emulator.extensions.pop(_TASKS, [])
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _serve_grpc(emulator: Emulator, started: asyncio.Event) -> None:
    """Serve until cancelled; `started` is set once the server listens, or can't."""

    def load() -> Any:
        from emulator.services.pubsub import grpc_server

        return grpc_server

    try:
        module = await asyncio.to_thread(load)
        server = await module.start(emulator)
    except Exception:  # noqa: BLE001  REST goes on without gRPC
        _log.exception("Pub/Sub's gRPC server did not start on port %s", emulator.settings.grpc_port)
        return
    finally:
        started.set()
    try:
        await asyncio.Event().wait()
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await server.stop(grace=0.2)
