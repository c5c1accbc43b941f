"""What becomes of fields: each action on each kind of value, extensions, and what must be there."""

import base64
import json
import random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emulator.deidentify.dates import shift_fhir
from emulator.deidentify.fhir import Action
from emulator.deidentify.fhir.rules import basic, clean_all
from emulator.deidentify.text import Known, TextRules
from emulator.deidentify.text.findings import FindingKind, Origin
from emulator.deidentify.text.transformations import CryptoHash, DateShift, Mask, Redact, Replace, Transformation
from emulator.fhir.definitions import load
from emulator.fhir.validation.validator import validate
from tests.emulator.deidentify.fhir.making import SECRET, Json, Maker, deidentifier, made, rule

PATIENT: Json = {
    "resourceType": "Patient",
    "id": "p",
    "identifier": [{"system": "urn:mrn", "value": "MRN-4711"}],
    "name": [{"use": "official", "family": "Wall", "given": ["Peter", "Paul"]}],
    "birthDate": "1970-03-14",
    "gender": "male",
    "maritalStatus": {"text": "married, call 555-123-4567"},
    "multipleBirthInteger": 2,
}
DAYS = SECRET.days("MRN-4711")
MASKED = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]}


def text(default: Transformation | None, **of: Transformation) -> TextRules:
    return TextRules(default, of)


def test_hash_mask_shift_and_removal() -> None:
    after = made(
        PATIENT,
        rule(Action.HASH, "Identifier.value"),
        rule(Action.MASK, "HumanName"),
        rule(Action.SHIFT, "birthDate"),
        rule(Action.REMOVE, "maritalStatus"),
    )
    assert after == {
        **{name: PATIENT[name] for name in ("resourceType", "id", "gender", "multipleBirthInteger")},
        "identifier": [{"system": "urn:mrn", "value": SECRET.hash("MRN-4711")}],
        "name": [{"use": "official", "family": "****", "given": ["*****", "****"]}],
        "birthDate": shift_fhir("1970-03-14", DAYS),
    }


@pytest.mark.parametrize("action", [Action.HASH, Action.MASK, Action.SHIFT])
@pytest.mark.parametrize("path", ["Patient.multipleBirth.Integer", "AdministrativeGenderCode"])
def test_what_an_action_is_not_for_is_removed(action: Action, path: str) -> None:
    before = {"multipleBirth": "multipleBirthInteger"}.get(path.split(".")[1] if "." in path else "", "gender")
    assert before not in made(PATIENT, rule(action, path))


@pytest.mark.parametrize(
    ("rules", "name", "birth"),
    [
        (text(Mask("#")), "####", None),
        (text(CryptoHash()), SECRET.hash("Wall"), None),
        (text(Redact()), None, None),
        (text(Replace()), None, None),
        (text(None), None, None),
        (text(Redact(), DATE=DateShift()), None, shift_fhir("1970-03-14", DAYS)),
        (text(DateShift(), PERSON_NAME=Mask()), "****", shift_fhir("1970-03-14", DAYS)),
    ],
)
def test_transform_does_what_the_text_config_says_or_redacts(
    rules: TextRules, name: str | None, birth: str | None
) -> None:
    after = made(PATIENT, rule(Action.TRANSFORM, "Patient.name", "Patient.birthDate"), text=rules)
    assert after["name"][0].get("family") == name
    assert after.get("birthDate") == birth


def test_inspection_takes_out_what_is_found_and_leaves_the_rest() -> None:
    after = made(PATIENT, rule(Action.CLEAN, "Patient.maritalStatus.text", "Patient.birthDate"))
    assert after["maritalStatus"] == {"text": "married, call [PHONE_NUMBER]"}
    assert after["birthDate"] == shift_fhir("1970-03-14", DAYS)


