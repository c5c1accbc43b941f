"""Access control lists of buckets and objects (https://cloud.google.com/storage/docs/access-control/lists)."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from google.cloud import storage

from tests.emulator.services.storage.conftest import Raw
from tests.support.accounts import Account, make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

Names = Callable[[str], str]


@pytest.fixture
def outside(emulator: RunningEmulator) -> Iterator[httpx.Client]:
    """Nobody: without credentials, and as a web page of another origin, which is not trusted."""
    headers = {"origin": "https://elsewhere.example"}
    with httpx.Client(base_url=emulator.base_url, headers=headers, timeout=PATIENCE) as client:
        yield client


@pytest.fixture
def account(emulator: RunningEmulator, unique: Names) -> Account:
    """Somebody without any role."""
    return make_account(emulator, unique("listed"))


@pytest.fixture
def someone(emulator: RunningEmulator, account: Account) -> Iterator[httpx.Client]:
    """That account's client."""
    headers = {"authorization": f"Bearer {account.token}"}
    with httpx.Client(base_url=emulator.base_url, headers=headers, timeout=PATIENCE) as client:
        yield client


def place(raw: Raw, name: str = "x") -> str:
    return f"/storage/v1/b/{raw.bucket}/o/{name}"


@pytest.mark.parametrize(
    ("predefined", "expected"),
    [
        ("private", (401, 403)),
        ("projectPrivate", (401, 403)),
        ("bucketOwnerRead", (401, 403)),
        ("bucketOwnerFullControl", (401, 403)),
        ("authenticatedRead", (401, 200)),
        ("publicRead", (200, 200)),
    ],
)
def test_predefined_lists_of_objects(
    raw: Raw, outside: httpx.Client, someone: httpx.Client, predefined: str, expected: tuple[int, int]
) -> None:
    raw.upload("x", b"1", predefinedAcl=predefined)
    raw.http.put(f"/{raw.bucket}/y", content=b"1", headers={"x-goog-acl": _xml(predefined)})
    for name in ("x", "y"):
        found = tuple(
            client.get(place(raw, name), params={"alt": "media"}).status_code for client in (outside, someone)
        )
        assert found == expected, name
        assert someone.delete(place(raw, name)).status_code == 403
    copied = raw.http.post(f"{place(raw)}/copyTo/b/{raw.bucket}/o/copy")
    assert copied.status_code == 200
    assert outside.get(place(raw, "copy")).status_code == 401, "the list is not copied"


def _xml(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)


def test_unknown_lists_are_refused(raw: Raw) -> None:
    assert raw.upload("x", b"1", predefinedAcl="publicReadWrite").status_code == 400
    assert raw.http.put(f"/{raw.bucket}/x", content=b"1", headers={"x-goog-acl": "everybody"}).status_code == 400
    for wrong in (
        {"entity": "nobody", "role": "READER"},
        {"entity": "allUsers", "role": "WRITER"},
        {"entity": "allUsers"},
    ):
        assert raw.http.post(f"{place(raw)}/acl", json=wrong).status_code == 400


def test_the_list_of_an_object(raw: Raw, account: Account, someone: httpx.Client) -> None:
    raw.upload("x", b"1")
    acl, entity = f"{place(raw)}/acl", f"user-{account.email}"
    before = raw.http.get(acl).json()["items"]
    assert {entry["projectTeam"]["team"] for entry in before} == {"owners", "editors", "viewers"}
    made = raw.http.post(acl, json={"entity": entity, "role": "READER"}).json()
    assert (made["kind"], made["email"], made["object"]) == ("storage#objectAccessControl", account.email, "x")
    assert raw.http.get(f"{acl}/{entity}").json()["role"] == "READER"
    assert someone.get(place(raw)).status_code == 200
    assert someone.get(acl).status_code == 403, "readers don't see the list"
    assert someone.patch(place(raw), json={"metadata": {"a": "b"}}).status_code == 403
    assert raw.http.patch(f"{acl}/{entity}", json={"role": "OWNER"}).json()["role"] == "OWNER"
    assert len(someone.get(acl).json()["items"]) == 4
    assert someone.patch(place(raw), json={"metadata": {"a": "b"}}).json()["metageneration"] == "4"
    assert raw.http.delete(f"{acl}/{entity}").status_code == 204
    assert someone.get(place(raw)).status_code == 403
    for method in ("get", "delete"):
        assert getattr(raw.http, method)(f"{acl}/{entity}").status_code == 404
    assert raw.http.put(f"{acl}/{entity}", json={"role": "READER"}).status_code == 404
    raw.http.post(acl, json={"entity": entity, "role": "READER"})
    raw.upload("x", b"2")
    assert someone.get(place(raw)).status_code == 403, "a new generation has a list of its own"


def test_lists_are_shown_to_who_asks_for_all(raw: Raw) -> None:
    raw.upload("x", b"1", predefinedAcl="publicRead")
    assert "acl" not in raw.http.get(place(raw)).json()
    full = {"projection": "full"}
    entities = [entry["entity"] for entry in raw.http.get(place(raw), params=full).json()["acl"]]
    assert entities[0] == "allUsers"
    assert entities[1].startswith("user-")
    [listed] = raw.http.get(f"/storage/v1/b/{raw.bucket}/o", params=full).json()["items"]
    assert listed["acl"][0]["role"] == "READER"
    bucket = raw.http.get(f"/storage/v1/b/{raw.bucket}", params=full).json()
    assert {entry["role"] for entry in bucket["acl"]} == {"OWNER", "READER"}
    assert len(bucket["defaultObjectAcl"]) == 3


