"""HTTP to the emulator: a pool of connections, the official plugin's retry rules, Google's errors as exceptions."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import urllib3

from emulator.provider.model import Call, expand
from emulator.provider.settings import ONLY_LOOPBACK, ConfigError, Settings, is_loopback

_RETRIED = {429, 500, 502, 503}
# Seconds between tries. The official plugin waits 0.5, 1, 1.5 ... 90 s for a distant service; this one is next door.
_PAUSES = (0.1, 0.1, 0.2, 0.3, 0.5, 0.8, 1.3, 2.1)
# Refusals that pass by themselves, known by a part of their text (terraform-provider-google's retry predicates).
_PASSING = {
    400: ("retry this operation", "Another activation or deactivation is in progress"),
    404: ("dataset not initialized",),
    409: ("operationInProgress", "too many concurrent edits"),
}


class RestError(Exception):
    """An answer that is an error: HTTP status, Google's status word, and Google's message."""

    def __init__(self, code: int, status: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.message = message

    def __str__(self) -> str:
        word = f" {self.status}" if self.status else ""
        return f"{self.message} (HTTP {self.code}{word})"


class UnreachableError(Exception):
    """The emulator does not answer, as one sentence with what to do."""


class CancelledError(Exception):
    """The engine asked to stop while the provider waited to try again."""

    def __init__(self) -> None:
        super().__init__("stopped at the engine's request; nothing more was sent")


@dataclass(frozen=True)
class Body:
    """A request's body that is not JSON: its media type, its bytes, and further headers."""

    content_type: str
    data: bytes
    headers: Mapping[str, str]


class Rest:
    """The REST client of one configured provider, used by many threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.cancelled = threading.Event()
        timeout = urllib3.Timeout(connect=5, read=settings.timeout)
        self._pool = urllib3.PoolManager(maxsize=32, retries=False, timeout=timeout)
        self._token = settings.access_token
        self._token_lock = threading.Lock()

    def call(self, service: str, call: Call, values: Mapping[str, Any], body: Any = None, *, version: str = "") -> Any:
        """Make a declared call with the values of its templates; gives the answer's JSON ({} for an empty answer).

        A `version` takes the place of the endpoint's own, as in the generated clients of the official plugin.

        Raises RestError, UnreachableError, CancelledError, and ConfigError for a service without an endpoint.
        """
        base = self._versioned(service, version) if version else self.settings.endpoint(service)
        url = base + expand(call.path, values)
        query = {name: expand(value, values, escape=False) for name, value in call.query.items()}
        return self.send(call.method, url, {"alt": "json", **query}, body)

    def _versioned(self, service: str, version: str) -> str:
        base = self.settings.endpoint(service).rstrip("/")
        stem = base.rsplit("/", 1)[0] if urlsplit(base).path else base
        return f"{stem}/{version}/"

    def send(self, method: str, url: str, query: Mapping[str, str], body: Any = None) -> Any:
        """One request, tried again while the answer is one that passes; `body` is JSON or a Body."""
        status, _, data = self.exchange(method, url, query, body)
        if status == 204 or not data:
            return {}
        try:
            return json.loads(data)
        except ValueError as error:
            raise RestError(status, "", f"the answer to {method} {urlsplit(url).path} is not JSON") from error

    def exchange(
        self, method: str, url: str, query: Mapping[str, str], body: Any = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """As `send`, giving status, headers and bytes of a good answer."""
        if not is_loopback(url):
            raise ConfigError(f"{urlsplit(url).netloc} is not on this machine: {ONLY_LOOPBACK}")
        target = url + "".join(
            f"{'&' if i else '?'}{name}={quote(value, safe='')}"
            for i, (name, value) in enumerate(sorted(query.items()))
        )
        pauses: Iterator[float] = iter(_PAUSES)
        while True:
            try:
                answer = self._once(method, target, body)
            except urllib3.exceptions.NewConnectionError as error:
                raise UnreachableError(_unreachable(url)) from error
            except urllib3.exceptions.HTTPError as error:
                if method == "POST" or not self.pause(pauses):
                    raise UnreachableError(f"{method} {urlsplit(url).path} got no answer: {error}") from error
                continue
            if answer.status < 300:
                return answer.status, answer.headers, answer.data
            if not _passes(answer.status, answer.data) or not self.pause(pauses):
                raise _error(answer.status, answer.data)

    def pause(self, pauses: Iterator[float]) -> bool:
        """Wait before the next try; False when there is none left. Raises CancelledError when the engine stops us."""
        seconds = next(pauses, None)
        if seconds is None:
            return False
        if self.cancelled.wait(seconds):
            raise CancelledError
        return True

    def _once(self, method: str, url: str, body: Any) -> urllib3.BaseHTTPResponse:
        headers = {"Authorization": f"Bearer {self.token()}", "User-Agent": "healthcare-cloud-poc-provider"}
        if self.settings.billing_project:
            headers["X-Goog-User-Project"] = self.settings.billing_project
        data: bytes | None = None
        if isinstance(body, Body):
            data = body.data
            headers |= {"Content-Type": body.content_type, **body.headers}
        elif body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        return self._pool.request(method, url, body=data, headers=headers, redirect=False)

    def token(self) -> str:
        """The access token: the configured one, or one got with the configured service-account key (once)."""
        with self._token_lock:
            if not self._token:
                self._token = self._fetch_token()
            return self._token

    def _fetch_token(self) -> str:
        if not self.settings.credentials:
            raise ConfigError(
                'no credentials: run `eval "$(python -m emulator env)"`, which sets GOOGLE_OAUTH_ACCESS_TOKEN, '
                "or set gcp:accessToken"
            )
        from google.auth.exceptions import GoogleAuthError  # needed with a key file only
        from google.auth.transport.urllib3 import Request
        from google.oauth2.service_account import Credentials

        try:
            key = json.loads(self.settings.credentials)
            if not is_loopback(str(key.get("token_uri", ""))):
                raise ConfigError(f"the credentials' token_uri is {key.get('token_uri')}, but {ONLY_LOOPBACK}")
            scopes = ["https://www.googleapis.com/auth/cloud-platform"]
            credentials = Credentials.from_service_account_info(key, scopes=scopes)
            credentials.refresh(Request(self._pool))
        except (ValueError, GoogleAuthError) as error:
            raise ConfigError(f"no access token for the configured credentials: {error}") from error
        return str(credentials.token)


def _unreachable(url: str) -> str:
    parts = urlsplit(url)
    return (
        f"the emulator does not answer at {parts.scheme}://{parts.netloc}; start it with `python -m emulator start`, "
        "or correct the gcp:*CustomEndpoint keys of the stack's configuration"
    )


def _passes(status: int, data: bytes) -> bool:
    if status in _RETRIED:
        return True
    text = data.decode(errors="replace")
    return any(part in text for part in _PASSING.get(status, ()))


def _error(status: int, data: bytes) -> RestError:
    """Google's error body as an exception; any other body as its first line."""
    try:
        error = json.loads(data)["error"]
        return RestError(int(error.get("code", status)), str(error.get("status", "")), str(error["message"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        first = data.decode(errors="replace").strip().splitlines()[:1]
        return RestError(status, "", first[0][:200] if first else "the answer has no message")
