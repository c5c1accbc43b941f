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
    page = owner.read("audit", denied="1", principal=email)
    assert "Missing: healthcare.dicomStores.update on" in page
    command = next(line for line in page.split("gcloud ")[1:] if "dicom-stores add-iam-policy-binding" in line)
    words = command.split()
    assert words[3:6] == ["images", "--dataset=d", "--location=us-central1"]
    granted = dict(word[2:].split("=", 1) for word in words if word.startswith("--"))
    assert granted["member"] == f"serviceAccount:{email}"
    site.grant(STORE, granted["role"], email)
    assert site.api("PATCH", change, {"labels": {"a": "b"}}, token=token).status_code == 200


def test_only_denied_calls_are_shown_where_these_are_wanted(site: Site, owner: Browser) -> None:
    site.made(f"/v1/{DATASET}/dicomStores?dicomStoreId=audited")
    everything, denied = owner.read("audit"), owner.read("audit", denied="1")
    assert "healthcare.projects.locations.datasets.create" in everything
    assert "healthcare.projects.locations.datasets.create" not in denied


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
