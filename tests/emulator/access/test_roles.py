"""What the predefined roles grant, and what they do not: facts of Google's documentation pages."""

import importlib
import re
from pathlib import Path

import pytest

import emulator
from emulator.access import roles
from emulator.access.authorization import permission_of
from emulator.app import SERVICES


def granted(role: str) -> frozenset[str]:
    permissions = roles.permissions_of(role)
    assert permissions is not None
    return permissions


def of(role: str, prefix: str) -> set[str]:
    """The verbs a role has under a prefix such as "healthcare.dicomStores."."""
    return {name.removeprefix(prefix) for name in granted(role) if name.startswith(prefix)}


def test_unknown_role_is_none() -> None:
    assert roles.permissions_of("roles/healthcare.nobody") is None
    assert roles.permissions_of("projects/p/roles/custom") is None


@pytest.mark.parametrize("role", [role.name for role in roles.predefined()])
def test_every_role_expands_to_known_permissions(role: str) -> None:
    assert granted(role)
    assert granted(role) <= roles.all_permissions()


def test_every_role_has_a_title_and_is_found_by_name() -> None:
    for role in roles.predefined():
        assert role.title
        assert roles.find(role.name) is role


# Cloud Healthcare API, page "Access control".
def test_dicom_roles() -> None:
    stores = "healthcare.dicomStores."
    assert of("roles/healthcare.dicomStoreViewer", stores) == {"get", "list"}
    assert of("roles/healthcare.dicomViewer", stores) == {"get", "list", "dicomWebRead", "export"}
    assert of("roles/healthcare.dicomEditor", stores) == {
        *{"get", "list", "dicomWebRead", "export"},
        *{"dicomWebDelete", "dicomWebUpdate", "dicomWebWrite", "import"},
    }
    # An administrator of stores does not see the images in them.
    assert of("roles/healthcare.dicomStoreAdmin", stores) == {
        *{"create", "deidentify", "delete", "dicomWebDelete", "get"},
        *{"getIamPolicy", "list", "setIamPolicy", "update"},
    }


@pytest.mark.parametrize(
    "role", [role.name for role in roles.predefined() if role.name.startswith("roles/healthcare.")]
)
def test_healthcare_roles_see_their_dataset(role: str) -> None:
    if role == "roles/healthcare.serviceAgent":
        assert not of(role, "healthcare.")
    elif role == "roles/healthcare.nlpServiceViewer":
        assert of(role, "healthcare.") == {"locations.get", "locations.list", "nlpservice.analyzeEntities"}
    else:
        assert {"datasets.get", "datasets.list", "locations.get", "operations.get"} <= of(role, "healthcare.")


def test_only_the_dataset_administrator_creates_datasets() -> None:
    creators = {role.name for role in roles.predefined() if "healthcare.datasets.create" in granted(role.name)}
    assert creators == {"roles/healthcare.datasetAdmin", "roles/owner", "roles/editor"}


def test_healthcare_agent_cannot_read_buckets_or_tables() -> None:
    agent = granted("roles/healthcare.serviceAgent")
    assert not {name for name in agent if name.startswith(("storage.", "bigquery."))}


# Cloud Storage, page "IAM roles for Cloud Storage".
def test_storage_object_roles() -> None:
    assert of("roles/storage.objectViewer", "storage.objects.") == {"get", "list"}
    assert of("roles/storage.objectCreator", "storage.objects.") == {"create"}
    assert of("roles/storage.objectUser", "storage.objects.") == {
        *{"create", "delete", "get", "list", "move", "restore", "update"},
    }
    assert {"create", "delete", "get", "list", "setIamPolicy"} <= of("roles/storage.objectAdmin", "storage.objects.")
    for role in ("objectViewer", "objectCreator", "objectUser", "objectAdmin"):
        assert not of(f"roles/storage.{role}", "storage.buckets.")


def test_storage_legacy_roles() -> None:
    assert of("roles/storage.legacyBucketReader", "storage.objects.") == {"list"}
    assert of("roles/storage.legacyBucketReader", "storage.buckets.") == {"get"}
    assert "storage.objects.get" not in granted("roles/storage.legacyBucketOwner")
    assert {"getIamPolicy", "setIamPolicy", "update"} <= of("roles/storage.legacyBucketOwner", "storage.buckets.")
    assert granted("roles/storage.legacyObjectReader") == {"storage.objects.get"}


# BigQuery, page "IAM roles and permissions".
def test_bigquery_roles() -> None:
    assert of("roles/bigquery.jobUser", "bigquery.jobs.") == {"create"}
    assert not of("roles/bigquery.jobUser", "bigquery.tables.")
    assert {"create", "getData", "updateData", "delete"} <= of("roles/bigquery.dataEditor", "bigquery.tables.")
    assert "bigquery.jobs.create" not in granted("roles/bigquery.dataEditor")
    assert not {"delete", "update", "setIamPolicy"} & of("roles/bigquery.dataEditor", "bigquery.datasets.")
    assert "bigquery.tables.getData" not in granted("roles/bigquery.metadataViewer")
    assert "bigquery.tables.updateData" not in granted("roles/bigquery.dataViewer")


