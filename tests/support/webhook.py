"""An HTTP endpoint on this machine that keeps what is posted to it and answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

from tests.support.patience import PATIENCE


@dataclass
class Posted:
    """One request: its path, headers and body."""

    path: str
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.body)


@dataclass
class Endpoint:
    """Where to post to, the statuses of the next answers (the last one stays), and what came."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [204])
    posted: list[Posted] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, request: Posted) -> int:
        """Keep a request; the status to answer."""
        with self._changed:
            self.posted.append(request)
            self._changed.notify_all()
            return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]

    def wait_for(self, count: int) -> list[Posted]:
        """What came, once that are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.posted) >= count, PATIENCE)
            return list(self.posted)


@contextmanager
def serving() -> Iterator[Endpoint]:
    """An endpoint that answers 204 until it is told otherwise."""
    made = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(made.take(Posted(self.path, self.headers, body)))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()
