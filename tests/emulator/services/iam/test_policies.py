"""Who may use a service account: policies, impersonation, and the predefined roles as IAM shows them."""

from collections.abc import Callable
from typing import Any

from tests.emulator.services.clients import client_as, refused
from tests.emulator.services.iam.conftest import Account, Names, key_file
from tests.emulator.services.iam.test_keys import SCOPE, exchanged_token
from tests.support.emulator import RunningEmulator

CREATOR = "roles/iam.serviceAccountTokenCreator"


def grant(accounts: Any, account: Account, role: str, member: str) -> None:
    policy = accounts.getIamPolicy(resource=account.name, options_requestedPolicyVersion=3).execute()
    policy["bindings"] = [*policy.get("bindings", []), {"role": role, "members": [member]}]
    accounts.setIamPolicy(resource=account.name, body={"policy": policy}).execute()


def test_a_policy_keeps_its_etag(accounts: Any, account: Account) -> None:
    first = accounts.getIamPolicy(resource=account.name).execute()
    assert first["etag"]
    grant(accounts, account, CREATOR, "user:dev@example.com")
    second = accounts.getIamPolicy(resource=account.name).execute()
    assert second["bindings"] == [{"role": CREATOR, "members": ["user:dev@example.com"]}]
    assert refused(accounts.setIamPolicy(resource=account.name, body={"policy": first}))[0] == 409


def test_a_condition_that_does_not_parse_is_a_400(accounts: Any, account: Account) -> None:
    condition = {"title": "until", "expression": "request.time <"}
    binding = {"role": CREATOR, "members": ["user:dev@example.com"], "condition": condition}
    body = {"policy": {"version": 3, "bindings": [binding]}}
    code, message = refused(accounts.setIamPolicy(resource=account.name, body=body))
    assert code == 400
    assert "not valid CEL" in message


def test_impersonation_needs_the_token_creator_role(
    accounts: Any, emulator: RunningEmulator, account: Account, unique: Names
) -> None:
    body = {"accountId": unique("caller")}
    made = accounts.create(name=f"projects/{emulator.project}", body=body).execute()
    caller = Account(made["name"], made["email"], made["uniqueId"])
    token = exchanged_token(key_file(accounts, caller))
    wanted = {"scope": [SCOPE], "lifetime": "600s"}
    with client_as(emulator, token, "iamcredentials", "v1") as client:
        credentials = client.projects().serviceAccounts()
        call = credentials.generateAccessToken(name=f"projects/-/serviceAccounts/{account.email}", body=wanted)
        code, message = refused(call)
        assert (code, "iam.serviceAccounts.getAccessToken" in message) == (403, True)
        grant(accounts, account, CREATOR, caller.member)
        answer = call.execute()
        too_long = {"scope": [SCOPE], "lifetime": "7200s"}
        assert refused(credentials.generateAccessToken(name=account.name, body=too_long))[0] == 400
        assert refused(credentials.generateAccessToken(name=account.name, body={}))[0] == 400
    assert answer["expireTime"].endswith("Z")
    grant(accounts, account, "roles/iam.serviceAccountViewer", account.member)
    with client_as(emulator, answer["accessToken"], "iam", "v1") as client:
        assert client.projects().serviceAccounts().get(name=account.name).execute()["email"] == account.email


def test_permissions_of_the_caller(accounts: Any, emulator: RunningEmulator, account: Account) -> None:
    grant(accounts, account, "roles/iam.serviceAccountUser", account.member)
    token = exchanged_token(key_file(accounts, account))
    asked = {"permissions": ["iam.serviceAccounts.actAs", "iam.serviceAccounts.delete"]}
    with client_as(emulator, token, "iam", "v1") as client:
        mine = client.projects().serviceAccounts()
        answer = mine.testIamPermissions(resource=account.name, body=asked).execute()
    assert answer == {"permissions": ["iam.serviceAccounts.actAs"]}


def test_predefined_roles(google_api: Callable[[str, str], Any], emulator: RunningEmulator) -> None:
    roles = google_api("iam", "v1").roles()
    viewer = roles.get(name="roles/storage.objectViewer").execute()
    assert viewer["title"] == "Storage Object Viewer"
    assert "storage.objects.get" in viewer["includedPermissions"]
    assert refused(roles.get(name="roles/nobody"))[0] == 404
    names: list[str] = []
    request = roles.list(pageSize=50)
    while request is not None:
        page = request.execute()
        assert "includedPermissions" not in page["roles"][0]
        names += [role["name"] for role in page["roles"]]
        request = roles.list_next(request, page)
    assert names == sorted(set(names))
    assert "roles/healthcare.dicomEditor" in names
    bucket = {"fullResourceName": "//storage.googleapis.com/projects/_/buckets/b"}
    grantable = {role["name"] for role in roles.queryGrantableRoles(body=bucket).execute()["roles"]}
    assert "roles/storage.objectAdmin" in grantable
    assert "roles/pubsub.publisher" not in grantable
    project = {"fullResourceName": f"//cloudresourcemanager.googleapis.com/projects/{emulator.project}"}
    everything = {role["name"] for role in roles.queryGrantableRoles(body=project).execute()["roles"]}
    assert {"roles/pubsub.publisher", "roles/owner"} <= everything
    assert refused(roles.queryGrantableRoles(body={"fullResourceName": "b"}))[0] == 400