# Pub/Sub, page "Access control with IAM".
def test_pubsub_roles() -> None:
    assert granted("roles/pubsub.publisher") == {"pubsub.topics.publish"}
    assert granted("roles/pubsub.subscriber") == {
        *{"pubsub.snapshots.seek", "pubsub.subscriptions.consume", "pubsub.topics.attachSubscription"},
    }
    assert "pubsub.topics.setIamPolicy" not in granted("roles/pubsub.editor")
    assert "pubsub.subscriptions.consume" not in granted("roles/pubsub.viewer")


# IAM, pages on service accounts: using, impersonating and managing keys are three different things.
def test_service_account_roles() -> None:
    accounts = "iam.serviceAccounts."
    assert of("roles/iam.serviceAccountUser", accounts) == {"actAs", "get", "list"}
    assert "actAs" not in of("roles/iam.serviceAccountTokenCreator", accounts)
    assert not {"actAs", "getAccessToken"} & of("roles/iam.serviceAccountAdmin", accounts)
    assert not of("roles/iam.serviceAccountAdmin", "iam.serviceAccountKeys.")
    assert of("roles/iam.serviceAccountKeyAdmin", "iam.serviceAccountKeys.") >= {"create", "delete", "list"}


# Cloud KMS, page "Permissions and roles": who administers keys does not use them.
def test_kms_roles() -> None:
    versions = "cloudkms.cryptoKeyVersions."
    assert not {"useToEncrypt", "useToDecrypt"} & of("roles/cloudkms.admin", versions)
    assert of("roles/cloudkms.cryptoKeyEncrypterDecrypter", versions) == {"useToEncrypt", "useToDecrypt"}


def test_private_logs_need_their_own_role() -> None:
    assert "logging.privateLogEntries.list" in granted("roles/logging.privateLogViewer")
    for role in ("roles/logging.viewer", "roles/viewer", "roles/editor"):
        assert "logging.privateLogEntries.list" not in granted(role)


# IAM, page "Basic and predefined roles reference".
def test_basic_roles_contain_each_other() -> None:
    assert granted("roles/viewer") - granted("roles/editor") == frozenset()
    assert granted("roles/editor") - granted("roles/owner") == frozenset()


def test_viewer_changes_nothing_and_editor_grants_nothing() -> None:
    changing = ("create", "delete", "update", "setIamPolicy", "dicomWebWrite", "dicomWebDelete", "import", "publish")
    allowed = {"bigquery.jobs.create", "bigquery.readsessions.create", "bigquery.readsessions.update"}
    viewer = {name for name in granted("roles/viewer") if name.rpartition(".")[2] in changing}
    assert viewer == allowed
    assert not {name for name in granted("roles/editor") if name.endswith(".setIamPolicy")}
    assert "healthcare.dicomStores.dicomWebRead" in granted("roles/viewer")


@pytest.mark.parametrize("role", ["roles/viewer", "roles/editor", "roles/owner"])
def test_basic_roles_reach_objects_through_the_bucket_only(role: str) -> None:
    assert not of(role, "storage.objects.")
    assert "list" in of(role, "storage.buckets.")


def test_owner_does_not_impersonate() -> None:
    assert "iam.serviceAccounts.actAs" in granted("roles/owner")
    assert "iam.serviceAccounts.getAccessToken" not in granted("roles/owner")


def test_a_misspelt_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match="no file lists"):
        roles._matching("healthcare.dicomStores.{get,lst}")
    with pytest.raises(ValueError, match="no file lists"):
        roles._matching("healthcare.dicomStore.*")


def test_what_a_method_needs_a_role_grants() -> None:
    """Beyond the basic roles: who may be given no role for a method could never call it."""
    basic = {"roles/owner", "roles/editor", "roles/viewer"}
    granted_by_one = frozenset().union(*(granted(role.name) for role in roles.predefined() if role.name not in basic))
    missing = []
    for name in SERVICES:
        service = importlib.import_module(f"emulator.services.{name}").SERVICE
        for method_id, registration in service.registrations.items():
            needed = registration.permission if registration.permission is not None else (permission_of(method_id),)
            missing += [(method_id, each) for each in needed if each and each not in granted_by_one]
    assert missing == []


def test_what_handlers_ask_for_a_role_grants() -> None:
    """Permissions that are named in the code, beyond those of the registrations: `allows(principal, "a.b.c", ...)`."""
    granted_by_one = frozenset().union(*(granted(role.name) for role in roles.predefined()))
    asked = re.compile(
        r"""(?:allows|require\w*|may|access_denied|bucket_for|denied)\((?:[^()]|\([^()]*\))*?"([a-z]+\.\w+\.\w+)\"""",
        re.DOTALL,
    )
    found = {
        permission: path.name
        for path in (Path(emulator.__file__).parent / "services").rglob("*.py")
        for permission in asked.findall(path.read_text())
    }
    assert len(found) > 30
    assert {each: where for each, where in found.items() if each not in granted_by_one} == {}
