"""Calls, tries and errors, against a server that answers what a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from emulator.provider import rest as rest_module
from emulator.provider.model import Call, UnknownVariableError, expand, parse
from emulator.provider.rest import CancelledError, Rest, RestError, UnreachableError
from emulator.provider.settings import ConfigError, Settings
from emulator.provider.values import UNKNOWN


class Server(ThreadingHTTPServer):
    """Answers with the next of its `answers`: a status and a body."""

    daemon_threads = True
    answers: list[tuple[int, Any]]
    seen: list[tuple[str, str, str]]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def answer(self) -> None:
        """Note the request and answer it."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.server.seen.append((self.command, self.path, body))
        status, answer = self.server.answers.pop(0)
        if status == 0:
            self.close_connection = True
            return
        data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing is logged."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on a free port."""
    running = Server(("127.0.0.1", 0), _Handler)
    running.answers, running.seen = [], []
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def client(server: Server, monkeypatch: pytest.MonkeyPatch) -> Rest:
    """A client of that server, which does not wait between tries."""
    monkeypatch.setattr(rest_module, "_PAUSES", (0.0,) * 4)
    base = f"http://127.0.0.1:{server.server_address[1]}/v1beta1/"
    return Rest(Settings(access_token="t", endpoints={"healthcare": base}))


GET = Call("GET", "{+parent}/things/{name}", {"view": "{view}"})
VALUES = {"parent": "projects/p", "name": "a/b c", "view": "FULL & more"}


def test_a_call_fills_its_templates(server: Server, client: Rest) -> None:
    server.answers = [(200, {"ok": True}), (200, {}), (204, "")]
    assert client.call("healthcare", GET, VALUES) == {"ok": True}
    assert client.call("healthcare", Call("POST", "x"), {}, {"a": 1}, version="v1") == {}
    assert client.call("healthcare", Call("DELETE", "x"), {}) == {}
    assert server.seen == [
        ("GET", "/v1beta1/projects/p/things/a%2Fb%20c?alt=json&view=FULL%20%26%20more", ""),
        ("POST", "/v1/x?alt=json", '{"a": 1}'),
        ("DELETE", "/v1beta1/x?alt=json", ""),
    ]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_passing_trouble_is_tried_again(server: Server, client: Rest, status: int) -> None:
    server.answers = [(status, "busy"), (status, "busy"), (200, {"ok": True})]
    assert client.call("healthcare", GET, VALUES) == {"ok": True}
    server.answers = [(status, {"error": {"code": status, "message": "Busy.", "status": "X"}})] * 5
    with pytest.raises(RestError, match=rf"^Busy\. \(HTTP {status} X\)$"):
        client.call("healthcare", GET, VALUES)


@pytest.mark.parametrize(
    ("status", "text"), [(404, "the dataset not initialized yet"), (400, "please retry this operation")]
)
def test_refusals_that_pass_are_tried_again(server: Server, client: Rest, status: int, text: str) -> None:
    server.answers = [(status, text), (200, {})]
    assert client.call("healthcare", GET, VALUES) == {}
    server.answers = [(status, "no")]
    with pytest.raises(RestError):
        client.call("healthcare", GET, VALUES)


def test_a_lost_answer_is_asked_for_again_unless_it_may_have_made_something(server: Server, client: Rest) -> None:
    server.answers = [(0, ""), (200, {"ok": True})]
    assert client.call("healthcare", GET, VALUES) == {"ok": True}
    server.answers = [(0, "")]
    with pytest.raises(UnreachableError, match="POST /v1beta1/x got no answer"):
        client.call("healthcare", Call("POST", "x"), {}, {})


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            {"error": {"code": 403, "message": "Denied.", "status": "PERMISSION_DENIED"}},
            "Denied. (HTTP 403 PERMISSION_DENIED)",
        ),
        ("<html>\nnginx", "<html> (HTTP 403)"),
        ("", "the answer has no message (HTTP 403)"),
        ([], "[] (HTTP 403)"),
    ],
)
def test_errors_carry_googles_message(server: Server, client: Rest, answer: Any, message: str) -> None:
    server.answers = [(403, answer)]
    with pytest.raises(RestError) as refused:
        client.call("healthcare", GET, VALUES)
    assert str(refused.value) == message


def test_what_leads_away_is_not_followed(server: Server, client: Rest) -> None:
    server.answers = [(302, "")]
    with pytest.raises(RestError):
        client.call("healthcare", GET, VALUES)
    with pytest.raises(ConfigError, match=r"www\.example\.com is not on this machine"):
        client.send("GET", "https://www.example.com/", {})


def test_nobody_there_is_told_at_once() -> None:
    nobody = Rest(Settings(access_token="t", endpoints={"kms": "http://127.0.0.1:9/v1/"}))
    with pytest.raises(
        UnreachableError, match=r"does not answer at http://127\.0\.0\.1:9; start it with `python -m emu"
    ):
        nobody.call("kms", Call("GET", "x"), {})


def test_a_cancelled_client_stops_waiting(server: Server, client: Rest) -> None:
    server.answers = [(503, "busy")]
    client.cancelled.set()
    with pytest.raises(CancelledError):
        client.call("healthcare", GET, VALUES)


def test_templates() -> None:
    assert expand("{+a}/{b}", {"a": "x/y", "b": "x/y"}) == "x/y/x%2Fy"
    assert expand("{a}", {"a": True}, escape=False) == "true"
    for missing in ({}, {"a": None}, {"a": UNKNOWN}):
        with pytest.raises(UnknownVariableError, match="a"):
            expand("{a}", missing)
    assert parse("projects/{p}/topics/{t}", "projects/x/topics/y") == {"p": "x", "t": "y"}
    assert parse("{+d}/stores/{s}", "a/b/c/stores/s") == {"d": "a/b/c", "s": "s"}
    assert parse("projects/{p}/topics/{t}", "projects/x/topics/y/z") is None
    assert parse("{p}", "a b") is None
