"""Which Consents can be enforced (Cloud Healthcare: constraints and limitations of FHIR consent)."""

from typing import Any

import pytest

from emulator.services.healthcare.fhir.consents import rules
from emulator.services.healthcare.fhir.consents.rules import Rule, UnsupportedError
from tests.emulator.services.healthcare.fhir.consents.made import GOOGLE, cascading, coding, concept, consent, provision

Json = dict[str, Any]
ACTOR = "Practitioner/a"
PERMIT = provision("permit", ACTOR)


def read(said: Json, version: str = "R4") -> Rule:
    return rules.read(consent("c", "Patient/p", said), version, str)


def environment(*codings: Json) -> Json:
    return {"url": f"{GOOGLE}/Environment", "valueCodeableConcept": {"coding": [*codings]}}


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (provision("permit"), "actor must have 1 to 25 entries"),
        (provision("permit", *(f"Practitioner/{number}" for number in range(26))), "actor must have 1 to 25 entries"),
        (provision("allow", ACTOR), "type must be permit or deny"),
        ({**PERMIT, "actor": [{"role": concept(rules.ROLES[0], "GRANTEE")}]}, "actor must have a reference"),
        ({**PERMIT, "actor": [{"reference": {"reference": ACTOR}}]}, "role must be GRANTEE or HPOWATT"),
        ({**PERMIT, "action": [concept("http://x", "collect")]}, "action must be access"),
        ({**PERMIT, "provision": [PERMIT]}, "provision.provision is not supported"),
        ({**PERMIT, "dataPeriod": {"start": "2020"}}, "provision.dataPeriod is not supported"),
        ({**PERMIT, "purpose": [coding(rules.REASONS[0], each) for each in "AB"]}, "purpose must be one code"),
        (provision("permit", ACTOR, purpose="A" * 14), "purpose must be one code"),
        ({**PERMIT, "purpose": [coding("http://x", "TREAT")]}, "purpose must be one code of v3-ActReason"),
        (provision("permit", ACTOR, environment="Application/1234"), "at most 14 characters together"),
        ({**PERMIT, "extension": [environment(coding("A", "1"))] * 2}, "at most one environment"),
        ({**PERMIT, "extension": [environment(coding("A", ""))]}, "at most 14 characters together"),
        ({**PERMIT, "class": [coding("http://x", "Patient")]}, "provision.class must be of"),
        ({**PERMIT, "data": [{"meaning": "related", "reference": {"reference": "A/b"}}]}, "the meaning instance"),
        (provision("permit", ACTOR, labels=(("v3-Unknown", "R"),)), "securityLabel must be of"),
        (provision("permit", ACTOR, tags=(tuple("abcdef"),)), "at most 5 nested tags"),
        (provision("permit", ACTOR, sources=tuple(f"urn:{number}" for number in range(101))), "more than 100"),
        ({**PERMIT, "extension": [{"url": f"{GOOGLE}/DataSource"}]}, "has an empty value"),
    ],
)
def test_what_can_not_be_enforced_is_unsupported_as_a_whole(said: Json, sentence: str) -> None:
    with pytest.raises(UnsupportedError, match=sentence.replace(".", r"\.")):
        read(said)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (consent("c", "Patient/p", PERMIT, extension=[{"url": rules.ADMIN}]), "must not name a patient"),
        (cascading("c", PERMIT), "must be Patient or Encounter"),
        (cascading("c", provision("permit", ACTOR, types=("Patient", "Group"))), "must be Patient or Encounter"),
        (consent("c", "Patient/p", PERMIT, extension=[{"url": rules.CASCADING}]), "must be an admin policy"),
        (consent("c", "Patient/p", PERMIT, modifierExtension=[{"url": "http://x"}]), "modifierExtension"),
        (consent("c", "Patient/p", {}) | {"provision": None}, "Consent.provision is missing"),
    ],
)
def test_a_consent_that_is_no_policy(given: Json, sentence: str) -> None:
    with pytest.raises(UnsupportedError, match=sentence):
        rules.read(given, "R4", str)


def test_stu3_has_one_exception_and_nothing_beside_it() -> None:
    given = {"except": [PERMIT]}
    assert rules.read(given, "STU3", str) == read(PERMIT)
    for wrong in ({}, {"except": [PERMIT, PERMIT]}, {**given, "purpose": [{"code": "TREAT"}]}):
        with pytest.raises(UnsupportedError):
            rules.read(wrong, "STU3", str)
    with pytest.raises(UnsupportedError, match="no data sources"):
        rules.read({"except": [provision("permit", ACTOR, sources=("urn:a",))]}, "STU3", str)


def test_a_label_stands_for_what_is_less_confidential_or_more() -> None:
    restricted = (("v3-Confidentiality", "R"), ("v3-ActCode", "PSY"))
    permit = read(provision("permit", ACTOR, labels=restricted)).labels
    deny = read(provision("deny", ACTOR, labels=restricted)).labels
    assert [code for _, code in permit] == ["U", "L", "M", "N", "R", "PSY"]
    assert [code for _, code in deny] == ["R", "V", "PSY"]


def test_a_rule_comes_back_as_it_was_kept() -> None:
    said = provision(
        *("deny", ACTOR, "Group/g"),
        purpose="TREAT",
        environment="App/1",
        types=("Observation",),
        ids=("Observation/o",),
        sources=("urn:a",),
        tags=(("x", "y"), ("z",)),
        labels=(("v3-ActCode", "PSY"),),
    )
    assert rules.decoded(read(said).encoded()) == read(said)
