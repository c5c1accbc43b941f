"""Between the HTTP server and the emulator: ASGI messages in, bytes out, and CORS."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus

from emulator.errors import ApiError, invalid_argument, unavailable
from emulator.gateway.answers import error_response
from emulator.gateway.request import Request, Response
from emulator.hosts import is_loopback
from emulator.serving import control
from emulator.serving.recorder import Taking
from emulator.serving.renewal import Current
from emulator.serving.sending import CUT, SPANS
from emulator.state.blob_files import Span

if TYPE_CHECKING:
    from emulator.app import Emulator
    from emulator.settings import Settings

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
_log = logging.getLogger("emulator")
FORM_LIMIT = 1 << 20
# A stored page (an object of type text/html) that a browser opens gets an origin of its own: it must not act as the
# viewer's page, which has this one.
_DOCUMENTS = frozenset(("document", "iframe", "frame", "embed", "object"))
_SIGNS = {form % code: chr(code) for code in range(128) for form in ("%02X", "%02x")}
"""By two hexadecimal digits, the sign that they escape."""
CORS_METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"


class Application:
    """The ASGI application around one emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self._current = Current(emulator)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._current.emulator.start()
        except Exception as error:
            _log.exception("the emulator could not start")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._current.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._current.renewing:
            await self._current.ready()
        task = self._current.begin_call()
        try:
            emulator = self._current.emulator
            taking = self._taking(emulator, scope) if self._current.recorder is not None else None
            if taking is not None:
                await self._taken_down(taking, emulator, scope, receive, send)
            else:
                await self._call(emulator, scope, receive, send)
        finally:
            self._current.end_call(task)

    def _taking(self, emulator: Emulator, scope: Scope) -> Taking | None:
        """What takes a request down for the recording that is being made; None for what is not in it."""
        recorder = self._current.recorder
        if recorder is None or control.is_path(scope["raw_path"].decode("latin-1")):
            return None
        return recorder.begin(emulator, scope)

    async def _taken_down(self, taking: Taking, emulator: Emulator, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request and write it down, also where its connection ends."""
        try:
            await self._call(emulator, scope, taking.receiving(receive), taking.sending(send))
        finally:
            taking.end()

    async def _call(self, emulator: Emulator, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        origin = headers.get("origin")
        if origin is not None and scope["method"] == "OPTIONS":
            response = Response(204)
        else:
            try:
                response = await self._answer(emulator, scope, headers, receive)
            except asyncio.CancelledError:
                if not self._current.renewing:
                    raise
                response = error_response(unavailable("The emulator's state was changed while this call was waiting."))
        extra = _cors(origin, headers) if origin is not None else {}
        if headers.get("sec-fetch-dest") in _DOCUMENTS and "content-security-policy" not in response.headers:
            extra["content-security-policy"] = "sandbox"
        if "x-content-type-options" not in response.headers:
            extra["x-content-type-options"] = "nosniff"  # as Google's APIs
        try:
            takes = send if SPANS in scope.get("extensions", ()) else _reading(send)
            await _send(takes, response, extra, head=scope["method"] == "HEAD")
        except (ApiError, FileNotFoundError) as error:
            # In the middle of a streamed answer. The server breaks off a connection whose answer is not complete.
            reason = error.message if isinstance(error, ApiError) else "a file was deleted meanwhile."
            _log.error("An answer was broken off: %s", reason)

    async def _answer(self, emulator: Emulator, scope: Scope, headers: dict[str, str], receive: Receive) -> Response:
        raw_path: str = scope["raw_path"].decode("latin-1")
        query = scope["query_string"]
        raw_query = pairs(query.decode("latin-1")) if query else []
        http = "GET" if scope["method"] == "HEAD" else scope["method"]
        base_url = f"{scope['scheme']}://{host(headers, scope['scheme'], emulator.settings)}"
        if control.is_path(raw_path):
            current = self._current
            return await control.answer(current, emulator, http, raw_path, headers, raw_query, receive, base_url)
        if http == "POST" and "x-http-method-override" in headers:
            http = headers["x-http-method-override"].upper()
            if http == "GET":  # whose parameters may be too long for an address, and are the body (google-api-core)
                form = await _body(receive)
                if len(form) > FORM_LIMIT:
                    return error_response(
                        invalid_argument(f"The parameters in the body are more than {FORM_LIMIT} bytes.")
                    )
                raw_query += parse_qsl(form.decode("latin-1"), keep_blank_values=True)
                receive = _nothing
        route, path, other = emulator.find(http, raw_path)
        if route is None and http == "GET":
            page = await emulator.page(raw_path, headers)
            if page is not None:
                return page
        if route is None:
            return emulator.no_route(http, raw_path, other)
        request = Request(
            emulator,
            route.method,
            path,
            raw_query,
            headers,
            receive,
            base_url,
            raw_path,
            route.upload,
        )
        client = scope.get("client")
        request.caller = client[0] if client else ""
        return await emulator.handle(request)


def host(headers: dict[str, str], scheme: str, settings: Settings) -> str:
    """Host and port as the caller used them; some clients leave the port out, also where it is not the scheme's own."""
    named = headers.get("host", "")
    if not named:
        url = settings.tls_url if scheme == "https" else settings.base_url
        return url.partition("://")[2]
    port, default = (settings.tls_port, 443) if scheme == "https" else (settings.port, 80)
    return named if ":" in named or port == default else f"{named}:{port}"


def pairs(query: str) -> list[tuple[str, str]]:
    """The names and values of a query string."""
    parts = (part.partition("=") for part in query.split("&") if part)
    return [(_plain(name), _plain(value)) for name, _, value in parts]


def _plain(text: str) -> str:
    """A text of a query string without its escapes."""
    if "%" not in text:
        return text.replace("+", " ")
    first, *parts = text.replace("+", " ").split("%")
    try:
        return first + "".join([_SIGNS[part[:2]] + part[2:] for part in parts])
    except KeyError:  # not ASCII, or no escape
        return unquote_plus(text)


async def _nothing() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _body(receive: Receive) -> bytes:
    """The body, or of one that is longer than FORM_LIMIT the beginning, which is longer than that as well."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False) or sum(map(len, parts)) > FORM_LIMIT:
            return b"".join(parts)


def _cors(origin: str, headers: dict[str, str]) -> dict[str, str]:
    """Pages served from this machine may call the APIs (viewers); others may not read the answers."""
    if not is_loopback(origin):
        return {}
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": CORS_METHODS,
        "access-control-allow-headers": headers.get("access-control-request-headers", "authorization, content-type"),
        "access-control-expose-headers": "content-type, content-length, content-range, etag, location",
        "access-control-max-age": "3600",
        "vary": "Origin",
    }


def _reading(send: Send) -> Send:
    """A `send` for servers that know bytes only: what is to be sent from a file is read."""

    async def read(message: dict[str, Any]) -> None:
        body = message.get("body")
        await send({**message, "body": body.read()} if isinstance(body, Span) else message)

    return read


async def _send(send: Send, response: Response, extra: dict[str, str], *, head: bool) -> None:
    body = response.body
    if response.cut == "unanswered" or (response.cut and (head or (isinstance(body, bytes) and len(body) < 2))):
        await send({"type": CUT})
        return
    headers = response.headers
    raw = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
    raw += [(k.encode("latin-1"), v.encode("latin-1")) for k, v in extra.items()]
    if isinstance(body, bytes):
        if response.status != 204 and "content-length" not in headers:
            raw.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": raw})
        if response.cut:
            await _cut(send, body[: len(body) // 2])
            return
        await send({"type": "http.response.body", "body": b"" if head else body})
        return
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    if response.cut:
        first = await anext(aiter(body), b"")
        whole = first.read() if isinstance(first, Span) else first
        await _cut(send, whole[: len(whole) // 2])
        return
    if not head:
        async for chunk in body:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _cut(send: Send, part: bytes) -> None:
    """Send a part of a body, then break off the connection."""
    await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": CUT})
