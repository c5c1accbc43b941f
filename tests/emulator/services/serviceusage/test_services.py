"""Which APIs are enabled: listed, switched on and off, and the agents that come with them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulator.settings import project_number
from tests.conftest import PROJECT, StartEmulator
from tests.emulator.services.clients import client_as, refused
from tests.support.emulator import RunningEmulator

Api = Callable[[str, str], Any]
PARENT = f"projects/{PROJECT}"
HEALTHCARE = f"{PARENT}/services/healthcare.googleapis.com"
KMS = f"{PARENT}/services/cloudkms.googleapis.com"


@pytest.fixture
def own(start_emulator: StartEmulator) -> Iterator[tuple[RunningEmulator, Any]]:
    """An emulator for this test alone, and Service Usage v1 on it."""
    running = start_emulator()
    with client_as(running, running.owner_token, "serviceusage", "v1") as client:
        yield running, client


def enabled(client: Any, **options: Any) -> set[str]:
    names: set[str] = set()
    request = client.services().list(parent=PARENT, filter="state:ENABLED", **options)
    while request is not None:
        page = request.execute()
        names |= {service["name"].rpartition("/")[2] for service in page.get("services", [])}
        request = client.services().list_next(request, page)
    return names


def test_a_new_project_has_some_apis_enabled(own: tuple[RunningEmulator, Any]) -> None:
    _, client = own
    names = enabled(client)
    assert {"storage.googleapis.com", "bigquery.googleapis.com", "pubsub.googleapis.com"} <= names
    assert not {"healthcare.googleapis.com", "cloudkms.googleapis.com"} & names
    assert enabled(client, pageSize=2) == names


def test_enable_is_done_when_answered(own: tuple[RunningEmulator, Any]) -> None:
    running, client = own
    operation = client.services().enable(name=HEALTHCARE, body={}).execute()
    assert operation["done"] is True
    assert operation["response"]["service"]["state"] == "ENABLED"
    assert client.operations().get(name=operation["name"]).execute() == operation
    found = client.services().get(name=HEALTHCARE).execute()
    assert found["state"] == "ENABLED"
    assert found["name"] == f"projects/{project_number(PROJECT)}/services/healthcare.googleapis.com"
    assert found["config"]["title"] == "Cloud Healthcare API"
    running.kill()
    running.start()
    with client_as(running, running.owner_token, "serviceusage", "v1") as client:
        assert "healthcare.googleapis.com" in enabled(client)


def test_several_at_once(own: tuple[RunningEmulator, Any]) -> None:
    _, client = own
    wanted = ["healthcare.googleapis.com", "cloudkms.googleapis.com"]
    operation = client.services().batchEnable(parent=PARENT, body={"serviceIds": wanted}).execute()
    assert [service["state"] for service in operation["response"]["services"]] == ["ENABLED", "ENABLED"]
    assert set(wanted) <= enabled(client)
    found = client.services().batchGet(parent=PARENT, names=[HEALTHCARE, KMS]).execute()
    assert [service["state"] for service in found["services"]] == ["ENABLED", "ENABLED"]


@pytest.mark.parametrize("names", [[], ["no-such-api.googleapis.com"], ["storage.googleapis.com"] * 21])
def test_what_cannot_be_enabled(google_api: Api, names: list[str]) -> None:
    services = google_api("serviceusage", "v1").services()
    assert refused(services.batchEnable(parent=PARENT, body={"serviceIds": names}))[0] in (400, 404)


def test_a_filter_that_google_does_not_know_is_a_400(google_api: Api) -> None:
    services = google_api("serviceusage", "v1").services()
    code, message = refused(services.list(parent=PARENT, filter="state:ON"))
    assert code == 400
    assert "state:ENABLED" in message


def test_a_disabled_api_answers_403_until_it_is_enabled(own: tuple[RunningEmulator, Any]) -> None:
    running, client = own
    client.services().enable(name=KMS, body={}).execute()
    with client_as(running, running.owner_token, "cloudkms", "v1") as kms:
        rings = kms.projects().locations().keyRings().list(parent=f"{PARENT}/locations/us-central1")
        assert rings.execute() == {}
        client.services().disable(name=KMS, body={"checkIfServiceHasUsage": "SKIP"}).execute()
        code, message = refused(rings)
        assert code == 403
        assert f"has not been used in project {project_number(PROJECT)} before or it is disabled" in message
        client.services().enable(name=KMS, body={}).execute()
        assert rings.execute() == {}
    client.services().disable(name=KMS, body={}).execute()
    assert refused(client.services().disable(name=KMS, body={}))[0] == 400


def test_a_disabled_api_stays_so_over_a_restart(own: tuple[RunningEmulator, Any]) -> None:
    running, client = own
    client.services().enable(name=KMS, body={}).execute()
    client.services().disable(name=KMS, body={}).execute()
    running.kill()
    running.start()
    with client_as(running, running.owner_token, "cloudkms", "v1") as kms:
        assert refused(kms.projects().locations().keyRings().list(parent=f"{PARENT}/locations/us-central1"))[0] == 403


def test_the_healthcare_agent(google_api: Api) -> None:
    services = google_api("serviceusage", "v1beta1").services()
    first = services.generateServiceIdentity(parent=HEALTHCARE).execute()
    email = f"service-{project_number(PROJECT)}@gcp-sa-healthcare.iam.gserviceaccount.com"
    assert first["done"] is True
    assert first["response"]["email"] == email
    assert first["response"]["uniqueId"].isdigit()
    again = services.generateServiceIdentity(parent=HEALTHCARE).execute()
    assert again["response"] == first["response"]
    assert refused(services.generateServiceIdentity(parent=f"{PARENT}/services/iam.googleapis.com"))[0] == 400


def test_a_caller_without_permission_enables_nothing(google_api: Api, emulator: RunningEmulator) -> None:
    accounts = google_api("iam", "v1").projects().serviceAccounts()
    made = accounts.create(name=PARENT, body={"accountId": "no-permissions"}).execute()
    policy = {
        "bindings": [{"role": "roles/iam.serviceAccountTokenCreator", "members": [f"user:owner@{PROJECT}.example"]}]
    }
    accounts.setIamPolicy(resource=made["name"], body={"policy": policy}).execute()
    wanted = {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}
    credentials = google_api("iamcredentials", "v1").projects().serviceAccounts()
    token = credentials.generateAccessToken(name=made["name"], body=wanted).execute()["accessToken"]
    with client_as(emulator, token, "serviceusage", "v1") as client:
        code, message = refused(client.services().enable(name=HEALTHCARE, body={}))
        assert (code, "serviceusage.services.enable" in message) == (403, True)
        assert refused(client.services().list(parent=PARENT))[0] == 403
