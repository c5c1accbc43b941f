"""No page shows what its principal could not get by API: every page, asked by somebody without rights."""

import pytest

import emulator.console.pages  # noqa: F401  which registers them
from emulator.console.site import _PAGES
from tests.emulator.console import filling
from tests.emulator.console.conftest import DATASET, PROJECT, Browser, Site

SECRET = "secretive"


@pytest.fixture(scope="module")
def addresses(site: Site) -> dict[str, dict[str, str]]:
    """Each page with the address at which it shows something of the owner's that is called SECRET."""
    uid, film = filling.film(SECRET)
    images = filling.dicom_store(site, "kept-images", [film])
    records = filling.fhir_store(site, "kept-records")
    filling.resource(site, records, filling.patient(0, SECRET))
    orders = filling.hl7v2_store(site, "kept-orders")
    consents = f"{DATASET}/consentStores/kept-consents"
    site.made(f"/v1/{DATASET}/consentStores?consentStoreId=kept-consents")
    attribute = {"category": "REQUEST", "allowedValues": [SECRET]}
    site.made(f"/v1/{consents}/attributeDefinitions?attributeDefinitionId={SECRET}", attribute)
    site.made(f"/storage/v1/b?project={PROJECT}", {"name": "kept-bucket"})
    site.sent("POST", f"/upload/storage/v1/b/kept-bucket/o?uploadType=media&name={SECRET}", b"", "text/plain")
    topic = f"projects/{PROJECT}/topics/kept-topic"
    assert site.api("PUT", f"/v1/{topic}", {"labels": {"of": SECRET}}).status_code == 200
    filling.topic(site, SECRET)
    job = site.made(f"/bigquery/v2/projects/{PROJECT}/queries", {"query": f"SELECT '{SECRET}'", "useLegacySql": False})
    return {
        "": {},
        "studies": {"store": images},
        "study": {"store": images, "study": uid},
        "thumbnail": {"store": images, "study": uid},
        "resources": {"store": records},
        "resource": {"store": records, "type": "Patient", "id": "p0"},
        "hl7v2": {"store": orders},
        "message": {"name": filling.message(site, orders, SECRET)},
        "consents": {"store": consents},
        "objects": {"bucket": "kept-bucket"},
        "topic": {"topic": topic},
        "operations": {},
        "audit": {},
        "sql": {"job": job["jobReference"]["jobId"], "location": job["jobReference"]["location"]},
        "requests": {},
        "faults": {},
        "snapshots": {},
    }


WITHOUT_DATA = {"open"}
"""Leads to another page by a name that the visitor has given."""
NAMELESS = {"thumbnail", "requests", "faults", "snapshots"}
"""Pages that show the owner's things without their names."""


def test_every_page_is_tried(addresses: dict[str, dict[str, str]]) -> None:
    assert {path for http, path in _PAGES if http == "GET"} == addresses.keys() | WITHOUT_DATA


def test_the_owner_sees_each(owner: Browser, addresses: dict[str, dict[str, str]]) -> None:
    """Else the next test would say nothing."""
    for page, query in addresses.items():
        answer = owner.get(page, **query)
        assert answer.status_code == 200, page
        assert page in NAMELESS or SECRET in answer.text, page


def test_who_has_no_right_sees_none(stranger: Browser, addresses: dict[str, dict[str, str]]) -> None:
    for page, query in addresses.items():
        answer = stranger.get(page, **query)
        assert SECRET not in answer.text, page
        assert answer.status_code == (200 if page in ("", "operations") else 403), page
        assert answer.headers["content-type"].startswith("text/html"), page