def test_values_of_the_patient_are_found_wherever_they_stand() -> None:
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "visit"},
        "valueString": "WALL came with card mrn4711, born 14.3.1970; retaining wall of the stomach",
    }
    known = Known.of([("PERSON_NAME", "Peter Wall"), ("MEDICAL_RECORD_NUMBER", "MRN-4711"), ("DATE", "1970-03-14")])
    done = deidentifier(rule(Action.CLEAN, "Observation.Value.String"), text=text(Replace()))
    assert done.resource(observation, known, "p").resource["valueString"] == (
        "[PERSON_NAME] came with card [MEDICAL_RECORD_NUMBER], born [DATE]; retaining [PERSON_NAME] of the stomach"
    )


def test_dates_of_a_patient_move_alike_in_all_resources() -> None:
    shift = deidentifier(rule(Action.SHIFT, "Date", "DateTime", "Instant"))
    one = {"resourceType": "Observation", "status": "final", "code": {"text": "a"}, "effectiveDateTime": "2020-02-28"}
    two = {**one, "effectiveDateTime": "2020-03-01T10:00:00Z", "issued": "2020-03-01T10:00:00.5Z"}
    first, second = (shift.resource(each, Known.none(), "MRN-4711").resource for each in (one, two))
    assert first["effectiveDateTime"] == shift_fhir("2020-02-28", DAYS)
    assert second["issued"] == shift_fhir("2020-03-01T10:00:00.5Z", DAYS)
    assert shift.resource(PATIENT).resource["birthDate"] == shift_fhir("1970-03-14", DAYS)


EXTENDED: Json = {
    "resourceType": "Patient",
    "id": "p",
    "extension": [{"url": "http://x/a", "valueString": "Wall"}],
    "modifierExtension": [{"url": "http://x/m", "valueBoolean": True}],
    "birthDate": "1970-03-14",
    "_birthDate": {"extension": [{"url": "http://x/t", "valueDateTime": "1970-03-14T10:00:00Z"}]},
    "name": [{"given": ["Peter", None], "_given": [None, {"extension": [{"url": "http://x/g", "valueCode": "x"}]}]}],
}


def test_extensions_are_removed() -> None:
    assert made(EXTENDED) == {
        "resourceType": "Patient",
        "id": "p",
        "birthDate": "1970-03-14",
        "name": [{"given": ["Peter"]}],
    }


def test_extensions_are_kept_and_the_rules_hold_in_them() -> None:
    assert made(EXTENDED, keep_extensions=True) == EXTENDED
    after = made(EXTENDED, rule(Action.MASK, "String"), keep_extensions=True)
    assert after["extension"] == [{"url": "http://x/a", "valueString": "****"}]
    assert after["name"] == [{**EXTENDED["name"][0], "given": ["*****", None]}]


def test_a_rule_that_names_extensions_holds_before_the_default() -> None:
    kept = made(EXTENDED, rule(Action.KEEP, "Patient.extension"))
    assert kept["extension"] == EXTENDED["extension"]
    assert "modifierExtension" not in kept
    assert "extension" not in made(EXTENDED, rule(Action.REMOVE, "Patient.extension"), keep_extensions=True)


def test_what_must_be_there_says_that_it_is_withheld() -> None:
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "component": [{"code": {"text": "a"}, "valueString": "b"}],
    }
    after = made(observation, rule(Action.REMOVE, "Observation.status", "Observation.code", "component.code"))
    assert after == {
        "resourceType": "Observation",
        "_status": MASKED,
        "code": MASKED,
        "component": [{"code": MASKED, "valueString": "b"}],
    }


def test_what_an_invariant_needs_says_that_it_is_withheld() -> None:
    """pat-1: a contact has a name, a telephone, an address or an organization."""
    patient = {"resourceType": "Patient", "id": "p", "contact": [{"gender": "female", "name": {"text": "Ann"}}]}
    after = made(patient, rule(Action.REMOVE, "HumanName"))
    assert after["contact"] == [{"gender": "female", "name": MASKED}]


def test_what_an_invariant_forbids_without_the_rest_goes() -> None:
    """att-1: an attachment with data has a content type."""
    photo = {"contentType": "image/png", "data": "AAEC"}
    patient = {"resourceType": "Patient", "gender": "male", "photo": [photo]}
    after = made(patient, rule(Action.TRANSFORM, "Attachment.contentType"))
    assert after == {"resourceType": "Patient", "gender": "male"}


