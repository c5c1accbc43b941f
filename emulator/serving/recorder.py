"""/_emulator/recording: requests and their answers written to a file while the owner wants it.

The file holds what was sent and answered, patients' data too, so that only its owner may read it. Access tokens and
private keys are not in it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import orjson

from emulator.errors import ApiError, already_exists, failed_precondition, invalid_argument
from emulator.recording.exchanges import NOBODY, OTHER, TOKEN, Body, Exchange, Head, encode
from emulator.state.blob_files import Span
from emulator.state.folder import RECORDINGS
from emulator.state.snapshots import NAME

if TYPE_CHECKING:
    from emulator.app import Emulator

PATH = "/_emulator/recording"
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
_OF_THE_CONNECTION = frozenset(
    ("authorization", "cookie", "host", "content-length", "transfer-encoding", "connection", "expect", "user-agent")
)
_SECRETS = {
    "generateAccessToken": "accessToken",
    "generateIdToken": "token",
    "signJwt": "signedJwt",
    "signBlob": "signedBlob",
    "keys.create": "privateKeyData",
    "hmacKeys.create": "secret",
}
"""By the end of a method's id, the field of its answer that is withheld."""
_WITHHELD = "(withheld)"


class Recorder:
    """A recording that is being made."""

    def __init__(self, emulator: Emulator, name: str) -> None:
        """Begin a file of that name in the state's folder; a 400 for what is no name, a 409 for one that is taken."""
        if not NAME.fullmatch(name):
            raise invalid_argument(
                f'"{name[:80]}" is no name of a recording: letters, digits, ".", "_" and "-", up to 63.'
            )
        folder = emulator.settings.state / RECORDINGS
        folder.mkdir(mode=0o700, exist_ok=True)
        self.path = folder / f"{name}.jsonl"
        self.count = 0
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise already_exists(f"There is a recording {name} already: {self.path}.") from None
        settings = emulator.settings
        self._file = os.fdopen(descriptor, "wb")
        self._file.write(encode(Head(settings.base_url, settings.project, settings.project_number, settings.owner)))

    def shown(self) -> dict[str, Any]:
        """Where the file is, and how many requests it has."""
        return {"file": str(self.path), "requests": self.count}

    def close(self) -> None:
        """End the file; what is still being answered is not in it."""
        self._file.close()

    def begin(self, emulator: Emulator, scope: dict[str, Any]) -> Taking | None:
        """What takes down one request that begins now; None where it is of no API (a page, say)."""
        found = emulator.find(scope["method"], scope["raw_path"].decode("latin-1"))[0]
        if found is None:
            return None
        self.count += 1
        return Taking(self, emulator, scope, found.method.id, self.count)

    def write(self, exchange: Exchange) -> None:
        """Add a request with its answer, unless the recording has ended meanwhile."""
        if not self._file.closed:
            self._file.write(encode(exchange))


class Taking:
    """One request as it is taken down on its way."""

    def __init__(self, recorder: Recorder, emulator: Emulator, scope: dict[str, Any], method: str, number: int) -> None:
        self._recorder, self._scope, self._method, self._number = recorder, scope, method, number
        self._headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        self._caller = _caller(emulator, self._headers, scope["query_string"].decode("latin-1"))
        self._sent: list[bytes] = []
        self._answered: list[bytes] = []
        self._status = 0
        self._answer_headers: dict[str, str] = {}

    def receiving(self, receive: Receive) -> Receive:
        """A `receive` that keeps what comes."""

        async def kept() -> dict[str, Any]:
            message = await receive()
            self._sent.append(message.get("body", b""))
            return message

        return kept

    def sending(self, send: Send) -> Send:
        """A `send` that keeps what goes."""

        async def kept(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._status = message["status"]
                self._answer_headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in message["headers"]}
            body = message.get("body", b"")
            self._answered.append(body.read() if isinstance(body, Span) else body)
            await send(message)

        return kept

    def end(self) -> None:
        """Write it down."""
        principal, credentials = self._caller
        query = self._scope["query_string"].decode("latin-1")
        path = self._scope["raw_path"].decode("latin-1")
        answer = Body.of(b"".join(self._answered))
        exchange = Exchange(
            self._number,
            self._method,
            self._scope["method"],
            f"{path}?{_without_token(query)}" if query else path,
            principal,
            credentials,
            {k: v for k, v in self._headers.items() if k not in _OF_THE_CONNECTION},
            Body.of(b"".join(self._sent)),
            self._status,
            self._answer_headers,
            _without_secret(self._method, answer),
        )
        self._recorder.write(exchange)


async def answer(holder: Any, http: str, body: dict[str, Any]) -> dict[str, Any]:
    """Begin ({name}), show or end a recording; `holder` has the one that is being made as `recorder`."""
    recorder: Recorder | None = holder.recorder
    if http == "POST":
        if recorder is not None:
            raise failed_precondition(f"A recording is being made already: {recorder.path}.")
        holder.recorder = recorder = await asyncio.to_thread(Recorder, holder.emulator, str(body.get("name", "")))
    if http == "DELETE" and recorder is not None:
        holder.recorder = None
        await asyncio.to_thread(recorder.close)
    return recorder.shown() if recorder is not None else {}


def _caller(emulator: Emulator, headers: dict[str, str], query: str) -> tuple[str, str]:
    """Whose request it is, and how that was known."""
    token = dict(parse_qsl(query)).get("access_token", "")
    try:
        principal = emulator.authenticator.principal(headers, token)
    except ApiError:
        return "", OTHER
    if principal:
        return principal, TOKEN
    signed = "cookie" in headers or "authorization" in headers or "signature=" in query.lower()
    return "", OTHER if signed else NOBODY


def _without_token(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    kept = [pair for pair in pairs if pair[0] != "access_token"]
    return query if len(kept) == len(pairs) else urlencode(kept)


def _without_secret(method: str, body: Body) -> Body:
    """An answer without the token or key that it gives."""
    field = next((name for end, name in _SECRETS.items() if method.endswith(end)), "")
    if not field or body.text is None:
        return body
    try:
        value = orjson.loads(body.text)
    except orjson.JSONDecodeError:
        return body
    return replace(body, text=orjson.dumps({**value, field: _WITHHELD}).decode()) if field in value else body
