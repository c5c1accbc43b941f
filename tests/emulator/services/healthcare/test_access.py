from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.instances import made
from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

READ, WRITE, DELETE = ("GET", "studies"), ("POST", "studies"), ("DELETE", "studies/1.2.1")


@pytest.fixture
def somebody(emulator: RunningEmulator, unique: Callable[[str], str]) -> tuple[str, str]:
    """A service account without any role: its member name and an access token."""
    account = make_account(emulator, unique("somebody"))
    return account.member, account.token


def ask(store: Store, token: str, what: tuple[str, str]) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/dicom"}
    data = made() if what == WRITE else None
    return requests.request(what[0], f"{store.url}/{what[1]}", headers=headers, data=data, timeout=PATIENCE)


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("", ()),
        ("roles/healthcare.dicomStoreAdmin", (DELETE,)),
        ("roles/healthcare.dicomStoreViewer", ()),
        ("roles/healthcare.dicomViewer", (READ,)),
        ("roles/healthcare.dicomEditor", (READ, WRITE, DELETE)),
    ],
)
def test_role_on_a_store_allows_what_google_s_does(
    healthcare: Any, store: Store, somebody: tuple[str, str], role: str, allowed: tuple[tuple[str, str], ...]
) -> None:
    member, token = somebody
    assert store.post(made()).status_code == 200
    if role:
        policy = {"bindings": [{"role": role, "members": [member]}]}
        stores = healthcare.projects().locations().datasets().dicomStores()
        stores.setIamPolicy(resource=store.name, body={"policy": policy}).execute()
    for what in (READ, WRITE, DELETE):
        answer = ask(store, token, what)
        if what in allowed:
            assert answer.status_code == 200, answer.text
        else:
            assert answer.status_code == 403
            error = answer.json()["error"]
            assert error["status"] == "PERMISSION_DENIED"
            assert "healthcare.dicomStores.dicomWeb" in error["message"]


def test_role_on_the_dataset_is_inherited(healthcare: Any, store: Store, somebody: tuple[str, str]) -> None:
    member, token = somebody
    datasets = healthcare.projects().locations().datasets()
    policy = datasets.getIamPolicy(resource=store.dataset).execute()
    binding = {"role": "roles/healthcare.dicomViewer", "members": [member]}
    policy["bindings"] = [*policy.get("bindings", []), binding]
    datasets.setIamPolicy(resource=store.dataset, body={"policy": policy}).execute()
    assert store.post(made()).status_code == 200
    assert ask(store, token, READ).status_code == 200
    assert ask(store, token, WRITE).status_code == 403


def test_store_role_does_not_reach_the_dataset_s_operations(
    emulator: RunningEmulator, healthcare: Any, store: Store, somebody: tuple[str, str]
) -> None:
    member, token = somebody
    policy = {"bindings": [{"role": "roles/healthcare.dicomEditor", "members": [member]}]}
    healthcare.projects().locations().datasets().dicomStores().setIamPolicy(
        resource=store.name, body={"policy": policy}
    ).execute()
    code, _ = emulator.request("GET", f"/v1/{store.dataset}/operations", token=token)
    assert code == 403
