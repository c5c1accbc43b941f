import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from emulator.fhir import parsing
from emulator.fhir.definitions import load
from emulator.fhir.validation.rules import Rules
from emulator.fhir.validation.validator import Checks, validate

Json = dict[str, Any]


def patient(**fields: Any) -> Json:
    return {"resourceType": "Patient", **fields}


def observation(**fields: Any) -> Json:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "a"}, **fields}


def said(resource: Json, version: str = "R4", checks: Checks | None = None) -> list[str]:
    return [problem.issue.diagnostics for problem in validate(resource, version, checks or Checks())]


# What Google's parser says of these, github.com/google/fhir/go v0.7.4, but for what it quotes of the resource.
@pytest.mark.parametrize(
    ("resource", "sentence"),
    [
        (patient(gender="zzz"),
         'error at "Patient.gender": code type mismatch: "zzz" is not a AdministrativeGenderCode'),
        (patient(birthDate="2000-02-30"), 'error at "Patient.birthDate": expected date: found "2000-02-30"'),
        (patient(active="true"), 'error at "Patient.active": expected boolean: found "true"'),
        (patient(name={}), 'error at "Patient.name": expected array'),
        (patient(name=["x"]), 'error at "Patient.name[0]": invalid JSON: found no object'),
        (patient(id="$"), 'error at "Patient.id": invalid Id format'),
        (patient(encounter=1), 'error at "Patient": unknown field "encounter"'),
        (patient(deceasedBoolean=True, deceasedDateTime="2000"),
         'error at "Patient": cannot accept multiple values for deceased field: "deceasedDateTime"'),
        (patient(multipleBirthInteger=2**31),
         'error at "Patient.multipleBirthInteger": expected integer: found 2147483648'),
        (patient(extension=[{}]), 'error at "Patient.extension[0]": missing required field "url"'),
        (observation(valueString="\u0001"),
         'error at "Observation.value.string": string contains invalid characters: U+0001'),
        (observation(subject={"reference": "Medication/1"}),
         ('error at "Observation.subject": invalid reference to a Medication resource, '
          "want Patient, Group, Device, Location")),
        ({"resourceType": "Nope"}, 'error at "Nope": unknown resource type: "Nope"'),
        ({"id": "1"}, 'missing required field "resourceType"'),
        ({"resourceType": 5}, "invalid resource type"),
        ({"resourceType": "Claim", "status": "active", "type": {}, "use": "claim", "patient": {}, "created": "2000",
          "provider": {}, "priority": {}, "insurance": [{"sequence": 1, "focal": True, "coverage": {}}],
          "diagnosis": [{"sequence": 1}]}, 'error at "Claim.diagnosis[0]": missing required field "diagnosis"'),
    ],
)  # fmt: skip
def test_a_problem_is_told_in_googles_words(resource: Json, sentence: str) -> None:
    assert said(resource) == [sentence]


def test_what_was_right_once_excuses_nothing_else() -> None:
    def coded(**more: Any) -> Json:
        return observation(category=[{"coding": [{"system": "http://a", "code": "b", **more}]}])

    for _ in range(2):
        assert said(coded()) == said(coded(userSelected=True)) == []
        assert said(coded(userSelected=1)) == [
            'error at "Observation.category[0].coding[0].userSelected": expected boolean: found 1'
        ]
        assert said(coded(other="c")) == ['error at "Observation.category[0].coding[0]": unknown field "other"']
        assert said(observation(method=["http://a"])) != []
        assert said(observation(subject={"reference": "Patient/1", "display": "\u0001"})) == [
            'error at "Observation.subject.display": string contains invalid characters: U+0001'
        ]


def test_every_missing_element_is_named() -> None:
    assert said({"resourceType": "Observation"}) == [
        'error at "Observation": missing required field "status"',
        'error at "Observation": missing required field "code"',
    ]


def test_a_problem_in_a_bundle_is_found_by_its_path() -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"resource": patient(zz=1)}, {"resource": patient()}],
    }
    assert said(bundle) == ['error at "Bundle.entry[0].resource.Patient": unknown field "zz"']
    bundle["entry"] = [{"resource": observation()}, {"resource": {"resourceType": "Observation"}}]
    assert said(bundle)[0] == 'error at "Bundle.entry[1].resource.observation": missing required field "status"'


def test_what_cannot_be_read_hides_what_is_missing() -> None:
    assert said({"resourceType": "Observation", "id": "$", "zz": 1}) == ['error at "Observation": unknown field "zz"']


def test_the_discreet_form_quotes_nothing() -> None:
    (problem,) = validate(patient(birthDate="Jane Doe"), "R4")
    assert problem.discreet == 'error at "Patient.birthDate": expected date'


