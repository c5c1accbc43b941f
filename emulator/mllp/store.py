"""The HL7v2 store and the subscription that the adapter works for, over the running emulator's REST APIs."""

from __future__ import annotations

import base64
import http.client
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

Json = dict[str, Any]
_TIMEOUT = 120.0
"""Seconds without an answer until a call has failed."""


class StoreError(Exception):
    """A call that failed: one sentence, without any of the message."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the emulator answers, and the access token to use there."""

    host: str
    port: int
    token: str


class Api:
    """Calls of the emulator's REST APIs, from any thread: each has a connection of its own that stays open.

    `find` says where the emulator is. It is asked again when a connection can't be made, since an emulator that was
    started anew may be elsewhere.
    """

    def __init__(self, find: Callable[[], Endpoint]) -> None:
        self._find = find
        self._threads = threading.local()

    def call(self, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        """The status and the JSON answer. Raises StoreError where there is none.

        A call is made once more where the connection was lost: all calls of the adapter may be repeated.
        """
        try:
            return self._call(method, path, body)
        except (OSError, http.client.HTTPException):
            self._threads.open = None
        try:
            return self._call(method, path, body)
        except (OSError, http.client.HTTPException) as error:
            self._threads.open = None
            raise StoreError(f"The emulator did not answer ({type(error).__name__}).") from None
        except ValueError:
            raise StoreError("The emulator's answer is not JSON.") from None

    def _call(self, method: str, path: str, body: Json | None) -> tuple[int, Json]:
        connection, token = self._connection()
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection.request(method, quote(path, safe="/:?=&"), data, {**headers, "X-GOOG-API-FORMAT-VERSION": "2"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")

    def _connection(self) -> tuple[http.client.HTTPConnection, str]:
        if getattr(self._threads, "open", None) is None:
            place = self._find()
            self._threads.open = http.client.HTTPConnection(place.host, place.port, timeout=_TIMEOUT), place.token
        return self._threads.open  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Store:
    """An HL7v2 store, by its resource name."""

    api: Api
    name: str

    def ingest(self, message: bytes) -> bytes:
        """The ACK or NACK for a message. Raises StoreError where there is neither: then it is not stored."""
        data = base64.b64encode(message).decode()
        path = f"/v1/{self.name}/messages:ingest"
        status, answer = self.api.call("POST", path, {"message": {"data": data}})
        reply = answer.get("hl7Ack") if status == 200 else _nack(answer)
        if reply is None:
            raise StoreError(_sentence("The message was not taken", status, answer))
        return base64.b64decode(reply)

    def message(self, name: str) -> bytes:
        """The raw bytes of a message of this store. Raises StoreError for one of another store or that is gone."""
        if name.rpartition("/messages/")[0] != self.name:
            raise StoreError(f"{name} is not a message of {self.name}.")
        status, answer = self.api.call("GET", f"/v1/{name}?view=RAW_ONLY")
        if status != 200:
            raise StoreError(_sentence("The message could not be read", status, answer))
        return base64.b64decode(answer.get("data", ""))


@dataclass(frozen=True)
class Subscription:
    """A Pub/Sub subscription, by its resource name."""

    api: Api
    name: str

    def pull(self, most: int) -> list[tuple[str, str]]:
        """Up to `most` messages: (ack id, data as text). Waits a while for the first. Raises StoreError."""
        received = self._call("pull", {"maxMessages": most}).get("receivedMessages", [])
        return [
            (each["ackId"], base64.b64decode(each["message"].get("data", "")).decode(errors="replace"))
            for each in received
        ]

    def acknowledge(self, ack_id: str) -> None:
        """Say that a message needs no delivery any more. Raises StoreError."""
        self._call("acknowledge", {"ackIds": [ack_id]})

    def redeliver(self, ack_id: str) -> None:
        """Say that a message is to be delivered again. Raises StoreError."""
        self._call("modifyAckDeadline", {"ackIds": [ack_id], "ackDeadlineSeconds": 0})

    def _call(self, verb: str, body: Json) -> Json:
        status, answer = self.api.call("POST", f"/v1/{self.name}:{verb}", body)
        if status != 200:
            raise StoreError(_sentence(f"{self.name}:{verb} failed", status, answer))
        return answer


def _nack(answer: Json) -> str | None:
    """The NACK in an error's IngestMessageErrorDetail, in base64."""
    details = answer.get("error", {}).get("details", [])
    return next((each["hl7Nack"] for each in details if each.get("hl7Nack")), None)


def _sentence(what: str, status: int, answer: Json) -> str:
    error = answer.get("error", {})
    return f"{what}: {status} {error.get('status', '')}: {error.get('message', '')}"
