"""An HL7v2 store's REST API, with the HTTP session of Google's own library: refusals keep their NACK."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from scripts.connection import TIMEOUT_SECONDS, Connection
from scripts.errors import ApiFailure
from scripts.patience import patiently

if TYPE_CHECKING:
    from infra.outputs import Hl7v2StoreOutputs

Json = dict[str, Any]

PAGE = 1000
"""Messages a page: the most that Google gives (hl7V2Stores.messages.list)."""


class Refused(ApiFailure):
    """A message that the store does not take. The sentence quotes none of it."""


class Hl7v2Store:
    """The REST API of one store. Threads may share it."""

    def __init__(self, target: Connection, store: Hl7v2StoreOutputs) -> None:
        """Take the stack's connection, and which of its stores."""
        self._session = target.session
        self._root = f"{target.address}/v1/"
        self.name = store.name
        self.url = f"{self._root}{store.name}"

    def ingest(self, raw: bytes) -> None:
        """Give the store a message. Raises Refused for a NACK, ApiFailure for what is not about the message."""
        body = {"message": {"data": base64.b64encode(raw).decode()}}
        answer = self._send("POST", f"{self.url}/messages:ingest", json=body)
        if answer.status_code < 400:
            return
        failure = _failure(answer)
        if _has_nack(answer):
            raise Refused(failure.code, f"the store answers with a NACK: {failure.message}")
        raise failure

    def read(self, message: str) -> bytes:
        """The bytes of a message, by its id, "messages/ID" or its full name. Raises ApiFailure."""
        name = (
            message if message.startswith("projects/") else f"{self.name}/messages/{message.removeprefix('messages/')}"
        )
        answer = self._send("GET", f"{self._root}{name}", params={"view": "RAW_ONLY"})
        if answer.status_code >= 400:
            raise _failure(answer)
        return base64.b64decode(answer.json()["data"])

    def list(self, wanted: str, *, newest_first: bool, limit: int | None) -> Iterator[Json]:
        """The messages that a filter finds, "" for all, ordered by sendTime, without their fields."""
        return self._messages("FULL", wanted, "send_time desc" if newest_first else "send_time", limit)

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """The name and the bytes of each message."""
        for message in self._messages("RAW_ONLY", "", "send_time", None):
            yield message["name"], base64.b64decode(message["data"])

    def _messages(self, view: str, wanted: str, order: str, limit: int | None) -> Iterator[Json]:
        """The messages of all pages, at most `limit` (None: all)."""
        parameters = {"view": view, "filter": wanted, "orderBy": order}
        given, token = 0, ""
        while True:
            size = PAGE if limit is None else min(PAGE, limit - given)
            page = self._page({**parameters, "pageSize": size, "pageToken": token})
            for message in page.get("hl7V2Messages", []):
                given += 1
                yield message
            token = page.get("nextPageToken", "")
            if not token or given == limit:
                return

    def _page(self, parameters: Json) -> Json:
        given = {key: value for key, value in parameters.items() if value != ""}
        answer = self._send("GET", f"{self.url}/messages", params=given)
        if answer.status_code >= 400:
            raise _failure(answer)
        page: Json = answer.json()
        return page

    def _send(self, method: str, url: str, **options: Any) -> Any:
        return patiently(lambda: self._session.request(method, url, timeout=TIMEOUT_SECONDS, **options))


def _failure(answer: Any) -> ApiFailure:
    message = _error(answer).get("message")
    return ApiFailure(answer.status_code, str(message or f"The HL7v2 store answered HTTP {answer.status_code}"))


def _has_nack(answer: Any) -> bool:
    return any(isinstance(each, dict) and "hl7Nack" in each for each in _error(answer).get("details", []))


def _error(answer: Any) -> Json:
    try:
        body = answer.json()
    except ValueError:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}
