"""A proxy before an emulator that writes down every call, so that it can be compared with recorded ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3

_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "host", "keep-alive"}


@dataclass(frozen=True)
class Seen:
    """One call that went through: verb, path with query, request body as text, status."""

    method: str
    target: str
    body: str
    status: int


@dataclass
class Recorder:
    """What went through the proxy so far."""

    base_url: str = ""
    calls: list[Seen] = field(default_factory=list)

    def take(self) -> list[Seen]:
        """The calls since the last time."""
        taken, self.calls = self.calls, []
        return taken


@contextmanager
def recording(upstream: str) -> Iterator[Recorder]:
    """Run a proxy on a free port that passes everything on to `upstream`."""
    recorder = Recorder()
    pool = urllib3.PoolManager(maxsize=16, retries=False)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            """Pass one request on and its answer back."""
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            answer = pool.request(
                self.command, upstream + self.path, body=body or None, headers=headers, redirect=False
            )
            recorder.calls.append(Seen(self.command, self.path, body.decode(errors="replace"), answer.status))
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.data)))
            self.end_headers()
            self.wfile.write(answer.data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    recorder.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        pool.clear()
