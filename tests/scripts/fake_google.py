"""A server with canned answers, for what a healthy emulator does not do: refuse, stall, report failures."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Call:
    """One request that came in."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


class FakeGoogle:
    """Answers `METHOD /path` with what was said with `answers`; the last answer is given again and again."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._answers: dict[tuple[str, str], list[tuple[int, bytes, str]]] = defaultdict(list)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def root(self) -> str:
        """The root URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def answers(
        self, method: str, path: str, body: Any = None, status: int = 200, content_type: str = "application/json"
    ) -> None:
        """Answer requests of `path` with `body` (JSON, or bytes as they are); several calls queue up."""
        raw = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
        self._answers[method, path].append((status, raw, content_type))

    def refuses(self, method: str, path: str, status: int, message: str) -> None:
        """Refuse requests of `path` as Google's APIs do."""
        self.answers(method, path, {"error": {"code": status, "message": message}}, status)

    def made(self, method: str, path: str) -> list[Call]:
        """The requests of `path` so far."""
        return [call for call in self.calls if (call.method, call.path) == (method, path)]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, call: Call) -> tuple[int, bytes, str]:
        self.calls.append(call)
        queue = self._answers.get((call.method, call.path))
        if not queue:
            message = f"the test has no answer for {call.method} {call.path}"
            return 404, json.dumps({"error": {"code": 404, "message": message}}).encode(), "application/json"
        return queue.pop(0) if len(queue) > 1 else queue[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                call = Call(self.command, parts.path, parse_qsl(parts.query), headers, body)
                status, raw, content_type = fake._answer(call)
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