@pytest.mark.parametrize("version", ["STU3", "R4"])
@pytest.mark.parametrize(
    "fields",
    [
        {"gender": None},
        {"gender": ""},
        {"Gender": "male"},
        {"gender": "MALE"},
        {"name": None},
        {"name": []},
        {"contact": [{}]},
        {"_birthDate": {"extension": [{"url": "http://example.org"}]}},
        {"name": [{"given": ["a", None], "_given": [None, {"id": "1"}]}]},
        {"name": [{"period": {"start": "2020", "end": "2010"}}]},
        {"generalPractitioner": [{"reference": "Device1/abc"}]},
    ],
)
def test_googles_leniency_before_r5(version: str, fields: Json) -> None:
    assert said(patient(**fields), version, Checks(invariants=False)) == []


# Cloud Healthcare, FHIR conformance statement: R5 refuses null, {}, and names that begin with a capital. Other things
# that are empty, and blanks, R5's own definitions refuse.
@pytest.mark.parametrize(
    "fields",
    [
        *({"gender": None}, {"Gender": "male"}, {"gender": "MALE"}, {"name": [None]}, {"maritalStatus": {}}),
        *({"name": []}, {"language": ""}, {"implicitRules": "a b"}, {"birthDate": {"id": "a"}}, {"_birthDate": {}}),
        *({"name": [{"given": [{}]}]}, {"name": [{"family": ""}]}, {"deceasedDateTime": {"id": "a"}}),
    ],
)
def test_r5_is_strict(fields: Json) -> None:
    assert len(said(patient(**fields), "R5")) == 1


def test_r5_takes_extensions_beside_values() -> None:
    beside = {"extension": [{"url": "http://example.org/e", "valueString": "a"}]}
    fields = {"birthDate": "2000", "_birthDate": beside, "name": [{"given": ["A", "B"], "_given": [None, beside]}]}
    assert said(patient(**fields), "R5") == []
    assert said(patient(_deceasedBoolean=beside), "R5") == []
    fields = {"name": [{"given": [None, "B"], "_given": [beside, None]}]}
    assert said(patient(**fields), "R5") == []


def test_what_is_empty_in_r5_is_a_required_field_s_matter() -> None:
    assert said(patient(maritalStatus={}), "R5", Checks(required=False)) == []


def test_r5_holds_references_within_codeable_references_to_their_types() -> None:
    condition = {
        "resourceType": "Encounter",
        "status": "planned",
        "reason": [{"value": [{"reference": {"reference": "Patient/1"}}]}],
    }
    assert said(condition, "R5")[0].startswith(
        'error at "Encounter.reason[0].value[0].reference": invalid reference to a Patient'
    )


def test_a_reference_to_a_type_of_another_version_is_refused() -> None:
    assert said(observation(subject={"reference": "BodySite/1"})) == [
        'error at "Observation.subject": invalid reference: no type BodySite in this version of FHIR'
    ]


@pytest.mark.parametrize(
    ("resource", "checks"),
    [
        ({"resourceType": "Observation"}, Checks(required=False)),
        (observation(subject={"reference": "Medication/1"}), Checks(references=False)),
    ],
)
def test_checks_can_be_switched_off(resource: Json, checks: Checks) -> None:
    assert said(resource) != []
    assert said(resource, "R4", checks) == []


@pytest.mark.parametrize(
    ("number", "version", "right"), [("1e3", "R4", True), ("1e3", "STU3", False), ("1.00", "STU3", True)]
)
def test_decimals_with_an_exponent_came_with_r4(number: str, version: str, right: bool) -> None:
    resource = observation(valueQuantity=parsing.parse(f'{{"value":{number}}}'.encode()))
    assert (said(resource, version) == []) is right


def test_contained_resources_of_r4_need_only_be_readable() -> None:
    assert said(patient(contained=[{"resourceType": "Observation"}])) == []
    assert said(patient(contained=[{"resourceType": "Observation", "zz": 1}])) != []
    assert said(patient(contained=[{"resourceType": "Observation"}]), "STU3") != []


ODD: list[Any] = [None, 1.5, "x", [[]], {"a": []}]


@pytest.mark.parametrize("version", ["DSTU2", "STU3", "R4", "R5"])
def test_no_value_is_too_odd_for_any_name(version: str) -> None:
    for name in sorted(load(version).resources):
        for value in ODD:
            odd = dict.fromkeys(load(version)[name].fields, value)
            assert validate({"resourceType": name, **odd, **{f"_{field}": value for field in odd}}, version)
            validate({"resourceType": value}, version)


def test_threads_that_need_a_type_first_at_once_are_all_given_its_whole_rule() -> None:
    found = observation(derivedFrom=[{"reference": "ImagingStudy/1"}], component=[{"code": {"text": "b"}}])
    for _ in range(20):
        fresh, together = Rules(load("R4"), invariants=False), threading.Barrier(8)

        def check(rules: Rules = fresh, start: threading.Barrier = together) -> object:
            start.wait()
            return rules.resource(found) or []

        with ThreadPoolExecutor(8) as pool:
            assert [each.result() for each in [pool.submit(check) for _ in range(8)]] == [[]] * 8
