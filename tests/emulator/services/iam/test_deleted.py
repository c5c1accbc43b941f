"""A deleted service account: its grants are nobody's, whoever gets its name (IAM: deleted principals)."""

from collections.abc import Callable
from typing import Any

from tests.support.accounts import Account, grant, make_account
from tests.support.emulator import RunningEmulator

Names = Callable[[str], str]


def bucket_with(emulator: RunningEmulator, name: str, account: Account) -> str:
    """A bucket that the account may list."""
    assert emulator.request("POST", f"/storage/v1/b?project={emulator.project}", {"name": name})[0] == 200
    grant(emulator, f"buckets/{name}", account.member, "roles/storage.objectViewer")
    return name


def members(emulator: RunningEmulator, bucket: str) -> set[str]:
    policy = emulator.request("GET", f"/storage/v1/b/{bucket}/iam")[1]
    return {m for b in policy["bindings"] if b["role"] == "roles/storage.objectViewer" for m in b["members"]}


def lists(emulator: RunningEmulator, bucket: str, token: str) -> int:
    return emulator.request("GET", f"/storage/v1/b/{bucket}/o", token=token)[0]


def test_a_new_account_of_the_name_gets_nothing_of_the_old_one(emulator: RunningEmulator, unique: Names) -> None:
    """terraform-provider-google#6308 and #6532."""
    name = unique("deleted")
    first = make_account(emulator, name)
    path = f"/v1/projects/{emulator.project}/serviceAccounts/{first.email}"
    uid = emulator.request("GET", path)[1]["uniqueId"]
    bucket = bucket_with(emulator, unique("deleted-bucket"), first)
    assert lists(emulator, bucket, first.token) == 200
    assert emulator.request("DELETE", path)[0] == 200
    assert members(emulator, bucket) == {f"deleted:serviceAccount:{first.email}?uid={uid}"}
    assert lists(emulator, bucket, first.token) == 401
    second = make_account(emulator, name)
    assert second.email == first.email
    assert lists(emulator, bucket, second.token) == 403
    assert lists(emulator, bucket, first.token) == 401
    grant(emulator, f"buckets/{bucket}", second.member, "roles/storage.objectViewer")
    assert lists(emulator, bucket, second.token) == 200
    assert lists(emulator, bucket, first.token) == 401


def test_undelete_brings_the_grants_back(emulator: RunningEmulator, unique: Names) -> None:
    account = make_account(emulator, unique("undeleted"))
    path = f"/v1/projects/{emulator.project}/serviceAccounts"
    uid = emulator.request("GET", f"{path}/{account.email}")[1]["uniqueId"]
    bucket = bucket_with(emulator, unique("undeleted-bucket"), account)
    assert emulator.request("DELETE", f"{path}/{account.email}")[0] == 200
    assert emulator.request("POST", f"{path}/{uid}:undelete", {})[0] == 200
    assert members(emulator, bucket) == {account.member}
    assert lists(emulator, bucket, account.token) == 200


def test_access_lists_of_datasets_follow(emulator: RunningEmulator, unique: Names) -> None:
    account = make_account(emulator, unique("reader"))
    name = unique("deleted_dataset").replace("-", "_")
    path = f"/bigquery/v2/projects/{emulator.project}/datasets"
    entry = {"role": "READER", "userByEmail": account.email}
    body: dict[str, Any] = {"datasetReference": {"datasetId": name}, "access": [entry]}
    assert emulator.request("POST", path, body)[0] == 200
    accounts = f"/v1/projects/{emulator.project}/serviceAccounts"
    uid = emulator.request("GET", f"{accounts}/{account.email}")[1]["uniqueId"]
    assert emulator.request("DELETE", f"{accounts}/{account.email}")[0] == 200
    shown = emulator.request("GET", f"{path}/{name}")[1]["access"]
    assert shown == [{"role": "READER", "iamMember": f"deleted:serviceAccount:{account.email}?uid={uid}"}]
    assert emulator.request("POST", f"{accounts}/{uid}:undelete", {})[0] == 200
    assert emulator.request("GET", f"{path}/{name}")[1]["access"] == [entry]


def test_groups_and_deny_policies_forget_a_deleted_account_until_it_is_back(
    start_emulator: Callable[..., RunningEmulator],
) -> None:
    """IAM: "Deleted principals": what named the account names nobody, whoever gets the address later."""
    running = start_emulator()
    project = f"projects/{running.project}"
    made = running.request("POST", f"/v1/{project}/serviceAccounts", {"accountId": "come-and-go"})[1]
    member, unique = f"serviceAccount:{made['email']}", made["uniqueId"]
    principal = f"principal://iam.googleapis.com/projects/-/serviceAccounts/{made['email']}"
    running.request("POST", "/_emulator/groups", {"staff@example.org": [member]})
    rule = {"deniedPrincipals": [principal], "deniedPermissions": ["storage.googleapis.com/objects.*"]}
    policies = f"/v2/policies/cloudresourcemanager.googleapis.com%2Fprojects%2F{running.project}/denypolicies"
    running.request("POST", f"{policies}?policyId=not-them", {"rules": [{"denyRule": rule}]})

    def named() -> tuple[str, str]:
        groups = running.request("GET", "/_emulator/groups")[1]
        denied = running.request("GET", f"{policies}/not-them")[1]["rules"][0]["denyRule"]["deniedPrincipals"]
        return groups["staff@example.org"][0], denied[0]

    assert named() == (member, principal)
    running.request("DELETE", f"/v1/{made['name']}")
    assert named() == (f"deleted:{member}?uid={unique}", f"deleted:{principal}?uid={unique}")
    assert running.request("POST", f"/v1/{project}/serviceAccounts/{unique}:undelete", {})[0] == 200
    assert named() == (member, principal)


def test_an_account_comes_back_for_thirty_days(start_emulator: Callable[..., RunningEmulator]) -> None:
    """IAM: "Undelete a service account"."""
    running = start_emulator()
    parent = f"/v1/projects/{running.project}/serviceAccounts"
    codes = []
    for days, name in ((29.9, "soon-enough"), (30.1, "much-too-late")):
        made = running.request("POST", parent, {"accountId": name})[1]
        running.request("DELETE", f"{parent}/{made['email']}")
        running.request("POST", "/_emulator/clock", {"seconds": days * 86400})
        codes.append(running.request("POST", f"{parent}/{made['uniqueId']}:undelete", {})[0])
    assert codes == [200, 404]
