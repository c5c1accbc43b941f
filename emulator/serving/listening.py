"""uvicorn's server, with ports of its own that speak TLS beside the one that does not."""

from __future__ import annotations

import asyncio
import socket
import ssl

import uvicorn

from emulator.serving.protocol import Protocol


class Server(uvicorn.Server):
    """Serves the sockets that `run` is given, and over TLS those that were added."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._secured: list[tuple[socket.socket, ssl.SSLContext]] = []

    def add(self, listener: socket.socket, context: ssl.SSLContext) -> None:
        """Serve this listening socket, too, over TLS."""
        self._secured.append((listener, context))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections."""
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        for listener, context in self._secured:
            server = await loop.create_server(self._protocol, sock=listener, ssl=context, backlog=self.config.backlog)
            self.servers.append(server)

    def _protocol(self) -> Protocol:
        return Protocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)
