"""A service account to work with, and its key as Google's auth library takes it."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.emulator import RunningEmulator

Names = Callable[[str], str]


@dataclass(frozen=True)
class Account:
    """A service account made for one test."""

    name: str
    email: str
    unique_id: str

    @property
    def member(self) -> str:
        """As policies name it."""
        return f"serviceAccount:{self.email}"


@pytest.fixture
def accounts(google_api: Callable[[str, str], Any]) -> Any:
    """projects.serviceAccounts of IAM v1."""
    return google_api("iam", "v1").projects().serviceAccounts()


@pytest.fixture
def account(accounts: Any, emulator: RunningEmulator, unique: Names) -> Account:
    """A new service account."""
    body = {"accountId": unique("account"), "serviceAccount": {"displayName": "For a test"}}
    made = accounts.create(name=f"projects/{emulator.project}", body=body).execute()
    return Account(made["name"], made["email"], made["uniqueId"])


def key_file(accounts: Any, account: Account) -> dict[str, Any]:
    """The JSON of a new key of the account."""
    made = accounts.keys().create(name=account.name, body={}).execute()
    file: dict[str, Any] = json.loads(base64.b64decode(made["privateKeyData"]))
    return file
