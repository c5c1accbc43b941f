"""Environments as resources: made, changed and deleted by operations, with a bucket for their DAGs."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.emulator.services.clients import refused
from tests.support.accounts import grant, make_account
from tests.support.emulator import RunningEmulator

Api = Callable[[str, str], Any]
Names = Callable[[str], str]
LOCATION = f"projects/{PROJECT}/locations/us-central1"
DEFAULT = "composer-3-airflow-2.11.1-build.13"


@pytest.fixture
def composer(google_api: Api) -> Any:
    """projects.locations of Composer v1."""
    return google_api("composer", "v1").projects().locations()


@pytest.fixture
def made(composer: Any, unique: Names) -> Any:
    """A new environment."""
    name = f"{LOCATION}/environments/{unique('airflow')}"
    done(composer, composer.environments().create(parent=LOCATION, body={"name": name, "labels": {"a": "1"}}).execute())
    return composer.environments().get(name=name).execute()


def done(composer: Any, operation: Any) -> Any:
    """The operation once it is done; they are at once here."""
    while not operation.get("done"):
        operation = composer.operations().get(name=operation["name"]).execute()
    assert "error" not in operation
    return operation


def test_an_environment_runs_and_has_a_bucket_for_its_dags(composer: Any, made: Any, google_api: Api) -> None:
    assert (made["state"], made["labels"]) == ("RUNNING", {"a": "1"})
    assert made["config"]["softwareConfig"]["imageVersion"] == DEFAULT
    bucket = made["storageConfig"]["bucket"]
    assert made["config"]["dagGcsPrefix"] == f"gs://{bucket}/dags"
    assert made["config"]["airflowUri"].endswith("-dot-us-central1.composer.googleusercontent.com")
    shown = google_api("storage", "v1").buckets().get(bucket=bucket).execute()
    assert (shown["location"], shown["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"]) == (
        "US-CENTRAL1",
        True,
    )
    assert made in composer.environments().list(parent=LOCATION).execute()["environments"]


def test_its_operation_says_what_it_did(composer: Any, unique: Names) -> None:
    name = f"{LOCATION}/environments/{unique('airflow')}"
    operation = done(composer, composer.environments().create(parent=LOCATION, body={"name": name}).execute())
    assert operation["metadata"]["operationType"] == "CREATE"
    assert (operation["metadata"]["resource"], operation["metadata"]["state"]) == (name, "SUCCEEDED")
    assert operation["response"]["name"] == name
    assert operation in composer.operations().list(name=LOCATION).execute()["operations"]
    composer.operations().delete(name=operation["name"]).execute()
    assert refused(composer.operations().get(name=operation["name"]))[0] == 404


def test_only_what_the_mask_names_is_changed(composer: Any, made: Any) -> None:
    body = {"labels": {"b": "2"}, "config": {"softwareConfig": {"envVariables": {"STORE": "dicom"}}}}
    mask = "config.software_config.env_variables"
    done(composer, composer.environments().patch(name=made["name"], updateMask=mask, body=body).execute())
    changed = composer.environments().get(name=made["name"]).execute()
    assert changed["config"]["softwareConfig"] == {"imageVersion": DEFAULT, "envVariables": {"STORE": "dicom"}}
    assert (changed["labels"], changed["state"]) == ({"a": "1"}, "RUNNING")
    fixed = composer.environments().patch(name=made["name"], updateMask="config.nodeConfig.serviceAccount", body=body)
    assert refused(fixed)[0] == 400


def test_a_deleted_environment_leaves_its_bucket(composer: Any, made: Any, google_api: Api) -> None:
    done(composer, composer.environments().delete(name=made["name"]).execute())
    assert refused(composer.environments().get(name=made["name"]))[0] == 404
    bucket = made["storageConfig"]["bucket"]
    assert google_api("storage", "v1").buckets().get(bucket=bucket).execute()["name"] == bucket


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("composer-3-airflow-2", DEFAULT),
        ("composer-3-airflow-2.11.1", DEFAULT),
        ("composer-3-airflow-3", "composer-3-airflow-3.2.2-build.0"),
        ("composer-2-airflow-2", "composer-2.17.8-airflow-2.11.1"),
    ],
)
def test_an_alias_names_a_whole_version(composer: Any, unique: Names, asked: str, given: str) -> None:
    name = f"{LOCATION}/environments/{unique('airflow')}"
    body = {"name": name, "config": {"softwareConfig": {"imageVersion": asked}}}
    made = done(composer, composer.environments().create(parent=LOCATION, body=body).execute())["response"]
    assert made["config"]["softwareConfig"]["imageVersion"] == given


def test_the_versions_are_listed(composer: Any) -> None:
    found = composer.imageVersions().list(parent=LOCATION).execute()["imageVersions"]
    assert DEFAULT in {version["imageVersionId"] for version in found if version.get("isDefault")}


@pytest.mark.parametrize(
    "body",
    [
        {"name": f"{LOCATION}/environments/No Spaces"},
        {"name": f"projects/{PROJECT}/locations/europe-west1/environments/elsewhere"},
        {
            "name": f"{LOCATION}/environments/old",
            "config": {"softwareConfig": {"imageVersion": "composer-1.0.0-airflow-1"}},
        },
        {},
    ],
)
def test_what_composer_does_not_offer_is_a_400(composer: Any, body: dict[str, Any]) -> None:
    assert refused(composer.environments().create(parent=LOCATION, body=body))[0] == 400


def test_who_may_not_act_as_its_account_makes_none(emulator: RunningEmulator, unique: Names) -> None:
    account, other = make_account(emulator, unique("airflow-admin")), make_account(emulator, unique("powerful"))
    grant(emulator, f"projects/{PROJECT}", account.member, "roles/composer.admin")
    config = {"nodeConfig": {"serviceAccount": other.email}}
    body = {"name": f"{LOCATION}/environments/{unique('airflow')}", "config": config}
    code, answer = emulator.request("POST", f"/v1/{LOCATION}/environments", body, account.token)
    assert (code, "iam.serviceAccounts.actAs" in answer["error"]["message"]) == (403, True)


def test_no_airflow_runs_in_it(composer: Any, made: Any) -> None:
    command = composer.environments().executeAirflowCommand(environment=made["name"], body={"command": "dags"})
    assert refused(command)[0] == 501
