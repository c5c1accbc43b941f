"""The metadata server of an execution: who it runs as, and tokens of that account (Compute Engine: "VM metadata").

It listens on a free port of this machine for as long as the execution runs; Google's clients find it by the variable
GCE_METADATA_HOST.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import orjson

from emulator.access.authentication import LIFETIME
from emulator.errors import ApiError
from emulator.hosts import is_loopback

if TYPE_CHECKING:
    from emulator.context import Context

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_ROOT = "/computeMetadata/v1/"
_READ_SECONDS = 10.0
_HEAD_LINES = 100


class Metadata:
    """What the server answers, for one account."""

    def __init__(self, context: Context, email: str) -> None:
        self._context = context
        self._email = email

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve within the block; gives host and port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, ValueError):
            async with asyncio.timeout(_READ_SECONDS):
                target, headers = await _head(reader)
                status, kind, body = self._answer(target, headers)
                writer.write(
                    f"HTTP/1.1 {status}\r\nMetadata-Flavor: Google\r\nServer: Metadata Server for VM\r\n"
                    f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        writer.close()

    def _answer(self, target: str, headers: dict[str, str]) -> tuple[str, str, bytes]:
        """Status, media type and body. Only who sends Metadata-Flavor is told anything: a web page can't."""
        parts = urlsplit(target)
        if not is_loopback(f"//{headers.get('host', '')}"):
            return "403 Forbidden", "text/plain", b""
        if parts.path == "/":
            return "200 OK", "text/plain", b"computeMetadata/\n"
        if headers.get("metadata-flavor") != "Google" or "x-forwarded-for" in headers:
            return "403 Forbidden", "text/plain", b"Missing Metadata-Flavor:Google header.\n"
        try:
            found = self._value(parts.path.removeprefix(_ROOT).rstrip("/"), parse_qs(parts.query))
        except ApiError as problem:
            return f"{problem.code} Refused", "text/plain", problem.message.encode()
        if found is None:
            return "404 Not Found", "text/plain", b""
        if isinstance(found, str):
            return "200 OK", "application/text", found.encode()
        return "200 OK", "application/json", orjson.dumps(found)

    def _value(self, path: str, query: dict[str, list[str]]) -> str | dict[str, object] | None:
        context = self._context
        if path == "project/project-id":
            return context.settings.project
        if path == "project/numeric-project-id":
            return context.settings.project_number
        account, _, what = path.removeprefix("instance/service-accounts/").partition("/")
        if not path.startswith("instance/service-accounts/") or account not in ("default", self._email):
            return None
        if what == "":
            return {"email": self._email, "aliases": ["default"], "scopes": [SCOPE]}
        if what == "email":
            return self._email
        if what == "scopes":
            return SCOPE
        context.authenticator.require_enabled(self._email)
        if what == "token":
            token = context.authenticator.issue(self._email)
            return {"access_token": token, "expires_in": LIFETIME - 1, "token_type": "Bearer"}
        if what == "identity" and query.get("audience"):
            return context.id_tokens.issue(self._email, query["audience"][0])[0]
        return None


async def _head(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]]:
    """The target and headers of a request. Raises ValueError for what is none."""
    words = (await reader.readline()).decode("latin-1").split()
    if len(words) != 3 or words[0] != "GET":
        raise ValueError("not a GET")
    headers = {}
    for _ in range(_HEAD_LINES):
        line = (await reader.readline()).decode("latin-1").strip()
        if not line:
            break
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return words[1], headers
