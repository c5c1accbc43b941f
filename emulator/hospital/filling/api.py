"""Calls of a running emulator's APIs as its owner, from any thread, and the same call for many things at a time."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from emulator.serving.server import StartError

Json = dict[str, Any]
JSON = "application/json"
_TIMEOUT, _POLL_SECONDS = 600.0, 0.05
_IDLE_SECONDS = 1.0
_THREADS = 4
_PAGE = 1000
_Thing = TypeVar("_Thing")


class Refusal(StartError):
    """A call that was refused, with its HTTP status, or with 0 where an operation or a job failed."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Api:
    """The emulator at an address; each thread has a connection of its own, which stays open until `close`."""

    def __init__(self, url: str, token: str) -> None:
        """`url` has scheme, host and port only, `token` is the owner's."""
        self.url = url
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/dicom+json, */*"}
        self._threads = threading.local()
        self._opened: list[http.client.HTTPConnection] = []

    def call(self, method: str, path: str, body: object = None, kind: str = JSON) -> Any:
        """The JSON that a request is answered with, None where there is none.

        `body` is bytes of the media type `kind`, or is sent as JSON. Raises Refusal.
        """
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection = self._connection()
        connection.request(method, quote(path, safe="/:?=&%,"), data, {**self._headers, "Content-Type": kind})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= http.client.BAD_REQUEST:
            raise Refusal(answer.status, f"{_without_query(path)} was refused: {_message(answer.status, text)}")
        return json.loads(text) if text else None

    def ensure(self, path: str, body: Json) -> bool:
        """POST; whether it made something: what is there already stays. Raises Refusal."""
        try:
            self.call("POST", path, body)
        except Refusal as refusal:
            if refusal.status != http.client.CONFLICT:
                raise
            return False
        return True

    def pages(self, path: str, key: str) -> Iterator[Json]:
        """The entries of a list, all pages of it (AIP-158); `path` may have a query."""
        token = ""
        joint = "&" if "?" in path else "?"
        while True:
            page = self.call("GET", f"{path}{joint}pageSize={_PAGE}&pageToken={token}") or {}
            yield from page.get(key, [])
            token = page.get("nextPageToken", "")
            if not token:
                return

    def operate(self, path: str, body: Json) -> Json:
        """What a long-running operation of Healthcare answers once it is done. Raises Refusal where it failed."""
        operation = self.call("POST", path, body)
        while not operation.get("done"):
            time.sleep(_POLL_SECONDS)
            operation = self.call("GET", f"/v1/{operation['name']}")
        if "error" in operation:
            raise Refusal(0, f"{path} failed: {operation['error'].get('message')}")
        counted = operation.get("metadata", {}).get("counter", {})
        if int(counted.get("failure", 0)):
            raise Refusal(0, f"{path} failed for {counted['failure']} of what it was about; see the emulator's log.")
        response: Json = operation.get("response", {})
        return response

    def for_each(self, do: Callable[[_Thing], object], things: Iterable[_Thing]) -> int:
        """Do it for each thing, some at a time; how many there were. The first error ends it and is raised.

        Things are taken when their turn comes, so that they need not all be in memory.
        """
        try:
            with ThreadPoolExecutor(_THREADS) as pool:
                return _spread(pool, do, iter(things))
        finally:
            self.close()

    def close(self) -> None:
        """Close the connections; a thread that goes on calling opens its own again."""
        while self._opened:
            self._opened.pop().close()
        self._threads = threading.local()

    def _connection(self) -> http.client.HTTPConnection:
        if not hasattr(self._threads, "open"):
            address = urlsplit(self.url)
            self._threads.open = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_TIMEOUT)
            self._opened.append(self._threads.open)
        opened: http.client.HTTPConnection = self._threads.open
        now = time.monotonic()
        if now - getattr(self._threads, "used", now) > _IDLE_SECONDS:
            opened.close()  # the other side may have done so: it is opened anew
        self._threads.used = now
        return opened


def _without_query(path: str) -> str:
    return path.partition("?")[0]


def _message(status: int, text: bytes) -> str:
    """What a refusal says: Google's form of errors, or FHIR's."""
    try:
        said = json.loads(text)
        return str(said["error"]["message"] if "error" in said else said["issue"][0]["diagnostics"])
    except (ValueError, LookupError, TypeError):
        return f"HTTP {status}."


def _spread(pool: ThreadPoolExecutor, do: Callable[[_Thing], object], things: Iterator[_Thing]) -> int:
    """Have a pool do it for each thing, of which few are waiting at a time; how many there were."""
    done = 0
    running: set[Future[object]] = set()
    while True:
        running |= {pool.submit(do, each) for each in itertools.islice(things, 2 * _THREADS - len(running))}
        if not running:
            return done
        ended, running = wait(running, return_when=FIRST_COMPLETED)
        for each in ended:
            each.result()
            done += 1
