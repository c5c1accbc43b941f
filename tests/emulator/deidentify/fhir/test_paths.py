"""Which fields a path names (discovery: FieldMetadata.paths, v1beta1's description has the examples)."""

import pytest

from emulator.deidentify.fhir import Action
from tests.emulator.deidentify.fhir.making import Json, made, rule

URL = "https://server.example/Organization/o"
PATIENT: Json = {
    "resourceType": "Patient",
    "id": "p",
    "active": True,
    "name": [{"use": "official", "family": "Wall", "given": ["Peter"], "period": {"start": "1990-01-01"}}],
    "address": [{"city": "Anycity", "state": "CA", "use": "home"}],
    "gender": "male",
    "deceasedDateTime": "2020-05-06",
    "language": "en",
    "contact": [{"name": {"text": "Ann Wall"}, "gender": "female"}],
}
CONDITION: Json = {
    "resourceType": "Condition",
    "subject": {"reference": "Patient/p"},
    "onsetAge": {"value": 5, "unit": "years", "system": "http://unitsofmeasure.org", "code": "a"},
}


def gone(before: object, after: object, path: str = "") -> set[str]:
    """The paths of the values that are there no longer."""
    if isinstance(before, dict):
        now = after if isinstance(after, dict) else {}
        return {each for name, value in before.items() for each in gone(value, now.get(name), f"{path}.{name}")}
    if isinstance(before, list):
        present = after if isinstance(after, list) else []
        beside = [*present, *[None] * (len(before) - len(present))]
        return {each for one, two in zip(before, beside, strict=True) for each in gone(one, two, path)}
    return {path.removeprefix(".")} if before != after else set()


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("Patient.address.city", {"address.city"}),
        ("Patient.Address.city", {"address.city"}),
        ("Patient.Address.String", {"address.city", "address.state"}),
        ("Address.String", {"address.city", "address.state"}),
        ("Address.city", {"address.city"}),
        ("city", {"address.city"}),
        ("address", {"address.city", "address.state", "address.use"}),
        ("Patient.deceased.DateTime", {"deceasedDateTime"}),
        ("Patient.Deceased.DateTime", {"deceasedDateTime"}),
        ("Deceased.DateTime", {"deceasedDateTime"}),
        ("DateTime", {"deceasedDateTime", "name.period.start"}),
        ("Patient.Deceased.Age", set()),
        ("Boolean", {"active"}),
        ("AdministrativeGenderCode", {"gender", "contact.gender"}),
        ("Patient.gender", {"gender"}),
        ("Patient.Contact.gender", {"contact.gender"}),
        ("LanguageCode", {"language"}),
        ("Code", set()),
        ("Observation.address.city", set()),
    ],
)
def test_fields_that_a_path_names(path: str, fields: set[str]) -> None:
    assert gone(PATIENT, made(PATIENT, rule(Action.REMOVE, path))) == fields


@pytest.mark.parametrize("path", ["Condition.Onset.Age.unit", "Onset.Age.unit", "Age.unit", "Quantity.unit", "unit"])
def test_a_choice_is_two_components(path: str) -> None:
    assert gone(CONDITION, made(CONDITION, rule(Action.REMOVE, path))) == {"onsetAge.unit"}


@pytest.mark.parametrize("path", ["HumanName", "Patient.name", "Patient.HumanName"])
def test_of_a_human_name_the_texts_are_meant(path: str) -> None:
    after = made(PATIENT, rule(Action.MASK, path))
    assert after["name"] == [
        {"use": "official", "family": "****", "given": ["*****"], "period": {"start": "1990-01-01"}}
    ]
    assert (after["contact"][0]["name"]["text"] == "********") is (path == "HumanName")


def test_the_first_rule_that_matches_holds() -> None:
    keep, remove = rule(Action.KEEP, "Address.state"), rule(Action.REMOVE, "Patient.address")
    assert made(PATIENT, keep, remove)["address"] == [{"state": "CA"}]
    assert "address" not in made(PATIENT, remove, keep)


def test_what_no_rule_matches_passes() -> None:
    assert made(PATIENT) == PATIENT
    assert made(PATIENT, rule(Action.REMOVE, "Observation.status")) == PATIENT


@pytest.mark.parametrize("path", ["", "Patient..name", "Patient.name[0]", "Patient.nmae", "Patient.name."])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is no path of a FHIR field"):
        rule(Action.KEEP, path)


@pytest.mark.parametrize("version", ["DSTU2", "STU3", "R4", "R5"])
def test_paths_reach_into_contained_and_bundled_resources(version: str) -> None:
    organization = {"resourceType": "Organization", "id": "o", "name": "Any Clinic", "alias": ["AC"]}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": URL, "resource": organization}]}
    after = made(bundle, rule(Action.REMOVE, "Organization.alias"), version=version)
    assert after["entry"] == [
        {"fullUrl": URL, "resource": {"resourceType": "Organization", "id": "o", "name": "Any Clinic"}}
    ]
