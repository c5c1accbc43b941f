from typing import Any

import pytest

from emulator.fhir.references import Kind, answered_within, parse, rewrite, walk

STORE = "projects/p/locations/l/datasets/d/fhirStores/f"
URN = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Patient/1", Kind.LOCAL),
        ("Patient/1/_history/2", Kind.LOCAL),
        (f"{STORE}/fhir/Patient/1", Kind.LOCAL),
        (f"https://healthcare.googleapis.com/v1/{STORE}/fhir/Patient/1", Kind.LOCAL),
        (f"http://localhost:8085/v1beta1/{STORE}/fhir/Patient/1", Kind.LOCAL),
        (f"{STORE}2/fhir/Patient/1", Kind.OTHER_STORE),
        (f"https://healthcare.googleapis.com/v1/{STORE}2/fhir/Patient/1", Kind.URL),
        ("https://example.org/fhir/Patient/1", Kind.URL),
        (URN, Kind.URN),
        ("urn:oid:1.2.3", Kind.URN),
        ("#p1", Kind.FRAGMENT),
        ("#", Kind.FRAGMENT),
        ("Patient?identifier=http://example.org|1", Kind.CONDITIONAL),
        ("Device1/abc", Kind.OTHER),
        ("Patient/" + "1" * 65, Kind.OTHER),
        ("Patient/1/_history", Kind.OTHER),
        ("", Kind.OTHER),
        (f"{STORE}/fhir/Patient?identifier=1", Kind.OTHER),
    ],
)
def test_a_reference_is_of_one_kind(text: str, kind: Kind) -> None:
    assert parse(text, STORE).kind is kind


def test_a_reference_to_a_version_says_which() -> None:
    found = parse(f"{STORE}/fhir/Patient/1/_history/MTY4", STORE)
    assert (found.type, found.id, found.version, found.relative) == ("Patient", "1", "MTY4", "Patient/1")


def test_a_conditional_reference_says_what_to_search() -> None:
    found = parse("Patient?identifier=a|b")
    assert (found.type, found.query) == ("Patient", "identifier=a|b")


def resource() -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "contained": [{"resourceType": "Condition", "subject": {"reference": "Patient/1"}}],
        "extension": [{"url": "http://example.org", "valueReference": {"reference": URN}}],
        "subject": {"reference": URN, "display": "Jane"},
        "participant": [{}, {"individual": {"reference": "Practitioner/2"}}],
        "serviceProvider": {"display": "no text"},
    }


def test_every_reference_of_a_resource_has_its_path() -> None:
    assert [(place.path, place.text) for place in walk(resource())] == [
        ("Encounter.contained[0].subject", "Patient/1"),
        ("Encounter.extension[0].valueReference", URN),
        ("Encounter.subject", URN),
        ("Encounter.participant[1].individual", "Practitioner/2"),
    ]


def test_references_are_given_other_texts() -> None:
    encounter = resource()
    assert rewrite(encounter, {URN: "Patient/3"}.get) == 2
    assert encounter["subject"] == {"reference": "Patient/3", "display": "Jane"}
    assert encounter["extension"][0]["valueReference"] == {"reference": "Patient/3"}


def test_what_a_resource_answers_itself() -> None:
    def observation(text: str, *contained: str) -> dict[str, Any]:
        within = [{"resourceType": "Patient", "id": each} for each in contained]
        return {"resourceType": "Observation", "subject": {"reference": text}, "contained": within}

    def answered(resource: dict[str, Any]) -> list[str]:
        inside = answered_within(resource)
        return [place.path for place in walk(resource) if id(place.element) in inside]

    assert answered(observation("#a", "a")) == ["Observation.subject"]
    assert answered(observation("#b", "a")) == answered(observation(URN)) == []
    inner = {"resourceType": "Bundle", "entry": [{"resource": observation(URN)}, {"resource": observation("#a")}]}
    held = [{"resource": inner}, {"part": [{"name": "p", "resource": observation("#a", "a")}]}]
    outer = {"resourceType": "Parameters", "parameter": held}
    assert answered(outer) == ["Parameters.parameter[1].part[0].resource.subject"]
    bundle = {"resourceType": "Bundle", "entry": [{"fullUrl": URN}, {"fullUrl": "Patient/1"}, {"resource": outer}]}
    at = "Bundle.entry[2].resource.parameter"
    assert answered(bundle) == [f"{at}[0].resource.entry[0].resource.subject", f"{at}[1].part[0].resource.subject"]