def test_the_source_stays_as_it_is() -> None:
    before = json.dumps(EXTENDED)
    made(EXTENDED, *basic())
    assert json.dumps(EXTENDED) == before


def test_a_field_that_the_version_does_not_have_goes() -> None:
    done = deidentifier().resource({"resourceType": "Patient", "id": "p", "surname": "Wall", "Gender": "male"})
    assert done.resource == {"resourceType": "Patient", "id": "p", "gender": "male"}
    assert [(each.path, each.why) for each in done.changes] == [("surname", "is no field of its type")]


def test_a_type_that_the_version_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="no such type"):
        deidentifier().resource({"resourceType": "Sequence"})


def test_changes_say_what_became_of_what() -> None:
    done = deidentifier(*basic()).resource(PATIENT)
    found = {each.path: (each.before, each.after, [kind.info_type for kind in each.found]) for each in done.changes}
    assert found["name[0].given[1]"] == ("Paul", None, [])
    assert found["maritalStatus.text"] == (
        "married, call 555-123-4567",
        "married, call [PHONE_NUMBER]",
        ["PHONE_NUMBER"],
    )
    assert done.found[FindingKind(Origin.RESOURCE, "PHONE_NUMBER", 0.85)] == 1


def test_values_that_basic_takes_out_become_ctx_in_texts() -> None:
    patient = {
        "resourceType": "Patient",
        "id": "p",
        "name": [{"family": "Wall"}],
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Mr Wall is well</div>'},
    }
    after = made(patient, *basic(), contextual=True, text=TextRules.empty())
    assert after["text"]["div"] == '<div xmlns="http://www.w3.org/1999/xhtml">Mr [CTX] is well</div>'


def test_basic_leaves_nothing_of_a_patient() -> None:
    patient = {
        **PATIENT,
        "telecom": [{"system": "phone", "value": "555-123-4567"}],
        "address": [{"line": ["123 Main Street"], "city": "Anycity", "state": "CA", "postalCode": "12345"}],
        "photo": [{"contentType": "image/png", "data": base64.b64encode(b"a face").decode()}],
        "contact": [{"name": {"text": "Ann Wall"}, "telecom": [{"value": "555-765-4321"}]}],
        "communication": [{"language": {"text": "English"}}],
    }
    after = made(patient, *basic())
    assert after == {
        "resourceType": "Patient",
        "id": SECRET.identifier("p"),
        "identifier": [{"system": "urn:mrn", "value": SECRET.hash("MRN-4711")}],
        "birthDate": shift_fhir("1970-03-14", DAYS),
        "gender": "male",
        "maritalStatus": {"text": "married, call [PHONE_NUMBER]"},
        "multipleBirthInteger": 2,
        "address": [{"state": "CA"}],
        "communication": [{"language": {"text": "English"}}],
    }


@pytest.mark.parametrize(
    ("resource", "path", "after"),
    [
        ({"resourceType": "Coverage", "status": "active", "subscriberId": "S-1"}, "subscriberId", SECRET.hash("S-1")),
        ({"resourceType": "Coverage", "status": "active", "dependent": "01"}, "dependent", SECRET.hash("01")),
        ({"resourceType": "Device", "serialNumber": "SN1"}, "serialNumber", SECRET.hash("SN1")),
        ({"resourceType": "Location", "name": "Anytown clinic"}, "name", SECRET.hash("Anytown clinic")),
        ({"resourceType": "Location", "position": {"longitude": 1, "latitude": 2}, "mode": "kind"}, "position", None),
        ({"resourceType": "Basic", "id": "b", "meta": {"source": "https://h.example/wall"}}, "meta", None),
        ({"resourceType": "ValueSet", "id": "v", "status": "draft", "name": "Wall"}, "name", "Wall"),
    ],
)
def test_what_basic_does_to_single_fields(resource: Json, path: str, after: Any) -> None:
    assert deidentifier(*basic()).resource(resource).resource.get(path) == after


