"""Fixtures of the storage tests: a bucket of one's own, and raw HTTP as the owner."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from google.cloud import storage

from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE


@dataclass(frozen=True)
class Raw:
    """Raw HTTP to one bucket: what clients hide."""

    http: httpx.Client
    bucket: str

    def objects(self, name: str = "", **query: Any) -> httpx.Response:
        """GET of an object, or of the listing."""
        path = f"/storage/v1/b/{self.bucket}/o" + (f"/{quote(name)}" if name else "")
        return self.http.get(path, params=query)

    def upload(self, name: str, data: bytes, headers: dict[str, str] | None = None, **query: Any) -> httpx.Response:
        """A media upload."""
        path = f"/upload/storage/v1/b/{self.bucket}/o"
        return self.http.post(
            path, params={"uploadType": "media", "name": name, **query}, content=data, headers=headers or {}
        )

    def begin(self, name: str, headers: dict[str, str] | None = None, **resource: Any) -> str:
        """The address of a new resumable upload."""
        answer = self.http.post(
            f"/upload/storage/v1/b/{self.bucket}/o",
            params={"uploadType": "resumable", "name": name},
            json=resource,
            headers=headers or {},
        )
        assert answer.status_code == 200, answer.text
        return answer.headers["location"]

    def media(self, name: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """The bytes of an object."""
        path = f"/storage/v1/b/{self.bucket}/o/{quote(name)}"
        return self.http.get(path, params={"alt": "media"}, headers=headers or {})


def quote(name: str) -> str:
    """An object's name inside a URL."""
    from urllib.parse import quote as percent

    return percent(name, safe="")


@pytest.fixture(scope="session")
def http(emulator: RunningEmulator) -> Iterator[httpx.Client]:
    """Raw HTTP as the owner."""
    headers = {"authorization": f"Bearer {emulator.owner_token}"}
    with httpx.Client(base_url=emulator.base_url, headers=headers, timeout=PATIENCE) as client:
        yield client


@pytest.fixture
def bucket(storage_client: storage.Client, unique: Callable[[str], str]) -> storage.Bucket:
    """A new bucket."""
    made: storage.Bucket = storage_client.create_bucket(unique("bucket"))
    return made


@pytest.fixture
def raw(http: httpx.Client, bucket: storage.Bucket) -> Raw:
    """Raw HTTP to that bucket."""
    return Raw(http, bucket.name)


def reason(answer: httpx.Response) -> tuple[int, str]:
    """Status and reason of an error."""
    return answer.status_code, answer.json()["error"]["errors"][0]["reason"]
