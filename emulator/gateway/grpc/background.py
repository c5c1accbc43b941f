"""The gRPC server's start and stop: in the background, because its imports take longer than a start may."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.context import Context

_SERVER = "emulator.gateway.grpc.server"
_log = logging.getLogger("emulator")


class Background:
    """Serves the modules of services that speak gRPC (Service.grpc), from `start` to `stop`."""

    def __init__(self, context: Context, modules: list[str]) -> None:
        self._context = context
        self._modules = modules
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start; returns at once, or once it listens if all is imported already."""
        listening = asyncio.Event()
        imported = _SERVER in sys.modules
        self._task = asyncio.create_task(self._serve(listening))
        if imported:
            await listening.wait()

    async def stop(self) -> None:
        """Close streams and stop listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _serve(self, listening: asyncio.Event) -> None:
        """Serve until cancelled; `listening` is set once the server listens, or can't."""
        try:
            server = await (await asyncio.to_thread(self._load)).start(self._context, self._modules)
        except Exception:  # noqa: BLE001  REST goes on without gRPC
            _log.exception("the gRPC server did not start on port %s", self._context.settings.grpc_port)
            return
        finally:
            listening.set()
        try:
            await asyncio.Event().wait()
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await server.stop(grace=0.2)

    def _load(self) -> Any:
        for name in self._modules:
            importlib.import_module(name)
        return importlib.import_module(_SERVER)