def test_google_s_client_makes_objects_public_and_private(
    bucket: storage.Bucket, raw: Raw, outside: httpx.Client
) -> None:
    blob = bucket.blob("x")
    blob.upload_from_string(b"1")
    blob.make_public()
    assert outside.get(f"/{raw.bucket}/x").content == b"1"
    blob.make_private()
    assert outside.get(f"/{raw.bucket}/x").status_code == 401
    bucket.make_public(future=True)
    bucket.blob("later").upload_from_string(b"2")
    assert outside.get(place(raw, "later"), params={"alt": "media"}).content == b"2"
    assert outside.get(f"/storage/v1/b/{raw.bucket}/o").status_code == 200


def test_the_list_of_a_bucket_and_its_policy_are_one(raw: Raw, account: Account, someone: httpx.Client) -> None:
    """https://cloud.google.com/storage/docs/access-control/iam#acls"""
    acl, entity = f"/storage/v1/b/{raw.bucket}/acl", f"user-{account.email}"
    objects = f"/storage/v1/b/{raw.bucket}/o"
    assert raw.http.post(acl, json={"entity": entity, "role": "WRITER"}).status_code == 200
    assert someone.get(objects).status_code == 200
    assert _members(raw, "roles/storage.legacyBucketWriter") == [account.member]
    raw.http.put(f"{acl}/{entity}", json={"role": "READER"})
    assert _members(raw, "roles/storage.legacyBucketWriter") == []
    assert account.member in _members(raw, "roles/storage.legacyBucketReader")
    assert raw.http.delete(f"{acl}/{entity}").status_code == 204
    assert someone.get(objects).status_code == 403
    assert someone.get(acl).status_code == 403
    assert someone.post(acl, json={"entity": entity, "role": "OWNER"}).status_code == 403


def _members(raw: Raw, role: str) -> list[Any]:
    policy = raw.http.get(f"/storage/v1/b/{raw.bucket}/iam").json()
    return [member for binding in policy["bindings"] if binding["role"] == role for member in binding["members"]]


@pytest.mark.parametrize(
    ("predefined", "reads", "writes"),
    [("projectPrivate", 401, 401), ("publicRead", 200, 401), ("publicReadWrite", 200, 200)],
)
def test_predefined_lists_of_buckets(
    raw: Raw, emulator: RunningEmulator, unique: Names, outside: httpx.Client, predefined: str, reads: int, writes: int
) -> None:
    name = unique("bucket")
    query = {"project": emulator.project, "predefinedAcl": predefined}
    assert raw.http.post("/storage/v1/b", params=query, json={"name": name}).status_code == 200
    assert outside.get(f"/storage/v1/b/{name}/o").status_code == reads
    upload = {"uploadType": "media", "name": "x"}
    assert outside.post(f"/upload/storage/v1/b/{name}/o", params=upload, content=b"1").status_code == writes


def test_the_default_list_is_that_of_new_objects(raw: Raw, outside: httpx.Client) -> None:
    default = f"/storage/v1/b/{raw.bucket}/defaultObjectAcl"
    raw.upload("before", b"1")
    assert raw.http.post(default, json={"entity": "allUsers", "role": "READER"}).status_code == 200
    raw.upload("after", b"1")
    raw.upload("closed", b"1", predefinedAcl="projectPrivate")
    found = [outside.get(place(raw, name)).status_code for name in ("before", "after", "closed")]
    assert found == [401, 200, 401]
    raw.http.patch(f"/storage/v1/b/{raw.bucket}", json={"labels": {"a": "b"}})
    raw.http.put(f"/storage/v1/b/{raw.bucket}", json={"labels": {"a": "c"}})
    assert "allUsers" in [entry["entity"] for entry in raw.http.get(default).json()["items"]]
    raw.http.delete(f"{default}/allUsers")
    raw.upload("later", b"1")
    assert outside.get(place(raw, "later")).status_code == 401


def test_prevented_public_access_and_uniform_access_end_lists(
    bucket: storage.Bucket, raw: Raw, outside: httpx.Client, someone: httpx.Client
) -> None:
    raw.upload("x", b"1", predefinedAcl="publicRead")
    bucket.iam_configuration.public_access_prevention = "enforced"
    bucket.patch()
    assert [client.get(place(raw)).status_code for client in (outside, someone)] == [401, 403]
    assert raw.http.post(f"{place(raw)}/acl", json={"entity": "allUsers", "role": "READER"}).status_code == 412
    assert raw.upload("y", b"1", predefinedAcl="publicRead").status_code == 412
    bucket.iam_configuration.public_access_prevention = "inherited"
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.patch()
    assert [client.get(place(raw)).status_code for client in (outside, someone)] == [401, 403]
    assert "acl" not in raw.http.get(place(raw), params={"projection": "full"}).json()
    for body in ({"name": "y", "acl": [{"entity": "allUsers", "role": "READER"}]},):
        resumable = {"uploadType": "resumable"}
        assert raw.http.post(f"/upload/storage/v1/b/{raw.bucket}/o", params=resumable, json=body).status_code == 400
    assert raw.http.patch(place(raw), json={"acl": []}).status_code == 400
