"""queryAccessibleData: what may be used, as a file (Cloud Healthcare: consentStores.queryAccessibleData)."""

from collections.abc import Callable

import pytest

from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.consent.conftest import ConsentStore, Json, policy

USE = {"purpose": "research"}


@pytest.fixture
def bucket(consents: ConsentStore, unique: Callable[[str], str]) -> str:
    """A bucket that the service agent may write to."""
    return transfers.make_bucket(consents.emulator, unique("accessible"), "roles/storage.objectAdmin")


def query(store: ConsentStore, bucket: str, **more: Json) -> Json:
    body = {"requestAttributes": USE, "gcsDestination": {"uriPrefix": f"gs://{bucket}/found"}, **more}
    return transfers.run(store.emulator, store.name, "queryAccessibleData", body, store.api)


@pytest.mark.parametrize("api", ["v1", "v1beta1"])
def test_data_that_may_be_used_is_listed_in_a_file_a_line_each(consents: ConsentStore, bucket: str, api: str) -> None:
    store = ConsentStore(consents.emulator, consents.name, api)
    for user in ("p1", "p2", "p3"):
        store.map(f"studies/{user}/1", user, kind="image")
        store.map(f"studies/{user}/2", user, kind="report")
    store.consent("p1")
    store.consent("p2", policy(kind="report"))
    store.consent("p3", state="REVOKED")
    done = query(store, bucket)
    number = done["name"].rpartition("/")[2]
    uri = f"gs://{bucket}/found/query-accessible-data-result-{number}.txt"
    kind = f"type.googleapis.com/google.cloud.healthcare.{api}.consent.QueryAccessibleDataResponse"
    assert done["response"] == {"@type": kind, "gcsUris": [uri]}
    assert done["metadata"]["counter"] == {"success": "6"}
    assert done["metadata"]["apiMethodName"].endswith(".ConsentService.QueryAccessibleData")
    lines = transfers.download(store.emulator, bucket, uri.removeprefix(f"gs://{bucket}/")).decode().split("\n")
    assert lines == ["studies/p1/1", "studies/p1/2", "studies/p2/2", ""]


def test_only_resources_of_the_attributes_asked_for_are_listed(consents: ConsentStore, bucket: str) -> None:
    consents.consent("p1")
    consents.map("i", kind="image")
    consents.map("r", kind="report")
    done = query(consents, bucket, resourceAttributes={"kind": "image"})
    name = done["response"]["gcsUris"][0].removeprefix(f"gs://{bucket}/")
    assert transfers.download(consents.emulator, bucket, name) == b"i\n"


def test_where_nothing_may_be_used_the_file_is_empty(consents: ConsentStore, bucket: str) -> None:
    done = query(consents, bucket)
    name = done["response"]["gcsUris"][0].removeprefix(f"gs://{bucket}/")
    assert transfers.download(consents.emulator, bucket, name) == b""
    assert "counter" not in done["metadata"]


def test_a_consent_that_cannot_be_evaluated_is_logged_as_google_logs_it(consents: ConsentStore, bucket: str) -> None:
    consent = consents.consent("p1", policy("role == 'clinician'"))["name"]
    consents.consent("p2")
    consents.map("d1")
    consents.map("d2", "p2")
    done = query(consents, bucket)
    assert done["metadata"]["counter"] == {"success": "1", "failure": "1"}
    [entry] = transfers.log_entries(consents.emulator, done["name"])
    assert entry["jsonPayload"] == {
        "@type": "type.googleapis.com/google.cloud.healthcare.logging.QueryAccessibleDataLogEntry",
        "error": {"code": 9, "message": "failed to evaluate consent policy"},
        "resourceName": consent,
    }
    assert entry["logName"].endswith("/logs/healthcare.googleapis.com%2Fquery_accessible_data")
    assert entry["operation"] == {"id": done["name"], "producer": "healthcare.googleapis.com/QueryAccessibleData"}
    assert entry["resource"]["type"] == "healthcare_consent_store"
    assert entry["resource"]["labels"]["consent_store_id"] == consents.name.rpartition("/")[2]
    assert entry["severity"] == "ERROR"


def test_a_service_agent_without_rights_on_the_bucket_ends_the_operation(
    consents: ConsentStore, unique: Callable[[str], str]
) -> None:
    done = query(consents, transfers.make_bucket(consents.emulator, unique("accessible")))
    assert done["error"]["code"] == 7
    assert "doesn't have required Cloud Storage permission" in done["error"]["message"]
