"""Canonical URLs: a second Questionnaire of the same URL was seen to be answered with 409 (mock.health)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.services.healthcare.fhir.conftest import FhirStore, Json, issue
from tests.emulator.services.healthcare.fhir.test_bundles import bundle, entry, execute

URL = "http://example.org/Questionnaire/intake"


def questionnaire(**more: Any) -> Json:
    return {"resourceType": "Questionnaire", "status": "active", "url": URL, **more}


@pytest.mark.parametrize("version", ["STU3", "R4", "R5"])
def test_a_second_resource_of_a_url_is_a_conflict(make_fhir_store: Callable[..., FhirStore], version: str) -> None:
    fhir = make_fhir_store(version, enableUpdateCreate=True)
    first = fhir.create(questionnaire())
    found = issue(fhir.send("POST", "Questionnaire", questionnaire()))
    assert found[:3] == (409, "conflict", "duplicate_canonical")
    assert f"Questionnaire/{first['id']}" in found[3]
    assert issue(fhir.send("PUT", "Questionnaire/q", questionnaire(id="q")))[0] == 409
    assert fhir.read("Questionnaire")["total"] == 1


def test_a_resource_may_keep_its_url_and_others_take_it_once_it_is_gone(fhir: FhirStore) -> None:
    fhir.put(questionnaire(id="q"))
    fhir.put(questionnaire(id="q", title="Intake"))
    fhir.send("DELETE", "Questionnaire/q")
    fhir.put(questionnaire(id="r"))


def test_other_versions_types_and_urls_are_no_conflict(fhir: FhirStore) -> None:
    fhir.create(questionnaire())
    fhir.create(questionnaire(version="2"))
    fhir.create(questionnaire(url=f"{URL}/2"))
    fhir.create({"resourceType": "ValueSet", "status": "active", "url": URL})
    for _ in range(2):  # the address of a device
        fhir.create({"resourceType": "Device", "url": "http://example.org/monitor"})
    assert issue(fhir.send("POST", "Questionnaire", questionnaire(version="2")))[0] == 409


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_entries_of_bundles_are_held_to_it(fhir: FhirStore, kind: str) -> None:
    body = bundle(kind, *(entry("POST", "Questionnaire", questionnaire()) for _ in range(2)))
    if kind == "transaction":
        assert issue(fhir.send("POST", "", body))[0] == 409
        assert fhir.read("Questionnaire")["total"] == 0
    else:
        assert sorted(each["response"]["status"] for each in execute(fhir, body)) == ["201 Created", "409 Conflict"]


def test_a_transaction_may_hand_a_url_over(fhir: FhirStore) -> None:
    fhir.put(questionnaire(id="q"))
    moved = entry("PUT", "Questionnaire/q", questionnaire(id="q", url=f"{URL}/old"))
    done = execute(fhir, bundle("transaction", entry("POST", "Questionnaire", questionnaire()), moved))
    assert [each["response"]["status"] for each in done] == ["201 Created", "200 OK"]
