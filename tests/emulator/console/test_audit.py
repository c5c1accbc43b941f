"""The audit log: denied calls, and whether what the page proposes allows them."""

from collections.abc import Callable
from html import unescape

import pytest

from emulator.access import roles
from emulator.console.remedies import bearer, smallest_role
from tests.emulator.console.conftest import DATASET, PROJECT, Browser, Site

STORE = f"{DATASET}/dicomStores/images"


def test_a_denied_call_is_shown_with_the_binding_that_allows_it(
    site: Site, owner: Browser, unique: Callable[[str], str]
) -> None:
    email = site.account(unique("denied"))
    token = site.emulator.authenticator.issue(email)
    change = f"/v1/{STORE}?updateMask=labels"
    assert site.api("PATCH", change, {"labels": {"a": "b"}}, token=token).status_code == 403
    page = owner.read_with("Missing: healthcare.dicomStores.update on", "audit", denied="1", principal=email)
    command = next(line for line in page.split("gcloud ")[1:] if "dicom-stores add-iam-policy-binding" in line)
    words = command.split()
    assert words[3:6] == ["images", "--dataset=d", "--location=us-central1"]
    granted = dict(word[2:].split("=", 1) for word in words if word.startswith("--"))
    assert granted["member"] == f"serviceAccount:{email}"
    site.grant(STORE, granted["role"], email)
    assert site.api("PATCH", change, {"labels": {"a": "b"}}, token=token).status_code == 200


def test_what_cloud_storage_denies_is_told_by_its_message(
    site: Site, owner: Browser, unique: Callable[[str], str]
) -> None:
    bucket = unique("closed-bucket")
    site.made(f"/storage/v1/b?project={PROJECT}", {"name": bucket})
    email = site.account(unique("denied"))
    token = site.emulator.authenticator.issue(email)
    assert site.api("DELETE", f"/storage/v1/b/{bucket}", token=token).status_code == 403
    missing = f"Missing: storage.buckets.delete on projects/_/buckets/{bucket}"
    page = owner.read_with(missing, "audit", denied="1", principal=email)
    assert f"gcloud storage buckets add-iam-policy-binding gs://{bucket} --member=serviceAccount:{email}" in page


def test_denied_reads_are_shown_to_the_owner_though_they_are_not_logged(
    site: Site, owner: Browser, unique: Callable[[str], str]
) -> None:
    email = site.account(unique("reader"))
    token = site.emulator.authenticator.issue(email)
    assert site.api("GET", f"/v1/{STORE}/dicomWeb/studies?PatientName=Lovelace", token=token).status_code == 403
    logged, _, beside = owner.read("audit", principal=email).partition("Denied, not logged")
    assert "No call." in logged
    assert f"Missing: healthcare.dicomStores.dicomWebRead on {STORE}" in beside
    assert f"--member=serviceAccount:{email} --role=roles/healthcare.dicomViewer" in beside
    assert "Lovelace" not in beside
    auditor = site.account(unique("auditor"))
    site.grant(f"projects/{PROJECT}", "roles/logging.viewer", auditor)
    assert "Denied, not logged" not in site.enter(auditor).read("audit")


def test_a_deny_policy_is_named_where_no_binding_helps(
    site: Site, owner: Browser, unique: Callable[[str], str]
) -> None:
    email = site.account(unique("forbidden"))
    attachment = f"cloudresourcemanager.googleapis.com%2Fprojects%2F{PROJECT}"
    rule = {
        "deniedPrincipals": [f"principal://iam.googleapis.com/projects/-/serviceAccounts/{email}"],
        "deniedPermissions": ["healthcare.googleapis.com/dicomStores.update"],
    }
    policies = f"/v2/policies/{attachment}/denypolicies?policyId={unique('forbid')}"
    site.made(policies, {"rules": [{"denyRule": rule}]})
    token = site.emulator.authenticator.issue(email)
    change = f"/v1/{STORE}?updateMask=labels"
    assert site.api("PATCH", change, {"labels": {"a": "b"}}, token=token).status_code == 403
    page = owner.read_with("A deny policy forbids it", "audit", denied="1", principal=email)
    assert "add-iam-policy-binding" not in page


def test_only_denied_calls_are_shown_where_these_are_wanted(site: Site, owner: Browser) -> None:
    site.made(f"/v1/{DATASET}/dicomStores?dicomStoreId=audited")
    made = "healthcare.projects.locations.datasets.dicomStores.create"
    owner.read_with(made, "audit")
    assert made not in owner.read("audit", denied="1")


def test_what_is_typed_into_the_filter_stays_text(owner: Browser) -> None:
    assert owner.get("audit", principal='x" OR severity="NOTICE').status_code == 200
    assert "No call." in unescape(owner.get("audit", principal='x" OR severity="NOTICE').text)


@pytest.mark.parametrize(
    ("resource", "on", "begins"),
    [
        (f"{STORE}/dicomWeb/studies", STORE, "gcloud healthcare dicom-stores add-iam-policy-binding images"),
        (f"projects/{PROJECT}/locations/l", f"projects/{PROJECT}", "gcloud projects add-iam-policy-binding"),
        (
            "projects/_/buckets/b/objects/o",
            "projects/_/buckets/b",
            "gcloud storage buckets add-iam-policy-binding gs://b",
        ),
        ("projects/p/topics/t", "projects/p/topics/t", "gcloud pubsub topics add-iam-policy-binding t"),
    ],
)
def test_a_binding_goes_to_the_nearest_that_bears_one(resource: str, on: str, begins: str) -> None:
    where, command = bearer(resource)
    assert where == on
    assert command.startswith(begins)


def test_the_role_is_the_one_with_the_fewest_permissions() -> None:
    """Every permission that a predefined role grants is granted by the one that is proposed."""
    assert smallest_role("pubsub.topics.publish") == "roles/pubsub.publisher"
    for permission in sorted(roles.all_permissions()):
        role = smallest_role(permission)
        assert role is None or permission in (roles.permissions_of(role) or ())
        assert role not in ("roles/owner", "roles/editor", "roles/viewer")
