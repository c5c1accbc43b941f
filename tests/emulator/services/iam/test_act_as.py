"""Who attaches a service account to a resource must be allowed to act as it (IAM: "Attach service accounts")."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.support.accounts import Account, grant, make_account
from tests.support.emulator import RunningEmulator

Names = Callable[[str], str]
ROLES = ("roles/pubsub.editor", "roles/cloudscheduler.admin", "roles/logging.admin")
JOBS = f"projects/{PROJECT}/locations/us-central1/jobs"
Attach = Callable[[RunningEmulator, Account, str, str], tuple[int, Any]]


@pytest.fixture(scope="module")
def writer(emulator: RunningEmulator) -> Account:
    """An account that may write subscriptions, jobs and sinks."""
    account = make_account(emulator, "attaching-writer")
    for role in ROLES:
        grant(emulator, f"projects/{PROJECT}", account.member, role)
    return account


def topic(emulator: RunningEmulator, name: str) -> str:
    """A new topic."""
    path = f"projects/{PROJECT}/topics/{name}"
    assert emulator.request("PUT", f"/v1/{path}", {})[0] in (200, 409)
    return path


def push_subscription(emulator: RunningEmulator, caller: Account, name: str, email: str) -> tuple[int, Any]:
    push = {"pushEndpoint": "https://example.com/push", "oidcToken": {"serviceAccountEmail": email}}
    body = {"topic": topic(emulator, name), "pushConfig": push}
    return emulator.request("PUT", f"/v1/projects/{PROJECT}/subscriptions/{name}", body, caller.token)


def changed_push(emulator: RunningEmulator, caller: Account, name: str, email: str) -> tuple[int, Any]:
    path = f"/v1/projects/{PROJECT}/subscriptions/{name}"
    emulator.request("PUT", path, {"topic": topic(emulator, name)})
    push = {"pushEndpoint": "https://example.com/push", "oidcToken": {"serviceAccountEmail": email}}
    return emulator.request("POST", f"{path}:modifyPushConfig", {"pushConfig": push}, caller.token)


def patched_push(emulator: RunningEmulator, caller: Account, name: str, email: str) -> tuple[int, Any]:
    path = f"/v1/projects/{PROJECT}/subscriptions/{name}"
    emulator.request("PUT", path, {"topic": topic(emulator, name)})
    push = {"pushEndpoint": "https://example.com/push", "oidcToken": {"serviceAccountEmail": email}}
    body = {"subscription": {"pushConfig": push}, "updateMask": "pushConfig"}
    return emulator.request("PATCH", path, body, caller.token)


def scheduler_job(emulator: RunningEmulator, caller: Account, name: str, email: str) -> tuple[int, Any]:
    target = {"uri": "https://example.com/run", "oidcToken": {"serviceAccountEmail": email}}
    body = {"name": f"{JOBS}/{name}", "schedule": "0 2 * * *", "httpTarget": target}
    return emulator.request("POST", f"/v1/{JOBS}", body, caller.token)


def changed_job(emulator: RunningEmulator, caller: Account, name: str, email: str) -> tuple[int, Any]:
    body: dict[str, Any] = {"name": f"{JOBS}/{name}", "schedule": "0 2 * * *"}
    emulator.request("POST", f"/v1/{JOBS}", {**body, "httpTarget": {"uri": "https://example.com/run"}})
    target = {"uri": "https://example.com/run", "oauthToken": {"serviceAccountEmail": email}}
    return emulator.request("PATCH", f"/v1/{JOBS}/{name}", {**body, "httpTarget": target}, caller.token)


def sink(emulator: RunningEmulator, caller: Account, name: str, email: str) -> tuple[int, Any]:
    body = {"name": name, "destination": "storage.googleapis.com/some-bucket"}
    path = f"/v2/projects/{PROJECT}/sinks?customWriterIdentity=serviceAccount:{email}"
    return emulator.request("POST", path, body, caller.token)


@pytest.mark.parametrize(
    "attach",
    [push_subscription, changed_push, patched_push, scheduler_job, changed_job, sink],
    ids=lambda each: each.__name__,
)
def test_attaching_needs_act_as(emulator: RunningEmulator, writer: Account, unique: Names, attach: Attach) -> None:
    attached = make_account(emulator, unique("attached"))
    code, answer = attach(emulator, writer, unique("refused"), attached.email)
    assert (code, "iam.serviceAccounts.actAs" in str(answer)) == (403, True), answer
    name = f"projects/{PROJECT}/serviceAccounts/{attached.email}"
    user = {"role": "roles/iam.serviceAccountUser", "members": [writer.member]}
    assert emulator.request("POST", f"/v1/{name}:setIamPolicy", {"policy": {"bindings": [user]}})[0] == 200
    code, answer = attach(emulator, writer, unique("taken"), attached.email)
    assert code == 200, answer


def test_nobody_acts_as_an_account_that_is_not_there(emulator: RunningEmulator, unique: Names) -> None:
    """Not even who may act as all of a project."""
    owner = Account("", emulator.owner_token)
    code, answer = scheduler_job(emulator, owner, unique("job"), f"nobody@{PROJECT}.iam.gserviceaccount.com")
    assert (code, "or the resource may not exist" in answer["error"]["message"]) == (403, True)