def strings(value: Any) -> str:
    return json.dumps(value)


@pytest.mark.parametrize("version", ["STU3", "R4", "R5"])
@given(seed=st.integers(0, 1 << 32), place=st.integers(0, 1 << 32))
@settings(max_examples=60)
def test_what_is_made_of_a_right_resource_is_right(version: str, seed: int, place: int) -> None:
    definitions = load(version)
    names = sorted(definitions.resources)
    maker = Maker(definitions, random.Random(seed))  # noqa: S311  made to be the same again
    resource = maker.resource(names[place % len(names)])
    known = Known.of([("PERSON_NAME", "Quizzelworth")])
    right = not validate(resource, version)
    for fields in (basic(), clean_all()):
        for keep in (True, False):
            done = deidentifier(*fields, version=version, keep_extensions=keep, text=TextRules.basic())
            found = done.resource(resource, known, "p")
            if right:
                assert found.problems == ()
            assert done.resource(resource, known, "p") == found
            if fields is clean_all():
                assert "Quizzelworth" not in strings(found.resource)


def test_what_stands_for_an_element_of_extensions_alone_keeps_the_rules_of_its_type() -> None:
    """R5, invariant imr-1: one of vaccineCode or targetDisease SHALL be present."""
    said = {"extension": [{"url": "http://example.org/extension", "valueString": "Wall"}]}
    resource = {
        "resourceType": "ImmunizationRecommendation",
        "patient": {"reference": "Patient/p"},
        "date": "2026-01-01",
        "recommendation": [{"targetDisease": [said], "forecastStatus": said}],
    }
    assert not validate(resource, "R5")
    found = deidentifier(*basic(), version="R5", keep_extensions=False).resource(resource)
    assert found.problems == ()
    assert found.resource["recommendation"][0].keys() >= {"targetDisease", "forecastStatus"}


RESOURCES: tuple[Json, ...] = ({"resourceType": "Patient"}, {"resourceType": 5}, {"resourceType": []})
JUNK: tuple[Any, ...] = (None, 0, True, "", "x", [], {}, [None], [[]], {"a": 1}, *RESOURCES)


def spoil(value: Any, chance: random.Random) -> Any:
    """A copy of a resource in which some values are something else."""
    if chance.random() < 0.05:
        return chance.choice(JUNK)
    if isinstance(value, dict):
        named = {chance.choice((name, name, name, f"_{name}", name.title())): each for name, each in value.items()}
        return {name: spoil(each, chance) for name, each in named.items()}
    return [spoil(each, chance) for each in value] if isinstance(value, list) else value


def typed(resource: Json) -> Json:
    return {"resourceType": resource["resourceType"]}


@pytest.mark.parametrize("version", ["STU3", "R4", "R5"])
@given(seed=st.integers(0, 1 << 32), place=st.integers(0, 1 << 32))
@example(seed=507, place=258751)
@settings(max_examples=60)
def test_what_is_no_right_resource_does_no_harm(version: str, seed: int, place: int) -> None:
    """As a resource may lie in an attachment, which nobody checks."""
    definitions, chance = load(version), random.Random(seed)  # noqa: S311  made to be the same again
    names = sorted(definitions.resources)
    resource = Maker(definitions, chance).resource(names[place % len(names)])
    contained = {**resource, "contained": [Maker(definitions, chance).resource("Patient")]}
    spoiled = {**{name: spoil(each, chance) for name, each in contained.items()}, **typed(resource)}
    for fields in (basic(), clean_all()):
        done = deidentifier(*fields, version=version, keep_extensions=True).resource(spoiled)
        assert isinstance(done.resource, dict)


def test_what_is_nested_too_deep_is_refused() -> None:
    subject: Json = {"reference": "Patient/p"}
    for _ in range(400):
        subject = {"identifier": {"assigner": subject}}
    with pytest.raises(ValueError, match="nested too deep"):
        deidentifier(*basic()).resource({"resourceType": "Observation", "subject": subject})
