"""Callers with few rights, for tests of what a missing one refuses."""

from dataclasses import dataclass

from tests.support.emulator import RunningEmulator


@dataclass(frozen=True)
class Account:
    """A service account: its e-mail address, and an access token that counts as it."""

    email: str
    token: str

    @property
    def member(self) -> str:
        """How policies name it."""
        return f"serviceAccount:{self.email}"


def make_account(emulator: RunningEmulator, account_id: str) -> Account:
    """A new service account without any role."""
    path = f"/v1/projects/{emulator.project}/serviceAccounts"
    code, account = emulator.request("POST", path, {"accountId": account_id})
    assert code == 200, account
    creators = {"role": "roles/iam.serviceAccountTokenCreator", "members": ["allAuthenticatedUsers"]}
    code, answer = emulator.request("POST", f"/v1/{account['name']}:setIamPolicy", {"policy": {"bindings": [creators]}})
    assert code == 200, answer
    body = {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}
    path = f"/v1/projects/-/serviceAccounts/{account['email']}:generateAccessToken"
    code, answer = emulator.request("POST", path, body)
    assert code == 200, answer
    return Account(account["email"], answer["accessToken"])


def grant(emulator: RunningEmulator, resource: str, member: str, role: str, condition: str = "") -> None:
    """Add a binding to the policy of a project (projects/P) or a bucket (buckets/B), conditional or not."""
    if resource.startswith("buckets/"):
        path = f"/storage/v1/b/{resource.removeprefix('buckets/')}/iam"
        policy = emulator.request("GET", f"{path}?optionsRequestedPolicyVersion=3")[1]
    else:
        body = {"options": {"requestedPolicyVersion": 3}}
        policy = emulator.request("POST", f"/v1/{resource}:getIamPolicy", body)[1]
    binding = {"role": role, "members": [member]}
    if condition:
        binding["condition"] = {"title": "c", "expression": condition}  # type: ignore[assignment]
    policy = {**policy, "version": 3, "bindings": [*policy.get("bindings", []), binding]}
    if resource.startswith("buckets/"):
        code, answer = emulator.request("PUT", path, policy)
    else:
        code, answer = emulator.request("POST", f"/v1/{resource}:setIamPolicy", {"policy": policy})
    assert code == 200, answer
