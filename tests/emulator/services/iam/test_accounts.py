"""Service accounts: names, changes, states, and coming back after deletion."""

import re
from typing import Any

import pytest

from tests.emulator.services.clients import refused
from tests.emulator.services.iam.conftest import Account, Names
from tests.support.emulator import RunningEmulator


def test_a_new_account_has_the_address_that_the_provider_computes(
    accounts: Any, emulator: RunningEmulator, unique: Names
) -> None:
    account_id = unique("loader")
    body = {"accountId": account_id, "serviceAccount": {"displayName": "Loader", "description": "loads"}}
    made = accounts.create(name=f"projects/{emulator.project}", body=body).execute()
    email = f"{account_id}@{emulator.project}.iam.gserviceaccount.com"
    assert made["email"] == email
    assert made["name"] == f"projects/{emulator.project}/serviceAccounts/{email}"
    assert made["projectId"] == emulator.project
    assert re.fullmatch(r"\d{15,21}", made["uniqueId"])
    assert (made["displayName"], made["description"]) == ("Loader", "loads")
    assert accounts.get(name=made["name"]).execute() == made


def test_an_account_is_found_by_unique_id_and_without_its_project(accounts: Any, account: Account) -> None:
    for name in (f"projects/-/serviceAccounts/{account.email}", f"projects/-/serviceAccounts/{account.unique_id}"):
        assert accounts.get(name=name).execute()["name"] == account.name


@pytest.mark.parametrize("account_id", ["short", "Upper-case", "9starts-with-digit", "ends-with-", "x" * 31, ""])
def test_a_malformed_id_is_a_400(accounts: Any, emulator: RunningEmulator, account_id: str) -> None:
    code, message = refused(accounts.create(name=f"projects/{emulator.project}", body={"accountId": account_id}))
    assert code == 400
    assert "6 to 30 lower-case letters" in message


def test_a_taken_id_is_a_409(accounts: Any, emulator: RunningEmulator, account: Account) -> None:
    body = {"accountId": account.email.partition("@")[0]}
    code, message = refused(accounts.create(name=f"projects/{emulator.project}", body=body))
    assert (code, "already exists" in message) == (409, True)


def test_an_account_that_is_not_there_is_a_404(accounts: Any, emulator: RunningEmulator) -> None:
    name = f"projects/{emulator.project}/serviceAccounts/nobody@{emulator.project}.iam.gserviceaccount.com"
    assert refused(accounts.get(name=name)) == (404, f"Service account {name} does not exist.")
    assert refused(accounts.delete(name=name))[0] == 404


def test_patch_changes_what_the_mask_names(accounts: Any, account: Account) -> None:
    body = {"serviceAccount": {"displayName": "New", "description": "kept out"}, "updateMask": "display_name"}
    changed = accounts.patch(name=account.name, body=body).execute()
    assert changed["displayName"] == "New"
    assert "description" not in changed
    wrong = {"serviceAccount": {"email": "x@example.com"}, "updateMask": "email"}
    assert refused(accounts.patch(name=account.name, body=wrong))[0] == 400


def test_update_replaces_both_texts(accounts: Any, account: Account) -> None:
    accounts.update(name=account.name, body={"displayName": "A", "description": "B"}).execute()
    changed = accounts.update(name=account.name, body={"displayName": "C"}).execute()
    assert changed["displayName"] == "C"
    assert "description" not in changed


def test_list_pages_through_all(accounts: Any, emulator: RunningEmulator, account: Account) -> None:
    found: list[str] = []
    request = accounts.list(name=f"projects/{emulator.project}", pageSize=1)
    while request is not None:
        page = request.execute()
        assert len(page["accounts"]) == 1
        found += [one["email"] for one in page["accounts"]]
        request = accounts.list_next(request, page)
    assert account.email in found
    assert len(found) == len(set(found))


def test_disable_and_enable(accounts: Any, account: Account) -> None:
    assert accounts.disable(name=account.name, body={}).execute() == {}
    assert accounts.get(name=account.name).execute()["disabled"] is True
    accounts.enable(name=account.name, body={}).execute()
    assert "disabled" not in accounts.get(name=account.name).execute()


def test_a_deleted_account_comes_back_with_its_keys_and_policy(accounts: Any, account: Account) -> None:
    accounts.keys().create(name=account.name, body={}).execute()
    binding = {"role": "roles/iam.serviceAccountUser", "members": ["user:someone@example.com"]}
    accounts.setIamPolicy(resource=account.name, body={"policy": {"bindings": [binding]}}).execute()
    accounts.delete(name=account.name).execute()
    assert refused(accounts.get(name=account.name))[0] == 404
    back = accounts.undelete(name=f"projects/-/serviceAccounts/{account.unique_id}", body={}).execute()
    assert back["restoredAccount"]["uniqueId"] == account.unique_id
    assert len(accounts.keys().list(name=account.name).execute()["keys"]) == 1
    assert accounts.getIamPolicy(resource=account.name).execute()["bindings"] == [binding]
    assert refused(accounts.undelete(name="projects/-/serviceAccounts/123", body={}))[0] == 404
