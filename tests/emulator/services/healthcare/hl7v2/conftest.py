"""Fixtures: an HL7v2 store of its own for a test, with Google's client on it."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from googleapiclient.errors import HttpError

Json = dict[str, Any]


@dataclass(frozen=True)
class Hl7V2Store:
    """An HL7v2 store and its messages through Google's client, of v1 unless said otherwise."""

    name: str
    stores: Any

    @property
    def messages(self) -> Any:
        """projects.locations.datasets.hl7V2Stores.messages of the client."""
        return self.stores.messages()

    def create(self, raw: bytes, **more: Any) -> Json:
        """The message that messages.create makes."""
        body = {"message": {"data": encoded(raw), **more}}
        made: Json = self.messages.create(parent=self.name, body=body).execute()
        return made

    def ingest(self, raw: bytes, **more: Any) -> tuple[bytes, Json]:
        """The ACK and the message that messages.ingest makes."""
        body = {"message": {"data": encoded(raw), **more}}
        answer = self.messages.ingest(parent=self.name, body=body).execute()
        return base64.b64decode(answer["hl7Ack"]), answer["message"]

    def get(self, name: str, **parameters: str) -> Json:
        """A message."""
        found: Json = self.messages.get(name=name, **parameters).execute()
        return found

    def list(self, **parameters: Any) -> list[Json]:
        """The messages of a page."""
        found: list[Json] = self.messages.list(parent=self.name, **parameters).execute().get("hl7V2Messages", [])
        return found


def encoded(raw: bytes) -> str:
    """Bytes as the API takes them."""
    return base64.b64encode(raw).decode()


def refused(error: HttpError) -> tuple[int, str, list[Json]]:
    """Code, sentence and details of an error."""
    (message,) = {each["message"] for each in error.error_details if "message" in each} or {error.reason}
    return int(error.resp.status), message, error.error_details


@pytest.fixture
def make_hl7v2(healthcare: Any, dataset: str, unique: Callable[[str], str]) -> Callable[..., Hl7V2Store]:
    """Creates a store; `make_hl7v2(parserConfig={...})`, by another client with `client=...`."""

    def make(client: Any = healthcare, parent: str = dataset, **body: Any) -> Hl7V2Store:
        stores = client.projects().locations().datasets().hl7V2Stores()
        made = stores.create(parent=parent, hl7V2StoreId=unique("hl7v2"), body=body).execute()
        return Hl7V2Store(made["name"], stores)

    return make


@pytest.fixture
def hl7v2(make_hl7v2: Callable[..., Hl7V2Store]) -> Hl7V2Store:
    """An empty store with Google's defaults."""
    return make_hl7v2()
