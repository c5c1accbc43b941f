"""The console's first page."""

import re
from collections.abc import Callable

from tests.emulator.console.conftest import DATASET, PROJECT, Browser, Site, words


def test_everything_is_listed_with_counts(site: Site, owner: Browser) -> None:
    site.made(f"/storage/v1/b?project={PROJECT}", {"name": "films-of-console"})
    assert site.api("PUT", f"/v1/projects/{PROJECT}/topics/news", {}).status_code == 200
    site.made(f"/bigquery/v2/projects/{PROJECT}/datasets", {"datasetReference": {"datasetId": "research"}})
    table = {"tableReference": {"tableId": "labels"}, "schema": {"fields": [{"name": "label", "type": "STRING"}]}}
    site.made(f"/bigquery/v2/projects/{PROJECT}/datasets/research/tables", table)
    rings = f"/v1/projects/{PROJECT}/locations/us-central1/keyRings"
    site.made(f"{rings}?keyRingId=ring")
    site.made(f"{rings}/ring/cryptoKeys?cryptoKeyId=lock", {"purpose": "ENCRYPT_DECRYPT"})
    elsewhere = rings.replace("us-central1", "europe-west1")  # where there are keys, but no healthcare datasets
    site.made(f"{elsewhere}?keyRingId=ring")
    site.made(f"{elsewhere}/ring/cryptoKeys?cryptoKeyId=bolt", {"purpose": "ENCRYPT_DECRYPT"})
    page = owner.read("")
    for name in ("bolt", "films-of-console", "news", "research.labels", "lock", f"emulator@{PROJECT}"):
        assert name in page
    counts = re.search(r"(\d+) Stores (\d+) Buckets (\d+) Topics (\d+) Tables (\d+) Keys", page)
    assert counts is not None
    assert counts.groups() == ("1", "1", "1", "1", "2")


def test_who_has_no_right_is_told_what_would_give_it(stranger: Browser) -> None:
    page = stranger.read("")
    assert "images" not in page
    assert "Permission 'healthcare.locations.list' denied" in page
    assert "gcloud projects add-iam-policy-binding unit-project" in page


def test_who_may_list_some_kinds_of_stores_sees_these_and_what_is_missing_for_the_others(
    site: Site, unique: Callable[[str], str]
) -> None:
    email = site.account(unique("radiologist"))
    site.grant(f"projects/{PROJECT}", "roles/healthcare.dicomViewer", email)
    page = site.enter(email).read("")
    assert "images DICOM store" in page
    assert "Permission 'healthcare.fhirStores.list' denied" in page


def test_names_lead_to_pages(owner: Browser) -> None:
    for name, to in (
        (f"{DATASET}/dicomStores/images", "studies?store="),
        (f"{DATASET}/fhirStores/x", "resources?store="),
        ("gs://films/a/b", "objects?bucket=films"),
        (f"projects/{PROJECT}/topics/t", "topic?topic="),
    ):
        answer = owner.get("open", name=name)
        assert answer.status_code == 303
        assert to in answer.headers["location"]
    assert owner.get("open", name="nonsense").status_code == 400


def test_what_strangers_write_is_shown_as_text(site: Site, owner: Browser) -> None:
    site.made(
        f"/v1/projects/{PROJECT}/serviceAccounts",
        {"accountId": "marked", "serviceAccount": {"displayName": "<script>alert(1)"}},
    )
    page = owner.get("").text
    assert "<script>alert(1)" not in page
    assert "<script>alert(1)" in words(page)


def test_pages_stay_with_the_project_that_they_began_with(site: Site, owner: Browser) -> None:
    made = site.api("POST", "/v1/projects", {"projectId": "second-project"})
    assert made.status_code == 200, made.text
    page = owner.get("", project="second-project")
    assert "Project second-project" in words(page.text)
    for name in ("operations", "audit", "sql"):
        assert f'href="/_emulator/console/{name}?project=second-project"' in page.text
        assert owner.get(name, project="second-project").status_code == 200
    assert "on project second-project" in owner.read("sql", project="second-project")
