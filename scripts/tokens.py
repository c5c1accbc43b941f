"""The access token on gRPC calls over a plain channel, where gRPC itself refuses to carry credentials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import grpc
from google.auth.transport.requests import Request


class _CallDetails(NamedTuple):
    """The details of a call with the token added; gRPC reads these fields."""

    method: str
    timeout: float | None
    metadata: list[tuple[str, str]]
    credentials: Any
    wait_for_ready: bool | None
    compression: Any


class BearerToken(grpc.UnaryUnaryClientInterceptor, grpc.StreamStreamClientInterceptor):  # type: ignore[misc]
    """Adds `authorization: Bearer TOKEN` to each call; the token is fetched anew when it has run out."""

    def __init__(self, credentials: Any, session: Any) -> None:
        """`session` is the plain requests session with which a new token is fetched."""
        self._credentials = credentials
        self._request = Request(session)

    def _details(self, details: Any) -> _CallDetails:
        headers: dict[str, str] = {}
        self._credentials.before_request(self._request, "POST", details.method, headers)
        metadata = [*(details.metadata or []), ("authorization", headers["authorization"])]
        return _CallDetails(
            details.method, details.timeout, metadata, details.credentials, details.wait_for_ready, details.compression
        )

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        """One request, one answer."""
        return continuation(self._details(details), request)

    def intercept_stream_stream(self, continuation: Callable[..., Any], details: Any, requests: Any) -> Any:
        """Streaming pull."""
        return continuation(self._details(details), requests)
