"""HTTP/1.1 of one connection: uvicorn's, with less work for a short answer and fewer copies of a large one."""

import asyncio
import os
from functools import lru_cache
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from emulator.serving.sending import CUT, SPANS, send_file
from emulator.state.blob_files import Span

PIECE = 2 << 20
PAST_PARSER = 1 << 16
REMEMBERED = 256
HEAD_LIMIT = 1 << 18
"""Bytes of a request in which neither its head ends nor a piece of its body comes; those of a read are not counted."""
HEAD_SECONDS = 60
"""How long a head may take, and the first one of a connection until it begins."""
_NO_BODY = frozenset((204, 304))


class Protocol(HttpToolsProtocol):
    """Wakes the application when 2 MiB of a body have come, or all of it, instead of for each read of the socket.

    A film of a megabyte then costs one step instead of a dozen. Reading stops while the application is behind. Where
    much of a body is still to come after its head, the parser does not see it: it would copy it to find nothing.
    """

    cycle: "Cycle"

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep what all requests of the connection have in common."""
        super().connection_made(transport)
        self._missing = 0  # bytes of the body that the parser still waits for, where their number is known
        self._past_parser = 0  # bytes of the body that will not go through it
        self._idle_since = 0.0
        self._heard = self._head_since = self.loop.time()  # of a head that is not complete; 0.0 where there is none
        self._fruitless = 0  # bytes of a head, or of what is about a body, that have come
        self._common: dict[str, Any] = {
            "extensions": {SPANS: {}},
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "root_path": self.root_path,
            "state": self.app_state,
        }
        if self.limit_concurrency is not None and len(self.connections) > self.limit_concurrency:
            self._refuse(503, f"More than {self.limit_concurrency} connections are open: close some, or try later.")
            return
        self._look_later(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection, its timer included."""
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()

    def _unset_keepalive_if_required(self) -> None:
        """Leave the timer: it looks for itself whether the connection has been idle."""

    def on_response_complete(self) -> None:
        """Answer the next request that has come in already, or wait for one."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection if what it waits for has not come for long enough; else look again later."""
        if self._is_overdue(self.loop.time()):
            self.transport.abort()
        else:
            self._look_later(HEAD_SECONDS)

    def _is_overdue(self, now: float) -> bool:
        """Whether a head takes too long, the rest of a body does not come, or no request follows the last one."""
        if self._head_since:
            return now - self._head_since >= HEAD_SECONDS
        if self.cycle.response_complete:
            return now - self._idle_since >= self.timeout_keep_alive
        reads = self.cycle.more_body and not self.flow.read_paused
        return reads and now - self._heard >= self.timeout_keep_alive

    def _look_later(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def data_received(self, data: bytes) -> None:
        """Pass on bytes of the connection: the rest of a large body, or what the parser is to see."""
        self._heard = self.loop.time()
        if self._past_parser:
            data = self._take(data)
            if not data:
                return
        self._fruitless += len(data)
        super().data_received(data)
        if self._fruitless > HEAD_LIMIT:
            self._refuse(431, f"The head of a request may have {HEAD_LIMIT} bytes.")
        if self._missing > PAST_PARSER and self.parser is not None:
            self._past_parser, self._missing = self._missing, 0
            self.parser = httptools.HttpRequestParser(self)  # begins with the next request
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)

    def _refuse(self, status: int, text: str) -> None:
        """Say in plain text why the connection ends, unless an answer is under way, and end it."""
        cycle = cast("Cycle | None", self.cycle)
        if cycle is None or cycle.response_complete:
            head = b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
            self.transport.write(STATUS_LINE[status] + head % len(text) + text.encode("ascii"))
        self.transport.close()

    def _take(self, data: bytes) -> bytes:
        """Put what belongs to the large body there; give what follows it."""
        piece = data if len(data) <= self._past_parser else data[: self._past_parser]
        self._past_parser -= len(piece)
        self._collect(piece)
        if not self._past_parser and not self.cycle.response_complete:
            self.cycle.more_body = False
            self.cycle.message_event.set()
        return data[len(piece) :]

    def on_message_begin(self) -> None:
        """A request begins: forget what the last one said of itself (httptools calls this)."""
        self._head_since = self._heard
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self.scope = {**self._common, "headers": self.headers}  # type: ignore[typeddict-item]

    def on_headers_complete(self) -> None:
        """A request's head is complete: begin to answer it, or put it in line (httptools calls this)."""
        parser, scope, url = self.parser, self.scope, self.url
        self._missing = self._announced()
        version = parser.get_http_version()
        if version != "1.1":
            scope["http_version"] = version
        scope["method"] = parser.get_method().decode("ascii")
        if not url.startswith(b"/") or b"#" in url:
            parsed = httptools.parse_url(url)
            path, query = parsed.path, parsed.query or b""
        else:
            path, _, query = url.partition(b"?")
        scope["raw_path"], scope["query_string"] = path, query
        before = cast("Cycle | None", self.cycle)
        self._head_since, self._fruitless = 0.0, 0
        self.cycle = cycle = Cycle(self, keep_alive=version != "1.0" and parser.should_keep_alive())
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Run the application for a request; the task takes itself off the list, which costs less than a callback."""
        task = self.loop.create_task(cast("Cycle", cycle).answer(app, self.tasks))
        self.tasks.add(task)

    def _announced(self) -> int:
        """The length of a body where it is known, and the connection stays HTTP."""
        length = 0
        for name, value in self.headers:
            if name == b"content-length":
                length = int(value) if value.isdigit() else 0
            elif name in (b"transfer-encoding", b"upgrade"):
                return 0
        return length

    def on_body(self, body: bytes) -> None:
        """A piece of a request's body, as the parser found it (httptools calls this)."""
        self._missing, self._fruitless = max(0, self._missing - len(body)), 0
        self._collect(body)

    def _collect(self, body: bytes) -> None:
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.pieces.append(body)
        cycle.collected += len(body)
        if cycle.collected >= PIECE:
            self.flow.pause_reading()
            cycle.message_event.set()


