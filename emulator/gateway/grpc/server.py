"""The gRPC server: the methods of all services on one port."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

import grpc

from emulator.context import Context
from emulator.gateway.grpc.bridge import Bridge, Servicer
from emulator.gateway.grpc.reading import guarded
from emulator.state.folder import TLS_SERVER

MESSAGE_LIMIT = 64 << 20


async def start(context: Context, modules: Iterable[str]) -> Any:
    """Listen on the gRPC port of the emulator; returns the running server.

    Each module is a service's (Service.grpc); its `handlers(bridge)` gives gRPC handlers by path,
    "/package.Service/Method".
    """
    bridge = Bridge(context)
    handlers: dict[str, Any] = {}
    for name in modules:
        found = importlib.import_module(name).handlers(bridge)
        handlers |= {path: guarded(handler) for path, handler in found.items()}
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", MESSAGE_LIMIT),
            ("grpc.max_send_message_length", MESSAGE_LIMIT),
            ("grpc.so_reuseport", 0),
        ]
    )
    server.add_generic_rpc_handlers([_Handlers(handlers)])
    settings = context.settings
    server.add_insecure_port(f"{settings.plain_host}:{settings.grpc_port}")
    if settings.grpc_tls_port is not None:
        both = (settings.tls_certificate or settings.state / TLS_SERVER).read_bytes()
        server.add_secure_port(f"{settings.host}:{settings.grpc_tls_port}", grpc.ssl_server_credentials([(both, both)]))
    await server.start()
    return server


class _Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    def __init__(self, handlers: dict[str, Any]) -> None:
        self._handlers = handlers

    def service(self, handler_call_details: Any) -> Any:
        """The handler of a gRPC path; of one that is not known, one that says so (UNIMPLEMENTED)."""
        path: str = handler_call_details.method
        found = self._handlers.get(path)
        if found is not None:
            return found

        async def refuse(_requests: Any, servicer: Servicer) -> None:
            await servicer.abort(grpc.StatusCode.UNIMPLEMENTED, f"{path.lstrip('/')} is not emulated.")

        return grpc.stream_unary_rpc_method_handler(refuse)
