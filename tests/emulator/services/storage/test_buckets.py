"""Buckets through google-cloud-storage and raw HTTP."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from google.api_core import exceptions
from google.cloud import storage

from emulator.settings import project_number
from tests.emulator.services.storage.conftest import Raw, reason
from tests.support.emulator import RunningEmulator

Names = Callable[[str], str]
FULL: dict[str, Any] = {
    "location": "us-central1",
    "storageClass": "NEARLINE",
    "labels": {"environment": "local"},
    "versioning": {"enabled": True},
    "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30, "isLive": False}}]},
    "cors": [{"maxAgeSeconds": 3600, "method": ["GET"], "origin": ["*"], "responseHeader": ["Content-Type"]}],
    "retentionPolicy": {"retentionPeriod": "86400"},
    "softDeletePolicy": {"retentionDurationSeconds": "1209600"},
    "logging": {"logBucket": "somewhere-else"},
    "website": {"mainPageSuffix": "index.html"},
    "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "enforced"},
    "billing": {"requesterPays": False},
    "defaultEventBasedHold": False,
    "autoclass": {"enabled": False},
}


def contains(whole: Any, part: Any) -> bool:
    """Whether an answer holds everything that was sent."""
    if isinstance(part, dict):
        return all(key in whole and contains(whole[key], value) for key, value in part.items())
    return bool(whole == part)


def insert(http: httpx.Client, project: str, **body: Any) -> httpx.Response:
    return http.post("/storage/v1/b", params={"project": project}, json=body)


def test_defaults_of_a_new_bucket(http: httpx.Client, emulator: RunningEmulator, unique: Names) -> None:
    name = unique("bucket")
    made = insert(http, emulator.project, name=name).json()
    assert made == http.get(f"/storage/v1/b/{name}").json()
    assert made["location"] == "US"
    assert made["locationType"] == "multi-region"
    assert made["storageClass"] == "STANDARD"
    assert made["softDeletePolicy"]["retentionDurationSeconds"] == "604800"
    assert made["iamConfiguration"]["publicAccessPrevention"] == "inherited"
    assert made["iamConfiguration"]["uniformBucketLevelAccess"] == {"enabled": False}
    assert made["projectNumber"] == project_number(emulator.project)
    assert (made["id"], made["metageneration"], made["etag"], made["rpo"]) == (name, "1", "CAE=", "DEFAULT")
    assert made["selfLink"] == f"{emulator.base_url}/storage/v1/b/{name}"
    assert made["timeCreated"] == made["updated"]


def test_every_field_comes_back(http: httpx.Client, emulator: RunningEmulator, unique: Names) -> None:
    name = unique("bucket")
    insert(http, emulator.project, name=name, **FULL).raise_for_status()
    found = http.get(f"/storage/v1/b/{name}").json()
    assert found["location"] == "US-CENTRAL1"
    assert found["locationType"] == "region"
    assert found["logging"]["logObjectPrefix"] == name
    assert found["retentionPolicy"]["effectiveTime"]
    assert found["iamConfiguration"]["uniformBucketLevelAccess"]["lockedTime"]
    assert contains(found, {key: value for key, value in FULL.items() if key != "location"})


def test_patch_merges_and_null_removes(http: httpx.Client, emulator: RunningEmulator, unique: Names) -> None:
    name = unique("bucket")
    insert(http, emulator.project, name=name, **FULL).raise_for_status()
    changes = {"labels": {"environment": None, "team": "x"}, "cors": None, "retentionPolicy": None, "lifecycle": None}
    found = http.patch(f"/storage/v1/b/{name}", json=changes).json()
    assert found["labels"] == {"team": "x"}
    assert found["metageneration"] == "2"
    assert found["etag"] == "CAI="
    assert not {"cors", "retentionPolicy", "lifecycle"} & found.keys()
    assert found["versioning"] == {"enabled": True}
    assert "labels" not in http.patch(f"/storage/v1/b/{name}", json={"labels": {"team": None}}).json()


def test_put_replaces_everything_but_what_never_changes(
    http: httpx.Client, emulator: RunningEmulator, unique: Names
) -> None:
    name = unique("bucket")
    insert(http, emulator.project, name=name, **FULL).raise_for_status()
    found = http.put(f"/storage/v1/b/{name}", json={"labels": {"a": "b"}}).json()
    assert found["location"] == "US-CENTRAL1"
    assert found["labels"] == {"a": "b"}
    assert found["storageClass"] == "STANDARD"
    assert "versioning" not in found
    assert reason(http.put(f"/storage/v1/b/{name}", json={"location": "EU"})) == (400, "invalid")


def test_client_creates_changes_lists_and_deletes(
    storage_client: storage.Client, emulator: RunningEmulator, unique: Names
) -> None:
    prefix = unique("listed")
    names = [f"{prefix}-{letter}" for letter in "cab"]
    for name in names:
        bucket = storage_client.bucket(name)
        bucket.labels = {"a": "1"}
        storage_client.create_bucket(bucket, location="EU")
    pages = [[b.name for b in page] for page in storage_client.list_buckets(prefix=prefix, page_size=2).pages]
    assert pages == [sorted(names)[:2], sorted(names)[2:]]
    bucket = storage_client.get_bucket(names[0])
    bucket.labels = {"b": "2"}
    bucket.versioning_enabled = True
    bucket.add_lifecycle_delete_rule(age=3)
    bucket.patch()
    bucket.reload()
    assert bucket.labels == {"b": "2"}
    assert bucket.versioning_enabled
    assert bucket.project_number == int(project_number(emulator.project))
    bucket.update()
    bucket.delete()
    assert not bucket.exists()


def test_a_name_is_taken_only_once(http: httpx.Client, emulator: RunningEmulator, unique: Names) -> None:
    name = unique("bucket")
    insert(http, emulator.project, name=name).raise_for_status()
    again = insert(http, emulator.project, name=name)
    assert reason(again) == (409, "conflict")
    assert "you already own it" in again.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"name": "No"}, "Invalid bucket name: 'No'"),
        ({}, "name"),
        ({"name": "bad-place", "location": "mars"}, "location constraint"),
        ({"name": "bad-class", "storageClass": "WARM"}, "storage class"),
        ({"name": "bad-label", "labels": {"Upper": "x"}}, "label key"),
        ({"name": "bad-soft", "softDeletePolicy": {"retentionDurationSeconds": "5"}}, "soft delete"),
        ({"name": "bad-retention", "retentionPolicy": {"retentionPeriod": "0"}}, "retention period"),
        ({"name": "bad-rule", "lifecycle": {"rule": [{"action": {"type": "Delete"}}]}}, "no condition"),
        (
            {"name": "bad-rule", "lifecycle": {"rule": [{"action": {"type": "Burn"}, "condition": {"age": 1}}]}},
            "action.type",
        ),
        ({"name": "bad-pap", "iamConfiguration": {"publicAccessPrevention": "maybe"}}, "publicAccessPrevention"),
    ],
)
def test_what_is_refused(http: httpx.Client, emulator: RunningEmulator, body: dict[str, Any], words: str) -> None:
    answer = insert(http, emulator.project, **body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


def test_project_is_required_and_must_exist(http: httpx.Client) -> None:
    assert reason(http.get("/storage/v1/b"))[0] == 400
    answer = http.get("/storage/v1/b", params={"project": "no-such-project"})
    assert answer.status_code in (400, 403)


def test_hierarchical_namespace_is_not_emulated(http: httpx.Client, emulator: RunningEmulator, unique: Names) -> None:
    answer = insert(http, emulator.project, name=unique("bucket"), hierarchicalNamespace={"enabled": True})
    assert answer.status_code == 501


def test_predefined_acls_that_open_nothing_are_taken(
    http: httpx.Client, emulator: RunningEmulator, unique: Names
) -> None:
    """As gcsfs makes buckets; each parameter has values of its own."""
    query = {"project": emulator.project, "predefinedAcl": "projectPrivate"}
    taken = {**query, "predefinedDefaultObjectAcl": "bucketOwnerFullControl"}
    assert http.post("/storage/v1/b", params=taken, json={"name": unique("bucket")}).status_code == 200
    for name in ("predefinedAcl", "predefinedDefaultObjectAcl"):
        other = {**query, name: "publicReadWrite" if "Default" in name else "bucketOwnerRead"}
        assert http.post("/storage/v1/b", params=other, json={"name": unique("bucket")}).status_code == 400


def test_a_key_needs_its_grant(http: httpx.Client, emulator: RunningEmulator, unique: Names) -> None:
    key = f"projects/{emulator.project}/locations/us/keyRings/r/cryptoKeys/k"
    answer = insert(http, emulator.project, name=unique("bucket"), encryption={"defaultKmsKeyName": key})
    assert reason(answer) == (403, "forbidden")
    assert "Permission denied on Cloud KMS key" in answer.json()["error"]["message"]


def test_only_an_empty_bucket_goes(bucket: storage.Bucket) -> None:
    blob = bucket.blob("x")
    blob.upload_from_string("x")
    with pytest.raises(exceptions.Conflict, match="not empty"):
        bucket.delete()
    blob.delete()
    bucket.delete()
    with pytest.raises(exceptions.NotFound, match="The specified bucket does not exist"):
        bucket.delete()


def test_a_bucket_of_noncurrent_versions_goes_unless_they_are_retained(bucket: storage.Bucket) -> None:
    bucket.versioning_enabled = True
    bucket.patch()
    bucket.blob("x").upload_from_string("x")
    bucket.blob("x").delete()
    bucket.retention_period = 3600
    bucket.patch()
    with pytest.raises(exceptions.Forbidden, match="retention policy"):
        bucket.delete()
    bucket.retention_period = None
    bucket.patch()
    bucket.delete()


def test_metageneration_conditions(raw: Raw) -> None:
    path = f"/storage/v1/b/{raw.bucket}"
    assert raw.http.get(path, params={"ifMetagenerationNotMatch": 1}).status_code == 304
    assert reason(raw.http.get(path, params={"ifMetagenerationMatch": 2})) == (412, "conditionNotMet")
    stale = raw.http.patch(path, params={"ifMetagenerationMatch": 2}, json={"labels": {"a": "b"}})
    assert reason(stale) == (412, "conditionNotMet")
    assert raw.http.delete(path, params={"ifMetagenerationMatch": 1}).status_code == 204


def test_a_locked_retention_policy_only_grows(raw: Raw) -> None:
    path = f"/storage/v1/b/{raw.bucket}"
    assert reason(raw.http.post(path + "/lockRetentionPolicy", params={"ifMetagenerationMatch": 1})) == (400, "invalid")
    raw.http.patch(path, json={"retentionPolicy": {"retentionPeriod": "100"}}).raise_for_status()
    assert raw.http.post(path + "/lockRetentionPolicy").status_code == 400
    assert raw.http.post(path + "/lockRetentionPolicy", params={"ifMetagenerationMatch": 1}).status_code == 412
    locked = raw.http.post(path + "/lockRetentionPolicy", params={"ifMetagenerationMatch": 2}).json()
    assert locked["retentionPolicy"]["isLocked"] is True
    assert raw.http.patch(path, json={"retentionPolicy": {"retentionPeriod": "99"}}).status_code == 403
    assert raw.http.patch(path, json={"retentionPolicy": None}).status_code == 403
    longer = raw.http.patch(path, json={"retentionPolicy": {"retentionPeriod": "101"}}).json()
    assert longer["retentionPolicy"]["isLocked"] is True
    assert longer["retentionPolicy"]["retentionPeriod"] == "101"


def test_partial_response(raw: Raw) -> None:
    found = raw.http.get(
        f"/storage/v1/b/{raw.bucket}", params={"fields": "name,iamConfiguration/publicAccessPrevention"}
    )
    assert found.json() == {"name": raw.bucket, "iamConfiguration": {"publicAccessPrevention": "inherited"}}


def test_service_account_of_the_project(storage_client: storage.Client, emulator: RunningEmulator) -> None:
    number = project_number(emulator.project)
    expected = f"service-{number}@gs-project-accounts.iam.gserviceaccount.com"
    assert storage_client.get_service_account_email() == expected


def test_what_has_no_handler_says_its_method(raw: Raw) -> None:
    answer = raw.http.get(f"/storage/v1/b/{raw.bucket}/folders")
    assert answer.status_code == 501
    assert "storage.folders.list" in answer.json()["error"]["message"]


def test_no_bucket_has_managed_folders(raw: Raw) -> None:
    """Which gcloud wants to know before it removes a bucket; making one is a 501."""
    place = f"/storage/v1/b/{raw.bucket}/managedFolders"
    assert raw.http.get(place).json() == {"kind": "storage#managedFolders", "items": []}
    assert raw.http.post(place, json={"name": "x/"}).status_code == 501
