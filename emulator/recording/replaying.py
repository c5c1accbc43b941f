"""A recording sent again, one request after another in the order in which they began, and what is different now."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from emulator.recording.exchanges import NOBODY, OTHER, Exchange, Head
from emulator.recording.likeness import Likeness

_POLL_SECONDS = 0.05
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
_PROGRESS = ("operations.get", "bigquery.jobs.get", "bigquery.jobs.getQueryResults")
_HOW_FAR = ("metadata.counter", "metadata.progressCounter", "statistics.")
"""Where an operation or a job that is under way says how far it is."""
_SCOPES = {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}
_SECRETS = frozenset(("accessToken", "token", "signedJwt", "signedBlob", "privateKeyData", "secret"))


@dataclass(frozen=True)
class Target:
    """The emulator that is asked: its address, its project with number, and tokens by principal, the owner's first."""

    url: str
    project: str
    number: str
    tokens: dict[str, str]


@dataclass(frozen=True)
class Difference:
    """A place in an answer where there is something else now; or `now` says why a request was not sent again."""

    number: int
    method: str
    place: str
    then: Any
    now: Any


@dataclass(frozen=True)
class Answer:
    """What the target answered; status 0 where the connection ended."""

    status: int
    headers: dict[str, str]
    data: bytes


class Replay:
    """One recording against one emulator."""

    def __init__(self, head: Head, target: Target, patience: float = 60.0) -> None:
        """`patience` is how many seconds an operation that was done then may take until it is done now."""
        self._head, self._target, self._patience = head, target, patience
        self._likeness = Likeness(_elsewhere(head, target))
        self._owner = next(iter(target.tokens.values()))
        self._tokens = dict(target.tokens)
        self._connection: http.client.HTTPConnection | None = None

    def differences(self, exchange: Exchange) -> Iterator[Difference]:
        """Send a request again; where its answer is not what it was."""
        reason = self._unsendable(exchange)
        if reason:
            yield Difference(exchange.number, exchange.method, "request", "sent", reason)
            return
        path = self._now(exchange.path)
        body = exchange.body.data or b""
        if exchange.body.text is not None:
            body = self._now(exchange.body.text).encode()
        headers = {name: self._now(value) for name, value in exchange.headers.items()}
        answer = self._settled(exchange, path, body, headers)
        for place, then, now in self._compared(exchange, answer):
            yield Difference(exchange.number, exchange.method, place, then, now)

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()

    def _now(self, text: str) -> str:
        return self._likeness.sends(text.replace(_host(self._head.url), _host(self._target.url)))

    def _unsendable(self, exchange: Exchange) -> str:
        """Why a request can't be sent again, "" where it can."""
        if exchange.body.data is None:
            return f"not sent: its body of {exchange.body.size} bytes is not on record"
        if exchange.credentials == OTHER:
            return "not sent: its signature or session can't be made again"
        if exchange.credentials != NOBODY and not self._token(exchange.principal):
            return f"not sent: the owner gets no token for {exchange.principal}"
        return ""

    def _token(self, principal: str) -> str:
        """A token of whoever stands for a principal of the recording; "" where the owner may not have one."""
        now = self._likeness.sends(principal)
        if now not in self._tokens:
            path = f"/v1/projects/-/serviceAccounts/{quote(now.partition(':')[2])}:generateAccessToken"
            headers = {"authorization": f"Bearer {self._owner}", "content-type": "application/json"}
            answer = self._ask("POST", path, orjson.dumps(_SCOPES), headers)
            if answer.status != 200:
                return ""
            self._tokens[now] = orjson.loads(answer.data)["accessToken"]
        return self._tokens[now]

    def _settled(self, exchange: Exchange, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """The answer; of an operation or a job that was done then, once it is done now."""
        if exchange.credentials != NOBODY:
            headers["authorization"] = f"Bearer {self._token(exchange.principal)}"
        until = time.monotonic() + self._patience
        while True:
            answer = self._ask(exchange.http, path, body, headers)
            waits = exchange.method.endswith(_PROGRESS) and _is_done(exchange.answer.data) and answer.status == 200
            if not waits or _is_done(answer.data) or time.monotonic() > until:
                return answer
            time.sleep(_POLL_SECONDS)

    def _ask(self, verb: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        address = urlsplit(self._target.url)
        connection = self._connection or http.client.HTTPConnection(address.hostname or "", address.port, timeout=600)
        self._connection = connection
        try:
            connection.putrequest(verb, path, skip_accept_encoding=True)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            got = connection.getresponse()
            return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
        except (http.client.HTTPException, ConnectionResetError, BrokenPipeError):
            connection.close()
            self._connection = None
            return Answer(0, {}, b"")

    def _compared(self, exchange: Exchange, answer: Answer) -> Iterator[tuple[str, Any, Any]]:
        if exchange.status != answer.status:
            yield "status", exchange.status, answer.status
            return
        if not exchange.status or _progress_differs(exchange, answer):
            return
        data = _addressed(answer, exchange.answer_headers, _host(self._target.url), _host(self._head.url))
        passed_over = _HOW_FAR if _is_under_way(exchange) else ()
        for place, then, now in self._likeness.differences(exchange.answer, data):
            if place not in _SECRETS and not place.startswith(passed_over):  # secrets are not on record
                yield place, then, now
        headers = {k: v.replace(_host(self._target.url), _host(self._head.url)) for k, v in answer.headers.items()}
        yield from self._likeness.header_differences(exchange.answer_headers, headers)


def _elsewhere(head: Head, target: Target) -> dict[str, str]:
    """Values of a recording that are others at the target: its project, and what has the project in its name."""
    pairs = {head.project: target.project, head.number: target.number}
    for then, now in tuple(pairs.items()):
        pairs[f"{then}.iam.gserviceaccount.com"] = f"{now}.iam.gserviceaccount.com"
        pairs[f"{then}.example"] = f"{now}.example"
        pairs[f"service-{then}"] = f"service-{now}"
    return {then: now for then, now in pairs.items() if then != now}


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _is_done(data: bytes | None) -> bool:
    """Whether an operation, a job or a query says that it is over."""
    try:
        value = orjson.loads(data or b"{}")
    except orjson.JSONDecodeError:
        return True
    state = (value.get("status") or {}).get("state") if isinstance(value, dict) else None
    return not isinstance(value, dict) or bool(value.get("done") or value.get("jobComplete") or state == "DONE")


def _is_under_way(exchange: Exchange) -> bool:
    """Whether an operation, a job or a query was under way then."""
    return exchange.method.endswith(_PROGRESS) and not _is_done(exchange.answer.data)


def _progress_differs(exchange: Exchange, answer: Answer) -> bool:
    """Whether something was under way then that is over now, so that the rest can't be compared."""
    return _is_under_way(exchange) and _is_done(answer.data)


def _addressed(answer: Answer, headers: dict[str, str], now: str, then: str) -> bytes:
    """The bytes of an answer with the recording's address and boundary in the place of their own."""
    data = answer.data.replace(now.encode(), then.encode())
    before, after = (_BOUNDARY.search(each.get("content-type", "")) for each in (headers, answer.headers))
    return data.replace(after[1].encode(), before[1].encode()) if before and after else data
