"""What a handler receives and what it gives back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from emulator.access.authorization import denied
from emulator.access.hierarchy import by_id
from emulator.errors import ApiError, invalid_argument
from emulator.gateway.discovery import Method
from emulator.state.blob_files import Span

if TYPE_CHECKING:
    from emulator.context import Context

Receive = Callable[[], Awaitable[dict[str, Any]]]
JSON = "application/json; charset=UTF-8"


@dataclass(frozen=True)
class Response:
    """An answer that is not plain JSON: status, headers, and bytes or a stream of bytes.

    cut says where the connection is broken off instead: "unanswered" before the first byte, "midway", "" nowhere.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | AsyncIterator[bytes | Span] = b""
    cut: str = ""

    @staticmethod
    def json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        """A JSON answer with a status or headers of its own."""
        return Response(status, {"content-type": JSON, **(headers or {})}, orjson.dumps(value))


Answer = dict[str, Any] | None | Response


class Request:
    """One request on its way: found, authenticated and validated by the time a handler sees it.

    `name` is the resource that the path names: `name` or `resource` or `parent`, whichever the method has.
    """

    __slots__ = (
        "_receive",
        "aside",
        "asked",
        "base_url",
        "body",
        "caller",
        "context",
        "headers",
        "method",
        "name",
        "noted",
        "path",
        "principal",
        "query",
        "raw_path",
        "raw_query",
        "upload",
        "via",
    )

    def __init__(
        self,
        context: Context,
        method: Method,
        path: dict[str, str],
        raw_query: list[tuple[str, str]],
        headers: dict[str, str],
        receive: Receive,
        base_url: str,
        raw_path: str = "",
        upload: bool = False,
    ) -> None:
        self.context = context
        self.method = method
        self.path = _by_id(context, path)
        self.name = _name(self.path)
        self.raw_query = raw_query
        self.headers = headers
        self.base_url = base_url
        self.raw_path = raw_path
        self.upload = upload
        self.principal = ""
        self.via: tuple[str, ...] = ()  # who acts as the principal, the first one first
        self.caller = ""  # the address of the machine that calls, where it is known
        # Asked by a page of the console, with its principal; no call of a program, which faults are for.
        self.aside = False
        self.query: dict[str, Any] = {}
        self.body: Any = None
        self.noted: dict[str, Any] = {}  # what the audit log is to say of it beside, as a service's metadata
        self.asked: dict[tuple[str, str], bool] = {}
        self._receive = receive

    def may(self, permission: str, resource: str) -> bool:
        """Whether the caller has a permission beside the method's own; `asked` keeps the answer for the audit log."""
        granted = self.context.policies.allows(self.principal, permission, resource)
        self.asked[permission, resource] = granted
        return granted

    def require(self, permission: str, resource: str) -> None:
        """Nothing, or Google's 403 where the caller lacks a permission; see `may`."""
        if not self.may(permission, resource):
            raise denied(permission, resource)

    async def stream(self) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises ApiError when the client goes away in the middle."""
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ApiError(
                    499, "CANCELLED", "The client closed the connection before the body was complete.", "cancelled"
                )
            chunk = message.get("body", b"")
            if chunk:
                yield chunk
            if not message.get("more_body", False):
                return

    async def read(self, limit: int) -> bytes:
        """The whole body; more than `limit` bytes is a 400."""
        return await gathered(self.stream(), limit)


async def gathered(chunks: AsyncIterator[bytes], limit: int) -> bytes:
    """All bytes of a body; more than `limit` are a 400."""
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise invalid_argument(f"Request payload size exceeds the limit: {limit} bytes.")
        parts.append(chunk)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _by_id(context: Context, path: dict[str, str]) -> dict[str, str]:
    """Names with the project's number become names with its id. The router's dict is shared: copy before changing."""
    for key, value in path.items():
        if (name := by_id(context, value)) is not value:
            path = {**path, key: name}
    return path


def _name(path: dict[str, str]) -> str:
    for key in ("name", "resource", "parent"):
        if key in path:
            return path[key]
    return next(iter(path.values()), "")
