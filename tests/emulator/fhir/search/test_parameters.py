import zlib
from typing import Any

import pytest

from emulator.fhir.paths.compiling import compiled
from emulator.fhir.search.errors import SearchError
from emulator.fhir.search.parameters import COMMON, Parameters, parameters

VERSIONS = ("DSTU2", "STU3", "R4", "R5")


@pytest.fixture(params=VERSIONS)
def known(request: pytest.FixtureRequest) -> Parameters:
    return parameters(request.param)


def test_every_expression_of_every_version_compiles(known: Parameters) -> None:
    count = 0
    for codes in known.by_type.values():
        for each in codes.values():
            if each.expression:
                compiled(each.expression)
                count += 1
            for component in each.components:
                compiled(component.expression)
    assert count > 1300


def test_no_two_parameters_of_a_version_have_the_same_key(known: Parameters) -> None:
    names = {
        f"{each.base}.{each.code}{text}"
        for c in known.by_type.values()
        for each in c.values()
        for text in ("", ":text")
    }
    assert len({zlib.crc32(name.encode()) for name in names}) == len(names)


def test_parameters_have_fhirs_types_and_targets() -> None:
    # hl7.org/fhir/R4/observation.html#search and hl7.org/fhir/R4/patient.html#search
    found = parameters("R4")
    assert found.of("Patient")["birthdate"].type == "date"
    assert found.of("Patient")["identifier"].expression == "Patient.identifier"
    assert set(found.of("Observation")["subject"].targets) == {"Group", "Device", "Patient", "Location"}
    assert found.of("Observation")["patient"].expression == "Observation.subject.where(resolve() is Patient)"
    pair = found.of("Observation")["component-code-value-quantity"]
    assert [each.type for each in pair.components] == ["token", "quantity"]
    assert found.of("Observation")["_tag"].base == "Observation"
    assert found.find(None, "_tag") is found.by_type[COMMON]["_tag"]


def test_what_google_leaves_out_is_left_out() -> None:
    # Cloud Healthcare: FHIR conformance statement
    r4, r5, stu3 = parameters("R4"), parameters("R5"), parameters("STU3")
    assert r4.find("Location", "near") is None
    assert "near" in r4.left_out["Location"]
    assert r4.find("Patient", "phonetic") is None
    assert r4.find("DocumentReference", "relationship")
    assert r5.find("DocumentReference", "relationship") is None
    assert r5.find("Location", "contains") is None
    assert stu3.find("Sequence", "coordinate") is None
    composites = [each for codes in r4.by_type.values() for each in codes.values() if each.type == "composite"]
    assert len(composites) == 9


def test_the_patient_compartment(known: Parameters) -> None:
    # CompartmentDefinition patient: Observation by subject and performer
    assert set(known.patient_compartment["Observation"]) == {"subject", "performer"}
    assert all(
        known.find(name, code) for name, codes in known.patient_compartment.items() for code in codes if code != "{def}"
    )


def test_a_type_that_is_none_is_refused(known: Parameters) -> None:
    with pytest.raises(SearchError, match='"Patients" is no resource type of FHIR'):
        known.of("Patients")


def custom(**fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "SearchParameter",
        "url": "http://example.org/sp",
        "code": "race",
        "base": ["Patient"],
        "type": "token",
        "expression": "Patient.extension('http://example.org/race').value",
        **fields,
    }


def test_a_store_adds_parameters_of_its_own() -> None:
    before = parameters("R4")
    after = before.extended([custom(base=["Patient", "Person"], expression="Patient.photo.title | Person.photo.title")])
    assert after.of("Patient")["race"].expression == "Patient.photo.title"
    assert after.of("Person")["race"].expression == "Person.photo.title"
    assert before.find("Patient", "race") is None
    everywhere = before.extended([custom(base=["Resource"], code="lang", expression="Resource.language")])
    assert everywhere.of("Observation")["lang"].type == "token"


def test_who_defines_a_part_anew_leaves_the_whole_to_itself() -> None:
    before = parameters("R4").of("Observation")["combo-code"]
    own = custom(base=["Observation"], code="code", expression="Observation.method")
    after = parameters("R4").extended([own]).of("Observation")
    assert before.parts == ("code", "component-code")
    assert after["combo-code"].parts == ()
    assert after["combo-value-quantity"].parts == ("value-quantity", "component-value-quantity")


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"code": None}, "needs a code and an expression"),
        ({"expression": ""}, "needs a code and an expression"),
        ({"type": "composite"}, 'is of type "composite"'),
        ({"type": "special"}, 'is of type "special"'),
        ({"base": ["Nobody"]}, "needs a base"),
        ({"base": []}, "needs a base"),
        ({"base": None}, "needs a base"),
        ({"expression": "Patient.name.soundex()"}, 'function "soundex"'),
        ({"expression": "Patient.name["}, "at character 14"),
    ],
)
def test_a_parameter_that_cannot_be_is_told_in_a_sentence(fields: dict[str, Any], part: str) -> None:
    with pytest.raises(SearchError) as caught:
        parameters("R4").extended([custom(**fields)])
    assert part in str(caught.value)
    assert "http://example.org/sp" in str(caught.value)
