"""What a check says of single resources: nothing passes that Google's parser refuses, and changes help."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.fhir.validation.validator import Checks
from scripts.fhir.checking.resources import Rules, examine
from tests.support.fhir_data import recorded, synthea_resources
from tests.support.fhir_edits import edited

LENIENT = Rules("R4", integrity=False)
PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "p1"}
OBSERVATION: dict[str, Any] = {"resourceType": "Observation", "id": "o1", "status": "final", "code": {"text": "x"}}


@pytest.mark.parametrize("version", ["R4", "STU3"])
def test_nothing_passes_that_google_s_parser_refuses(version: str) -> None:
    found = recorded(f"verdicts.{version.lower()}")
    promised = [
        said
        for number, edits, said in found["cases"]
        if said and examine(edited(found["resources"][number], edits), Rules(version)).passes
    ]
    assert promised == []


@pytest.mark.parametrize("version", ["R4", "STU3"])
def test_what_synthea_makes_passes_in_its_transaction(version: str) -> None:
    resources = synthea_resources(version)
    urns = frozenset(f"urn:uuid:{resource['id']}" for resource in resources)
    assert [examine(each, Rules(version), urns).findings for each in resources] == [[]] * len(resources)


@pytest.mark.parametrize(
    ("change", "where", "what", "remedy", "after"),
    [
        ({"foo": 1}, "Patient", 'unknown field "foo"', "strip it", {}),
        ({"birthDate": "1970/1/2"}, "Patient.birthDate", "expected date", "YYYY-MM-DD", {"birthDate": "1970-01-02"}),
        ({"birthDate": "19700102"}, "Patient.birthDate", "expected date", "YYYY-MM-DD", {"birthDate": "1970-01-02"}),
        (
            {"birthDate": "1970-01-02T00:00:00Z"},
            "Patient.birthDate",
            "expected date",
            "YYYY-MM-DD",
            {"birthDate": "1970-01-02"},
        ),
        (
            {"deceasedDateTime": "2020-01-02 10:00Z"},
            "Patient.deceasedDateTime",
            "expected datetime",
            "YYYY-MM-DDThh:mm:ss",
            {"deceasedDateTime": "2020-01-02T10:00:00Z"},
        ),
        ({"active": "true"}, "Patient.active", "expected boolean", "without quotes", {"active": True}),
        ({"name": {"family": "X"}}, "Patient.name", "expected array", "array", {"name": [{"family": "X"}]}),
        ({"multipleBirthInteger": "2"}, "Patient.multipleBirthInteger", "expected integer", "", None),
        (
            {"generalPractitioner": [{"reference": "#x", "display": "d"}]},
            "Patient.generalPractitioner[0]",
            "no contained resource has the ID",
            "strip",
            {"generalPractitioner": [{"display": "d"}]},
        ),
        (
            {"managingOrganization": {"reference": "Patient/2", "display": "d"}},
            "Patient.managingOrganization",
            "invalid reference to a Patient resource, want Organization",
            "disableReferenceTypeValidation",
            {"managingOrganization": {"display": "d"}},
        ),
    ],
)
def test_the_smallest_change_is_named_and_made(
    change: dict[str, Any], where: str, what: str, remedy: str, after: dict[str, Any] | None
) -> None:
    given = PATIENT | change
    examined = examine(given, LENIENT)
    (finding,) = examined.findings
    assert finding.where == where
    assert what in finding.what
    assert remedy in finding.remedy
    assert examined.mended
    if after is not None:
        assert examined.resource == PATIENT | after
    assert examine(examined.resource, LENIENT).passes


def test_the_resource_itself_is_left_as_it_was() -> None:
    given = PATIENT | {"name": {"family": "X"}}
    examine(given, LENIENT)
    assert given == PATIENT | {"name": {"family": "X"}}


def test_a_problem_that_hid_behind_another_is_told_too() -> None:
    """Google's parser tells of what can't be read first, and of missing fields only when all can be."""
    given = {"resourceType": "Observation", "code": {}, "foo": 1}
    assert [each.what for each in examine(given, LENIENT).findings] == [
        'unknown field "foo"',
        'missing required field "status"',
    ]


def test_a_code_of_other_case_is_rewritten_where_the_version_is_strict() -> None:
    examined = examine(PATIENT | {"gender": "Male"}, Rules("R5"))
    (finding,) = examined.findings
    assert finding.remedy == "rewrite it: use one of female, male, other, unknown"
    assert examined.resource["gender"] == "male"


def test_a_code_that_is_none_is_the_persons_to_choose() -> None:
    examined = examine(OBSERVATION | {"status": "done"}, LENIENT)
    (finding,) = examined.findings
    assert finding.remedy.startswith("use one of amended, ")
    assert not examined.mended
    assert examined.resource["status"] == "done"


def test_a_time_without_a_zone_is_not_given_one() -> None:
    (finding,) = examine(OBSERVATION | {"effectiveDateTime": "2020-01-02T10:00:00"}, LENIENT).findings
    assert finding.remedy == "give its time a zone, such as Z or +01:00"
    assert not finding.mended


def test_what_the_store_does_not_check_is_no_finding() -> None:
    given = {"resourceType": "Observation", "code": {}, "subject": {"reference": "Practitioner/1"}}
    assert len(examine(given, LENIENT).findings) == 2
    assert examine(given, Rules(checks=Checks(required=False, references=False))).passes


def test_an_invariant_that_does_not_hold_is_a_finding_unless_the_store_does_not_ask() -> None:
    """FHIR R4, obs-7: a component of the code that the Observation itself has."""
    coded = {"coding": [{"system": "http://loinc.org", "code": "1"}]}
    given = OBSERVATION | {"code": coded, "valueString": "x", "component": [{"code": coded, "valueString": "y"}]}
    findings = examine(given, LENIENT).findings
    assert all("disableFhirpathValidation" in each.remedy for each in findings)
    assert examine(given, Rules(checks=Checks(invariants=False))).passes


def test_no_value_of_a_resource_is_in_a_sentence_unless_asked_for() -> None:
    given = PATIENT | {"birthDate": "Doe 1970", "gender": "secretive", "name": "Doe", "note": "Doe"}
    findings = examine(given, LENIENT).findings
    assert {each.where for each in findings} >= {"Patient.birthDate", "Patient.gender", "Patient.name", "Patient"}
    told = " ".join(each.sentence(values=False) for each in findings)
    assert "Doe" not in told
    assert "secretive" not in told
    assert "Doe 1970" in " ".join(each.sentence(values=True) for each in findings)


@pytest.mark.parametrize(
    ("reference", "urns", "refused"),
    [
        ("Patient/1", None, False),
        ("https://elsewhere.example/fhir/Patient/1", None, False),
        ("Patient?identifier=1", None, True),
        ("Patient?identifier=1", frozenset(), False),
        ("urn:uuid:3f8a0a1e-0000-4000-8000-000000000001", frozenset(), True),
        (
            "urn:uuid:3f8a0a1e-0000-4000-8000-000000000001",
            frozenset(["urn:uuid:3f8a0a1e-0000-4000-8000-000000000001"]),
            False,
        ),
        ("projects/p/locations/l/datasets/d/fhirStores/f/fhir/Patient/1", None, True),
    ],
)
def test_references_that_no_store_takes(reference: str, urns: frozenset[str] | None, *, refused: bool) -> None:
    """Cloud Healthcare: FHIR resource references."""
    given = OBSERVATION | {"subject": {"reference": reference}}
    assert examine(given, Rules("R4"), urns).passes is not refused


def test_references_in_extensions_count_only_where_the_store_reads_them() -> None:
    extension = {"url": "http://example.org/x", "valueReference": {"reference": "#nothing"}}
    given = PATIENT | {"extension": [extension]}
    assert examine(given, LENIENT).passes
    assert not examine(given, Rules("R4", complex_references=True)).passes


@pytest.mark.parametrize(("contained", "passes"), [([{"resourceType": "Patient", "id": "me"}], True), ([], False)])
def test_a_reference_within_a_bundle_leads_to_what_its_own_resource_contains(
    contained: list[dict[str, str]], *, passes: bool
) -> None:
    inside = OBSERVATION | {"contained": contained, "subject": {"reference": "#me"}}
    given = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": inside}]}
    assert examine(given, Rules("R4")).passes is passes
