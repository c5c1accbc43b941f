from typing import Any

import pytest

from emulator.fhir.validation.profiles import Profile, broken

Json = dict[str, Any]
PATIENT = {"resourceType": "Patient", "identifier": [{"system": "http://example.org/mrn", "value": "1"}]}


def profile(*elements: Json, type_: str = "Patient", invariants: bool = False) -> Profile:
    structure = {"url": "http://example.org/profile", "type": type_, "differential": {"element": list(elements)}}
    return Profile(structure, invariants=invariants)


def element(path: str, **rules: Any) -> Json:
    return {"id": path, "path": ".".join(step.partition(":")[0] for step in path.split(".")), **rules}


def said(found: Profile, **fields: Any) -> list[str]:
    return [problem.issue.diagnostics for problem in found.problems(PATIENT | {"resourceType": found.type} | fields)]


# The rules that Cloud Healthcare enforces of a StructureDefinition (ValidationConfig.enabledImplementationGuides).
@pytest.mark.parametrize(
    ("rule", "right", "wrong", "sentence"),
    [
        (element("Patient.name", min=1), {"name": [{}]}, {}, '"Patient.name": values: at least 1 expected, found 0'),
        (element("Patient.name", max="1"), {"name": [{}]}, {"name": [{}, {}]},
         '"Patient.name": values: at most 1 expected, found 2'),
        (element("Patient.name", max="0"), {}, {"name": [{}]}, '"Patient.name": values: at most 0 expected, found 1'),
        (element("Patient.name.family", min=1), {"name": [{"family": "a"}]}, {"name": [{"family": "a"}, {}]},
         '"Patient.name[1].family": values: at least 1 expected, found 0'),
        (element("Patient.name.family", maxLength=2), {"name": [{"family": "ab"}]}, {"name": [{"family": "abc"}]},
         '"Patient.name[0].family": the text has more than 2 characters'),
        (element("Patient.active", fixedBoolean=True), {"active": True}, {"active": False},
         '"Patient.active": the value is not the fixed one'),
        (element("Patient.gender", patternCode="male"), {"gender": "male"}, {"gender": "female"},
         '"Patient.gender": the value is not that of the pattern'),
        (element("Patient.deceased[x]", type=[{"code": "dateTime"}]), {"deceasedDateTime": "2000"},
         {"deceasedBoolean": True}, '"Patient.deceasedBoolean": the type is to be dateTime'),
        (element("Patient.birthDate", minValueDate="1900-01-01"), {"birthDate": "1900-01-02"},
         {"birthDate": "1899-12-31"}, '"Patient.birthDate": the value is less than 1900-01-01'),
        (element("Patient.multipleBirth[x]", maxValueInteger=9), {"multipleBirthInteger": 9},
         {"multipleBirthInteger": 10}, '"Patient.multipleBirthInteger": the value is more than 9'),
    ],
)  # fmt: skip
def test_a_rule_of_a_profile_is_enforced(rule: Json, right: Json, wrong: Json, sentence: str) -> None:
    assert said(profile(rule), **right) == []
    assert said(profile(rule), **wrong) == [f"error at {sentence}"]


@pytest.mark.parametrize(
    "rule",
    [
        element("Patient.maritalStatus", patternCodeableConcept={"text": "b"}),
        element("Patient.gender", binding={"strength": "required", "valueSet": "http://example.org/none"}),
        element("Patient.name", mustSupport=True),
        element("Patient.name", constraint=[{"key": "a", "severity": "error", "expression": "family.exists()"}]),
    ],
)
def test_rules_that_google_does_not_enforce_are_not(rule: Json) -> None:
    assert said(profile(rule), maritalStatus={"text": "a"}, gender="male", name=[{}]) == []


SLICED = (
    element("Patient.identifier", slicing={"discriminator": [{"type": "value", "path": "system"}], "rules": "open"}),
    element("Patient.identifier:mrn", sliceName="mrn", min=1, max="1"),
    element("Patient.identifier:mrn.system", fixedUri="http://example.org/mrn"),
    element("Patient.identifier:mrn.value", min=1),
)
MRN = {"system": "http://example.org/mrn", "value": "1"}
OTHER = {"system": "http://example.org/other"}


