"""Requests, faults, trouble and snapshots: the owner's pages."""

import pytest

from tests.emulator.console import filling
from tests.emulator.console.conftest import DATASET, PROJECT, Browser, Site

TOPIC = f"projects/{PROJECT}/topics/faulty"


@pytest.mark.parametrize("page", ["requests", "faults", "snapshots"])
def test_the_owners_pages_are_the_owners(stranger: Browser, page: str) -> None:
    assert stranger.get(page).status_code == 403
    assert f'href="/_emulator/console/{page}"' not in stranger.get("").text


@pytest.mark.parametrize(
    ("page", "form"),
    [
        ("faults", {"method": "pubsub.projects.topics.get", "code": "503"}),
        ("clear-faults", {}),
        ("trouble", {"profile": "calm"}),
        ("end-trouble", {}),
        ("operations-mode", {"mode": "manual"}),
        ("snapshots", {"name": "mine"}),
        ("restore", {"name": "base"}),
        ("delete-snapshot", {"name": "base"}),
    ],
)
def test_what_they_do_is_the_owners(stranger: Browser, page: str, form: dict[str, str]) -> None:
    assert stranger.post(page, **form).status_code == 403


def test_a_fault_is_set_met_by_programs_and_ended(site: Site, owner: Browser) -> None:
    filling.topic(site, "faulty")
    sent = owner.post("faults", method="pubsub.projects.topics.get", code="503", call="1", count="2", message="Broken.")
    assert sent.status_code == 303
    assert "Broken." in owner.read("faults")
    assert owner.get("topic", topic=TOPIC).status_code == 200, "pages don't meet it"
    assert site.api("GET", f"/v1/{TOPIC}").status_code == 503
    assert "pubsub.projects.topics.get 503: Broken. 1 to 2 0 1" in owner.read("faults")
    owner.post("clear-faults")
    assert "No fault is set." in owner.read("faults")
    assert site.api("GET", f"/v1/{TOPIC}").status_code == 200


def test_a_wrong_fault_is_refused_in_a_sentence(owner: Browser) -> None:
    misspelt = owner.post("faults", method="pubsub.projects.topics.gets", code="503")
    assert misspelt.status_code == 400
    assert "pubsub.projects.topics.get" in misspelt.text
    assert owner.post("faults", method="pubsub.projects.topics.get", code="many").status_code == 400


def test_trouble_begins_and_ends(owner: Browser) -> None:
    assert owner.post("trouble", profile="bad-day", seed="7").status_code == 303
    assert "On bad-day" in owner.read("faults")
    assert owner.read("")
    owner.post("end-trouble")
    assert "On nothing" in owner.read("faults")


def test_requests_of_programs_are_shown_and_those_of_pages_are_not(site: Site, owner: Browser) -> None:
    token = site.emulator.authenticator.issue(site.account("asking"))
    site.api("GET", f"/v1/{DATASET}", token=token)
    owner.read("")
    page = owner.read("requests", decision="denied")
    assert "healthcare.projects.locations.datasets.get asking@" in page
    assert "Missing: healthcare.datasets.get" in page
    assert "storage.buckets.list" not in owner.read("requests")


def test_a_snapshot_is_saved_restored_and_deleted_and_the_session_goes_on(site: Site, owner: Browser) -> None:
    assert owner.post("snapshots", name="before").status_code == 303
    topic = filling.topic(site, "after")
    assert "before" in owner.read("snapshots")
    assert owner.post("restore", name="before").status_code == 303
    assert site.api("GET", f"/v1/{topic}").status_code == 404
    assert "before" in owner.read("snapshots")
    owner.post("delete-snapshot", name="before")
    assert "No snapshot." in owner.read("snapshots")
    assert owner.post("restore", name="before").status_code == 404