class Cycle(RequestResponseCycle):
    """One request and its answer, of which up to 2 MiB are kept: one system call then sends a short one as a whole."""

    def __init__(self, protocol: Protocol, *, keep_alive: bool) -> None:
        super().__init__(
            scope=protocol.scope,
            transport=protocol.transport,
            flow=protocol.flow,
            logger=protocol.logger,
            access_logger=protocol.access_logger,
            access_log=False,
            default_headers=protocol.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=protocol.expect_100_continue,
            keep_alive=keep_alive,
            on_response=protocol.on_response_complete,
        )
        self.pieces: list[bytes] = []
        self.collected = 0
        self._kept: list[bytes] = []
        self._kept_size = 0

    async def answer(self, app: Any, tasks: set[Any]) -> None:
        """Run the application in one of these tasks; where it leaves an answer incomplete, the connection ends."""
        try:
            await app(self.scope, self.receive, self.send)
        except BaseException as error:  # a connection is left in order even when its task is cancelled
            self.logger.error("the application failed", exc_info=error)
        try:
            if not self.response_complete and not self.disconnected:
                await self._break_off()
        finally:
            self.on_response = _nothing
            tasks.discard(asyncio.current_task())

    async def _break_off(self) -> None:
        """End an answer that the application did not: with a 500 where it did not begin it either."""
        if self.response_started:
            self._send_kept()
            self.transport.close()
        else:
            await self.send_500_response()

    async def receive(self) -> Any:
        """The next piece of the body (ASGI)."""
        if self.waiting_for_100_continue and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.waiting_for_100_continue = False
        if not self.disconnected and not self.response_complete:
            self.flow.resume_reading()
            await self.message_event.wait()
            self.message_event.clear()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        pieces, self.pieces, self.collected = self.pieces, [], 0
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def send(self, message: Any) -> None:
        """Send the next message of the answer: `http.response.start` or `http.response.body` (ASGI)."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if message["type"] == CUT:
            self._cut()
            return
        if not self.response_started:
            self._start(message)
            return
        if self.response_complete:
            raise RuntimeError("a message was sent after the end of the answer")
        body = message.get("body", b"")
        if isinstance(body, Span):
            await self._add_span(body)
        else:
            self._add(body, last=not message.get("more_body", False))

    def _cut(self) -> None:
        """Send what was kept and break off the connection, however much of the answer is missing."""
        if self._kept:
            self._send_kept()
        self.disconnected = True
        self.message_event.set()
        self.transport.close()

    def _start(self, message: Any) -> None:
        """Start the HTTP response: status line and headers, which are held back until the first bytes of the body."""
        if message["type"] != "http.response.start":
            raise RuntimeError(f"the answer begins with {message['type']}")
        self.response_started, self.waiting_for_100_continue = True, False
        status = message["status"]
        lines = [STATUS_LINE[status]]
        for name, value in (*self.default_headers, *message["headers"]):
            if name == b"content-length":
                self.chunked_encoding, self.expected_content_length = False, int(value)
            elif name == b"connection" and value == b"close":
                self.keep_alive = False
                continue
            lines.append((_line if len(value) < REMEMBERED else _checked)(name, value))
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
        if self.chunked_encoding is None and self.scope["method"] != "HEAD" and status not in _NO_BODY:
            self.chunked_encoding = True
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        self._keep(b"".join(lines))

    def _keep(self, data: bytes) -> None:
        self._kept.append(data)
        self._kept_size += len(data)

    def _add(self, body: bytes, *, last: bool) -> None:
        """Add to the answer; send what was kept if it is enough, or the last of it."""
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
        elif self.chunked_encoding:
            if body:
                self._keep(b"%x\r\n" % len(body))
                self._keep(body)
                self._keep(b"\r\n")
            if last:
                self._keep(b"0\r\n\r\n")
        elif body:
            self.expected_content_length -= len(body)
            if self.expected_content_length < 0:
                raise RuntimeError("the answer is longer than its Content-Length")
            self._keep(body)
        if last and self.expected_content_length:
            raise RuntimeError("the answer is shorter than its Content-Length")
        if last or self._kept_size >= PIECE:
            self._send_kept()
        if last:
            self.response_complete = True
            self.message_event.set()
            if not self.keep_alive:
                self.transport.close()
            self.on_response()

    async def _add_span(self, span: Span) -> None:
        """Add bytes of a file, which the system sends from there where they come next and nothing encrypts them."""
        if self.scope["method"] == "HEAD" or self.chunked_encoding or span.size > self.expected_content_length:
            self._add(span.read(), last=False)
            return
        self._send_kept()
        if self.transport.get_write_buffer_size() or self.scope["scheme"] != "http":
            self._add(span.read(), last=False)
            return
        sent = await send_file(self.transport, span.descriptor, span.at, span.size)
        self.expected_content_length -= sent
        if sent < span.size:
            self._add(os.pread(span.descriptor, span.size - sent, span.at + sent), last=False)

    def _send_kept(self) -> None:
        kept, self._kept, self._kept_size = self._kept, [], 0
        self.transport.writelines(kept)


def _nothing() -> None:
    """Nothing is sent any more: the answer is over."""


def _checked(name: bytes, value: bytes) -> bytes:
    """Write a header; RuntimeError where it would be something else."""
    if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
        raise RuntimeError("a header of the answer is none")
    return name.lower() + b": " + value + b"\r\n"


_line = lru_cache(maxsize=2048)(_checked)