def test_a_slice_is_told_by_its_value() -> None:
    assert said(profile(*SLICED), identifier=[OTHER, MRN]) == []
    assert said(profile(*SLICED), identifier=[OTHER]) == [
        'error at "Patient.identifier": slice mrn: at least 1 expected, found 0'
    ]
    assert said(profile(*SLICED), identifier=[MRN, MRN]) == [
        'error at "Patient.identifier": slice mrn: at most 1 expected, found 2'
    ]
    assert said(profile(*SLICED), identifier=[OTHER, {"system": MRN["system"]}]) == [
        'error at "Patient.identifier[1].value": values: at least 1 expected, found 0'
    ]


def test_a_closed_slicing_takes_nothing_else() -> None:
    closed = SLICED[0] | {"slicing": SLICED[0]["slicing"] | {"rules": "closed"}}
    assert said(profile(closed, *SLICED[1:]), identifier=[MRN]) == []
    assert said(profile(closed, *SLICED[1:]), identifier=[MRN, OTHER]) == [
        'error at "Patient.identifier": the slicing is closed, and a value is of no slice'
    ]


def test_a_slice_of_extensions_is_told_by_its_profile() -> None:
    race = element(
        "Patient.extension:race", sliceName="race", min=1, type=[{"code": "Extension", "profile": ["http://a"]}]
    )
    slicing = element("Patient.extension", slicing={"discriminator": [{"type": "value", "path": "url"}]})
    assert said(profile(slicing, race), extension=[{"url": "http://a"}]) == []
    assert len(said(profile(slicing, race), extension=[{"url": "http://b"}])) == 1


def test_a_slice_is_told_by_a_pattern_within_arrays() -> None:
    slicing = element("Observation.component", slicing={"discriminator": [{"type": "value", "path": "code"}]})
    code = element("Observation.component:a.code", patternCodeableConcept={"coding": [{"system": "s", "code": "a"}]})
    found = profile(slicing, element("Observation.component:a", sliceName="a", min=1), code, type_="Observation")
    coded = {"code": {"coding": [{"code": "b"}, {"system": "s", "code": "a", "display": "A"}]}}
    assert said(found, component=[coded]) == []
    assert len(said(found, component=[{"code": {"coding": [{"code": "a"}]}}])) == 1


def test_a_choice_is_sliced_by_its_type() -> None:
    quantity = element("Observation.value[x]:valueQuantity.value", min=1)
    found = profile(
        element("Observation.value[x]:valueQuantity", sliceName="valueQuantity"), quantity, type_="Observation"
    )
    assert said(found, valueString="a") == []
    assert said(found, valueQuantity={"unit": "kg"}) == [
        'error at "Observation.valueQuantity.value": values: at least 1 expected, found 0'
    ]


def test_fhirpath_of_profiles_is_held_to_where_it_is_switched_on() -> None:
    rule = element("Patient", constraint=[{"key": "a", "severity": "error", "expression": "name.exists()"}])
    assert said(profile(rule)) == []
    assert said(profile(rule, invariants=True)) == ['fhirpath-constraint-violation-Patient: "name.exists()"']


def test_nulls_in_a_profile_are_as_good_as_nothing() -> None:
    slicing = {"discriminator": [None, {"type": "value", "path": "url"}], "rules": None}
    name = element("Patient.name", min=1, type=[None], slicing=slicing, constraint=None)
    found = Profile({"url": None, "type": "Patient", "snapshot": None, "differential": {"element": [None, name]}})
    assert len(said(found)) == 1


def test_one_profile_of_several_is_enough() -> None:
    named, born = profile(element("Patient.name", min=1)), profile(element("Patient.birthDate", min=1))
    assert broken(PATIENT | {"name": [{}]}, [named, born]) == []
    assert broken(PATIENT | {"birthDate": "2000"}, [named, born]) == []
    assert len(broken(PATIENT, [named, born])) == 1


def test_profiles_of_other_types_do_not_count() -> None:
    assert broken(PATIENT, [profile(element("Basic.code", min=1), type_="Basic")]) == []
    assert broken(PATIENT, []) == []
