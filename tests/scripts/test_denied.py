"""What refusals tell of a missing permission, in the words of Google's services."""

from __future__ import annotations

import json

import google.api_core.exceptions
import google.auth.exceptions
import pytest

from scripts import denied
from scripts.denied import Denied
from scripts.errors import Surroundings, explain

STORE = "projects/p/locations/l/datasets/d/dicomStores/s"


@pytest.mark.parametrize(
    ("message", "request_line", "wanted"),
    [
        (
            f"Permission 'healthcare.dicomStores.import' denied on resource '{STORE}' (or it may not exist).",
            "",
            Denied("healthcare.dicomStores.import", STORE),
        ),
        (
            (
                f"Permission 'healthcare.dicomStores.dicomWebRead' denied on resource '{STORE}/dicomWeb/studies/1'"
                " (or it may not exist)."
            ),
            "",
            Denied("healthcare.dicomStores.dicomWebRead", STORE),
        ),
        (
            (
                "Permission 'healthcare.operations.get' denied on resource"
                " 'projects/p/locations/l/datasets/d/operations/1' (or it may not exist)."
            ),
            "",
            Denied("healthcare.operations.get", "projects/p/locations/l/datasets/d"),
        ),
        (
            (
                "a@p.iam.gserviceaccount.com does not have storage.objects.get access to the Google Cloud Storage"
                " object. Permission 'storage.objects.get' denied on resource (or it may not exist)."
            ),
            "GET https://storage.googleapis.com/storage/v1/b/films/o/Doe%5EJane.dcm",
            Denied("storage.objects.get", "gs://films", "a@p.iam.gserviceaccount.com"),
        ),
        (
            "Access Denied: Project p: User does not have bigquery.jobs.create permission in project p.",
            "",
            Denied("bigquery.jobs.create", "projects/p"),
        ),
        (
            (
                "Access Denied: Table p:imaging.t: User does not have permission to query table p:imaging.t, or"
                " perhaps it does not exist."
            ),
            "",
            Denied("bigquery.tables.getData", "bq://p.imaging"),
        ),
        (
            (
                "Access Denied: Dataset p:imaging: Permission bigquery.tables.create denied on dataset p:imaging (or it"
                " may not exist)."
            ),
            "",
            Denied("bigquery.tables.create", "bq://p.imaging"),
        ),
        (
            "Permission 'bigquery.tables.create' denied on resource 'projects/p/datasets/imaging' (or not there).",
            "",
            Denied("bigquery.tables.create", "bq://p.imaging"),
        ),
        (
            "a@p.example does not have serviceusage.services.use access to the Google Cloud project.",
            "GET https://storage.googleapis.com/storage/v1/b/films/o?userProject=p",
            Denied("serviceusage.services.use", None, "a@p.example"),
        ),
        ("User not authorized to perform this action.", "", None),
    ],
)
def test_a_refusal_tells_which_permission_is_missing_on_what(
    message: str, request_line: str, wanted: Denied | None
) -> None:
    assert denied.read(message, request_line) == wanted


def test_who_lacks_it_is_said_with_what_to_do_and_no_name_of_an_object() -> None:
    url = "https://storage.googleapis.com/storage/v1/b/films/o/Doe%5EJane.dcm?alt=media"
    told = "a@p.example does not have storage.objects.get access to the Google Cloud Storage object."
    said = str(explain(google.api_core.exceptions.Forbidden(f"GET {url}: {told}"), Surroundings("p", "dev")))
    assert said.endswith(
        "a@p.example lacks storage.objects.get on gs://films: `python -m scripts access why a@p.example"
        " storage.objects.get gs://films` says why. `python -m scripts preflight` shows which of the stack's grants is"
        " missing."
    )
    assert "Doe" not in said


def test_who_may_not_act_as_an_account_is_told_so_on_google_cloud() -> None:
    """As google.auth.impersonated_credentials words it."""
    told = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."
    body = {"error": {"message": told}}
    error = google.auth.exceptions.RefreshError("Unable to acquire impersonated credentials", json.dumps(body))
    said = str(explain(error, Surroundings("p", "dev", principal="reader@p.example")))
    assert "This account lacks iam.serviceAccounts.getAccessToken on reader@p.example: " in said
    assert "named in its configuration: loaders, readers" in said


KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
STORAGE = "service-1@gs-project-accounts.iam.gserviceaccount.com"


@pytest.mark.parametrize(
    ("message", "named"),
    [
        (f"Permission denied on Cloud KMS key {KEY}: grant roles/x on it to {STORAGE}.", True),
        (f"{STORAGE} has not the permissions for {KEY} (or it may not exist)", True),
        ("Permission denied on Cloud KMS key. Please ensure that your service account may use this key.", False),
        (f"The key {KEY} is disabled.", False),
    ],
)
def test_an_agent_that_may_not_use_a_key_is_named_with_it(message: str, named: bool) -> None:
    wanted = Denied("cloudkms.cryptoKeyVersions.useToEncrypt", KEY, STORAGE)
    assert denied.key_in(message) == (wanted if named else None)


def test_who_works_is_named_where_the_service_does_not() -> None:
    error = google.api_core.exceptions.Forbidden(
        f"Permission 'healthcare.dicomStores.get' denied on resource '{STORE}'"
    )
    said = str(explain(error, Surroundings("p", "dev", principal="a@p.example")))
    assert f"a@p.example lacks healthcare.dicomStores.get on {STORE}" in said
    assert f"This account lacks healthcare.dicomStores.get on {STORE}" in str(explain(error, Surroundings("p", "dev")))
