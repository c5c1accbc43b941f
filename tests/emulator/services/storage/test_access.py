"""Who may: policies, roles, conditions, the anonymous caller, public access prevention, requester pays."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from google.auth import crypt, jwt
from google.cloud import storage

from tests.conftest import StartEmulator
from tests.emulator.services.storage.conftest import Raw, reason
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

Names = Callable[[str], str]


@pytest.fixture
def account(http: httpx.Client, emulator: RunningEmulator, unique: Names) -> str:
    """A service account without any role."""
    path = f"/v1/projects/{emulator.project}/serviceAccounts"
    made = http.post(path, json={"accountId": unique("reader")})
    return str(made.raise_for_status().json()["email"])


@pytest.fixture
def as_account(http: httpx.Client, emulator: RunningEmulator, account: str) -> Iterator[httpx.Client]:
    """Raw HTTP as that account, with a token that its own key signs."""
    key = http.post(f"/v1/projects/{emulator.project}/serviceAccounts/{account}/keys").raise_for_status().json()
    info = json.loads(base64.b64decode(key["privateKeyData"]))
    now = int(time.time())
    claims = {"iss": account, "sub": account, "aud": emulator.base_url, "iat": now, "exp": now + 3600}
    token = jwt.encode(crypt.RSASigner.from_service_account_info(info), claims).decode()
    with httpx.Client(
        base_url=emulator.base_url, headers={"authorization": f"Bearer {token}"}, timeout=PATIENCE
    ) as client:
        yield client


def grant(raw: Raw, member: str, role: str, condition: str = "") -> None:
    path = f"/storage/v1/b/{raw.bucket}/iam"
    policy = raw.http.get(path, params={"optionsRequestedPolicyVersion": 3}).json()
    binding: dict[str, Any] = {"role": role, "members": [member]}
    if condition:
        binding["condition"] = {"title": "c", "expression": condition}
        policy["version"] = 3
    policy["bindings"].append(binding)
    answer = raw.http.put(path, json=policy)
    assert answer.status_code == 200, answer.text


def test_without_a_role_nothing_goes(raw: Raw, as_account: httpx.Client, account: str) -> None:
    raw.upload("x", b"1")
    other = Raw(as_account, raw.bucket)
    for answer in (other.objects("x"), other.objects(), other.media("x"), other.upload("y", b"1")):
        assert reason(answer) == (403, "forbidden")
    assert other.media("x").json()["error"]["message"] == (
        f"{account} does not have storage.objects.get access to the Google Cloud Storage object. "
        "Permission 'storage.objects.get' denied on resource (or it may not exist)."
    )
    assert as_account.get(f"/storage/v1/b/{raw.bucket}").status_code == 403
    assert as_account.patch(f"/storage/v1/b/{raw.bucket}", json={}).status_code == 403
    assert as_account.delete(f"/storage/v1/b/{raw.bucket}").status_code == 403
    assert as_account.get(f"/storage/v1/b/{raw.bucket}/iam").status_code == 403
    assert as_account.get("/storage/v1/b/no-such-bucket-at-all").status_code == 404


def test_viewer_reads_creator_creates_admin_replaces(raw: Raw, as_account: httpx.Client, account: str) -> None:
    raw.upload("x", b"1")
    other = Raw(as_account, raw.bucket)
    grant(raw, f"serviceAccount:{account}", "roles/storage.objectViewer")
    assert other.media("x").content == b"1"
    assert other.objects().status_code == 200
    assert other.upload("y", b"1").status_code == 403
    grant(raw, f"serviceAccount:{account}", "roles/storage.objectCreator")
    assert other.upload("y", b"1").status_code == 200
    replaced = other.upload("y", b"2")
    assert reason(replaced) == (403, "forbidden")
    assert "storage.objects.delete" in replaced.text
    assert as_account.delete(f"/storage/v1/b/{raw.bucket}/o/y").status_code == 403
    grant(raw, f"serviceAccount:{account}", "roles/storage.objectAdmin")
    assert other.upload("y", b"2").status_code == 200
    assert as_account.delete(f"/storage/v1/b/{raw.bucket}/o/y").status_code == 204


def test_conditions_see_the_object(raw: Raw, as_account: httpx.Client, account: str) -> None:
    raw.upload("dicom/x", b"1")
    raw.upload("other/x", b"2")
    inside = f'resource.name.startsWith("projects/_/buckets/{raw.bucket}/objects/dicom/")'
    grant(raw, f"serviceAccount:{account}", "roles/storage.objectViewer", inside)
    other = Raw(as_account, raw.bucket)
    assert other.media("dicom/x").content == b"1"
    assert other.media("other/x").status_code == 403


def test_conditions_see_which_prefix_is_listed(raw: Raw, as_account: httpx.Client, account: str) -> None:
    """Cloud Storage: "Use IAM Conditions on buckets", objectListPrefix."""
    listed = "api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith('batch-1/')"
    grant(raw, f"serviceAccount:{account}", "roles/storage.objectViewer", listed)
    for path in (f"/storage/v1/b/{raw.bucket}/o", f"/{raw.bucket}"):
        for prefix, code in (("batch-1/", 200), ("batch-1/films", 200), ("", 403), ("batch-", 403), ("batch-2/", 403)):
            assert as_account.get(path, params={"prefix": prefix}).status_code == code, (path, prefix)


def test_policy_etags(bucket: storage.Bucket) -> None:
    first = bucket.get_iam_policy(requested_policy_version=3)
    stale = bucket.get_iam_policy(requested_policy_version=3)
    assert first.etag == stale.etag
    first.bindings.append({"role": "roles/storage.objectViewer", "members": {"user:a@example.com"}})
    changed = bucket.set_iam_policy(first)
    assert changed.etag != stale.etag
    assert {"role": "roles/storage.objectViewer", "members": {"user:a@example.com"}} in changed.bindings
    with pytest.raises(Exception, match="pre-conditions") as error:
        bucket.set_iam_policy(stale)
    assert getattr(error.value, "code", None) == 412


def test_policies_are_checked(raw: Raw) -> None:
    path = f"/storage/v1/b/{raw.bucket}/iam"
    for binding in ({"role": "viewer", "members": ["user:a@b.c"]}, {"role": "roles/viewer", "members": ["nobody"]}):
        assert raw.http.put(path, json={"bindings": [binding]}).status_code == 400


def test_permissions_held(bucket: storage.Bucket, raw: Raw, as_account: httpx.Client, account: str) -> None:
    wanted = ["storage.objects.get", "storage.buckets.delete"]
    assert bucket.test_iam_permissions(wanted) == wanted
    path, query = f"/storage/v1/b/{raw.bucket}/iam/testPermissions", {"permissions": wanted}
    assert "permissions" not in as_account.get(path, params=query).json()
    grant(raw, f"serviceAccount:{account}", "roles/storage.objectViewer")
    assert as_account.get(path, params=query).json()["permissions"] == ["storage.objects.get"]


def test_acls_end_where_uniform_access_begins(bucket: storage.Bucket, raw: Raw) -> None:
    raw.upload("x", b"1")
    paths = [f"/storage/v1/b/{raw.bucket}/{path}" for path in ("acl", "defaultObjectAcl", "o/x/acl")]
    assert [raw.http.get(path).status_code for path in paths] == [200] * 3
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.patch()
    for path in paths:
        answer = raw.http.get(path)
        assert reason(answer) == (400, "invalid")
        assert "uniform bucket-level access is enabled" in answer.text
    assert raw.upload("y", b"1", predefinedAcl="private").status_code == 400


@pytest.fixture
def closed(start_emulator: StartEmulator) -> RunningEmulator:
    """An emulator that trusts nobody without credentials."""
    return start_emulator("--anonymous", "deny")


def test_anonymous_callers(closed: RunningEmulator) -> None:
    headers = {"authorization": f"Bearer {closed.owner_token}"}
    with (
        httpx.Client(base_url=closed.base_url, headers=headers, timeout=PATIENCE) as owner,
        httpx.Client(base_url=closed.base_url, timeout=PATIENCE) as nobody,
    ):
        owner.post("/storage/v1/b", params={"project": closed.project}, json={"name": "open"}).raise_for_status()
        raw, public = Raw(owner, "open"), Raw(nobody, "open")
        raw.upload("x", b"1")
        refused = public.media("x")
        assert reason(refused) == (401, "required")
        assert refused.json()["error"]["message"].startswith(
            "Anonymous caller does not have storage.objects.get access"
        )
        grant(raw, "allUsers", "roles/storage.objectViewer")
        assert public.media("x").content == b"1"
        assert public.upload("y", b"1").status_code == 401
        prevention = {"iamConfiguration": {"publicAccessPrevention": "enforced"}}
        owner.patch("/storage/v1/b/open", json=prevention).raise_for_status()
        assert public.media("x").status_code == 401
        again = owner.put(
            "/storage/v1/b/open/iam", json={"bindings": [{"role": "roles/viewer", "members": ["allUsers"]}]}
        )
        assert reason(again) == (412, "conditionNotMet")
        assert nobody.get(f"/storage/v1/b?project={closed.project}").status_code == 401


def test_requester_pays(raw: Raw, as_account: httpx.Client, account: str, emulator: RunningEmulator) -> None:
    raw.upload("x", b"1")
    grant(raw, f"serviceAccount:{account}", "roles/storage.objectViewer")
    raw.http.patch(f"/storage/v1/b/{raw.bucket}", json={"billing": {"requesterPays": True}}).raise_for_status()
    other = Raw(as_account, raw.bucket)
    answer = other.objects("x")
    assert reason(answer) == (400, "required")
    assert "requester pays bucket but no user project" in answer.text
    assert "UserProjectMissing" in answer.text
    assert other.objects("x", userProject=emulator.project).status_code == 403
    assert other.objects("x", userProject="no-such-project").status_code == 400
    assert raw.objects("x").status_code == 200


def test_emulator_mode_without_credentials(
    emulator: RunningEmulator, unique: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.base_url)
    client = storage.Client(project=emulator.project)
    bucket = client.create_bucket(unique("bucket"))
    bucket.blob("x").upload_from_string("hello")
    assert bucket.blob("x").download_as_bytes() == b"hello"
    bucket.delete(force=True)
    client.close()
