"""What a replay tells of operations that were under way."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import orjson
import pytest

from emulator.recording.exchanges import NOBODY, Body, Exchange, Head
from emulator.recording.replaying import Replay, Target

URL = "http://127.0.0.1:9470"
POLL = "healthcare.projects.locations.datasets.operations.get"
Answering = dict[str, Any]


@pytest.fixture
def served() -> Iterator[tuple[Replay, Answering]]:
    """A replay against a server, and what that answers to any GET."""
    answer: Answering = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = orjson.dumps(answer)
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing is logged."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    target = Target(f"http://127.0.0.1:{server.server_address[1]}", "p", "1", {"user:owner@p.example": "token"})
    replay = Replay(Head(URL, "p", "1", "user:owner@p.example"), target)
    yield replay, answer
    replay.close()
    server.shutdown()
    thread.join()
    server.server_close()


def places(replay: Replay, then: Answering) -> list[str]:
    """Where the answer to a poll is another than it was."""
    poll = Exchange(1, POLL, "GET", "/v1/o", "", NOBODY, {}, Body(text=""), 200, {}, Body.of(orjson.dumps(then)))
    return [each.place for each in replay.differences(poll)]


def test_how_far_an_operation_was_is_not_compared(served: tuple[Replay, Answering]) -> None:
    replay, answer = served
    answer.update({"name": "o", "metadata": {"counter": {"pending": "42"}}})
    assert places(replay, {"name": "o", "metadata": {"counter": {"pending": "2", "success": "40"}}}) == []


def test_all_else_of_it_is(served: tuple[Replay, Answering]) -> None:
    replay, answer = served
    answer.update({"name": "o", "metadata": {"apiMethodName": "b", "counter": {"pending": "42"}}})
    assert places(replay, {"name": "o", "metadata": {"apiMethodName": "a"}}) == ["metadata.apiMethodName"]


def test_what_came_of_it_is_compared_in_full(served: tuple[Replay, Answering]) -> None:
    replay, answer = served
    answer.update({"name": "o", "done": True, "metadata": {"counter": {"success": "41", "failure": "1"}}})
    then = {"name": "o", "done": True, "metadata": {"counter": {"success": "42"}}}
    assert places(replay, then) == ["metadata.counter.success", "metadata.counter.failure"]
