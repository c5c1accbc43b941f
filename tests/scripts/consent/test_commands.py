"""The commands of `consent`, one by one; docs/how-to/consent.md tells their story (test_how_to.py)."""

import base64
import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.consent import studies
from tests.scripts.conftest import Live, Run
from tests.scripts.consent.conftest import Desk
from tests.scripts.outputs import ATTRIBUTES


def test_attributes_are_defined_once_and_grow_with_the_stack(desk: Desk) -> None:
    assert json.loads(desk.ok("define", "--json")) == dict.fromkeys(ATTRIBUTES, "created")
    assert json.loads(desk.ok("define", "--json")) == dict.fromkeys(ATTRIBUTES, "there already")
    grown = {**ATTRIBUTES["purpose"], "allowedValues": ["care", "research", "teaching", "quality"]}
    shown = desk.run("consent", "define", "--json", "--outputs", desk.outputs(purpose=grown))
    assert json.loads(shown.out) == {"purpose": "changed"}
    assert desk.get("/attributeDefinitions/purpose")["allowedValues"] == grown["allowedValues"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"category": "RESOURCE"}, "Attribute purpose is defined as REQUEST, and the stack says RESOURCE"),
        ({"allowedValues": ["care"]}, "Attribute purpose has the value research, that the stack no longer has"),
    ],
)
def test_what_google_never_changes_is_told_before_anything_is_changed(
    desk: Desk, change: dict[str, object], sentence: str
) -> None:
    desk.ok("define")
    other = {"category": "REQUEST", "allowedValues": ["x"]}
    path = desk.outputs(another=other, purpose={**ATTRIBUTES["purpose"], **change})
    shown = desk.run("consent", "define", "--outputs", path)
    assert shown.code == 1
    assert sentence in shown.err
    assert len(desk.get("/attributeDefinitions")["attributeDefinitions"]) == len(ATTRIBUTES)


def test_studies_are_mapped_by_patient_and_mapped_anew_when_that_changes(desk: Desk) -> None:
    desk.ok("define")
    desk.store_study("1.2.1", PatientID="p1")
    desk.store_study("1.2.2", PatientID="p2")
    desk.store_study("1.2.3", PatientID="")
    shown = desk("map", "--json")
    assert shown.code == 3
    assert json.loads(shown.out) == {"new": 2, "changed": 0, "there": 0, "without_patient": 1}
    assert "1 study without PatientID" in shown.err
    found = {each["dataId"]: each for each in desk.get("/userDataMappings")["userDataMappings"]}
    assert {data: each["userId"] for data, each in found.items()} == {
        f"{desk.dicom}/dicomWeb/studies/1.2.{number}": f"p{number}" for number in (1, 2)
    }
    shown = desk("map", "--where", "PatientID=p1", "--data", "identity=de-identified")
    assert (shown.code, "0 studies mapped, 1 anew, 0 there already" in shown.err) == (0, True)
    shown = desk("map", "--where", "PatientID=p1", "--data", "identity=de-identified")
    assert "0 studies mapped, 0 anew, 1 there already" in shown.err


def test_a_mapping_that_is_stopped_says_what_is_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        first = next(iter(items))
        yield first, work(first)

    desk.ok("define")
    for number in range(3):
        desk.store_study(f"1.2.{number}", PatientID=f"p{number}")
    monkeypatch.setattr(studies, "run_parallel", stopped)
    shown = desk("map", "--json")
    assert (shown.code, shown.out) == (3, "")
    assert "Stopped after 1 of 3 mappings: run the same command again to make the others." in shown.err


def test_a_consent_keeps_what_was_said_and_its_document(ready: Desk, tmp_path: Path) -> None:
    signed = tmp_path / "signed.pdf"
    signed.write_bytes(b"%PDF-1.7 signed")
    words = (
        "--for",
        "research",
        "--for",
        "care",
        "--request",
        "requester=clinician",
        "--data",
        "identity=identifiable",
    )
    made = json.loads(ready.ok("record", "p1", *words, "--artifact", signed, "--days", 30, "--json"))
    [policy] = made["policies"]
    expected = "purpose in ['research', 'care'] && requester == 'clinician'"
    assert policy["authorizationRule"]["expression"] == expected
    assert policy["resourceAttributes"] == [{"attributeDefinitionId": "identity", "values": ["identifiable"]}]
    assert made["expireTime"] > made["revisionCreateTime"]
    artifact = ready.get(made["consentArtifact"].removeprefix(ready.store))
    assert base64.b64decode(artifact["consentContentScreenshots"][0]["rawBytes"]) == b"%PDF-1.7 signed"
    assert artifact["metadata"] == {"file": "signed.pdf"}


def test_a_draft_permits_nothing_until_it_is_activated(ready: Desk, tmp_path: Path) -> None:
    draft = ready.ok("record", "p1", "--for", "research", "--draft").strip()
    shown = ready("check", "1.2.1", "--for", "research")
    assert (shown.code, shown.out) == (1, "no\n")
    assert "The patient has no active consent." in shown.err
    (tmp_path / "signed.pdf").write_bytes(b"%PDF")
    active = json.loads(ready.ok("activate", draft, "--artifact", tmp_path / "signed.pdf", "--days", 2, "--json"))
    assert (active["state"], "expireTime" in active) == ("ACTIVE", True)
    assert ready("check", "1.2.1", "--for", "research").code == 0
    again = json.loads(ready.ok("activate", draft, "--json"))
    assert again == active


def test_all_consents_of_a_patient_are_withdrawn_and_those_of_others_stay(ready: Desk) -> None:
    ready.ok("record", "p1", "--for", "research")
    ready.ok("record", "p1", "--rule", "purpose == 'care'")
    ready.ok("record", "p2", "--for", "research")
    withdrawn = json.loads(ready.ok("revoke", "--patient", "p1", "--json"))
    assert [each["state"] for each in withdrawn] == ["REVOKED"] * 2
    assert [each["userId"] for each in json.loads(ready.ok("list", "--state", "ACTIVE", "--json"))] == ["p2"]
    assert ready("check", "1.2.1", "--for", "research").code == 1
    assert ready("check", "1.2.2", "--for", "research").code == 0


def test_who_sees_is_all_that_is_permitted(ready: Desk) -> None:
    ready.ok("record", "p1", "--for", "research", "--request", "requester=researcher-a,researcher-b")
    found = json.loads(ready.ok("who-sees", "1.2.1", "--json"))
    assert found == [{"purpose": "research", "requester": f"researcher-{each}"} for each in "ab"]
    assert json.loads(ready.ok("who-sees", "1.2.1", "--request", "requester=researcher-b", "--json")) == [found[1]]
    shown = ready("who-sees", "1.2.2")
    assert (shown.code, shown.out, "may not be used" in shown.err) == (0, "purpose\trequester\n", True)


def test_data_that_is_no_study_of_the_store_is_not_exported(ready: Desk) -> None:
    ready.ok("record", "p1", "--for", "research")
    other = {"dataId": "projects/p/some/other/data", "userId": "p1"}
    assert ready.live.emulator.request("POST", f"/v1/{ready.store}/userDataMappings", other)[0] == 200
    shown = ready("export", "--consented-for", "research", "--dry-run")
    assert (shown.out, shown.code) == ("1.2.1\n", 0)
    assert json.loads(ready.ok("export", "--consented-for", "research", "--dry-run", "--json")) == ["1.2.1"]


def test_metadata_of_permitted_studies_go_to_a_table_as_well(ready: Desk) -> None:
    ready.ok("record", "p2", "--for", "research")
    shown = ready("export", "--consented-for", "research", "--to", "table:consented", "--json")
    assert shown.code == 0, shown.err
    assert json.loads(shown.out)["success"] == 1


def test_where_nothing_may_be_used_nothing_is_exported(ready: Desk) -> None:
    shown = ready("export", "--consented-for", "research")
    assert (shown.code, shown.out) == (0, "")
    assert "0 studies may be used for research" in shown.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("record", "p1"), "Say what it is for: --for PURPOSE and --request NAME=VALUE, or a --rule."),
        (("record", "p1", "--for", "care", "--rule", "purpose == 'care'"), "Say what it is for"),
        (("record", "p1", "--for", "care", "--data", "identity"), "--data identity says no attribute"),
        (("record", "p1", "--for", "care", "--artifact", "none.pdf"), "none.pdf"),
        (("revoke",), "Say which: consents by id, or --patient, and not both."),
        (("revoke", "x", "--patient", "p1"), "Say which"),
        (("check", "1.2.1", "--request", "purpose=care,research"), "A request has one value of purpose"),
        (("list", "--consent-store", "none"), "has no consent store none: choose one with --consent-store consents."),
    ],
)
def test_wrong_use_is_one_sentence(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = desk(*words)
    assert shown.code in (1, 2)
    assert sentence in shown.err
    assert len(shown.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--for", "fun"), "fun is no value of purpose: these are care, research, teaching."),
        (("--request", "who=me"), "The consent store has no attribute who: it has identity, purpose, requester."),
        (("--rule", "who == 'me'"), "The consent store has no attribute who"),
        (("--rule", "!purpose"), "--rule !purpose can't be read: '!' at character 1 cannot be read"),
        (("--for", "care", "--data", "identity=x"), "x is no value of identity"),
    ],
)
def test_a_consent_that_would_be_refused_or_permit_nothing_leaves_nothing(
    ready: Desk, words: tuple[str, ...], sentence: str
) -> None:
    shown = ready("record", "p1", *words)
    assert (shown.code, sentence in shown.err) == (2, True)
    assert ready.get("/consentArtifacts") == {}


def test_a_study_that_is_not_mapped_is_told_with_what_to_do(ready: Desk) -> None:
    for command in ("check", "who-sees"):
        shown = ready(command, "1.2.99", "--for", "research")
        assert (shown.code, "run `python -m scripts consent map`" in shown.err) == (1, True)


def test_what_the_store_refuses_is_told_in_its_words(ready: Desk) -> None:
    shown = ready("check", "1.2.1", "--for", "fun")
    assert (shown.code, '"fun" is no allowed value of attribute purpose' in shown.err) == (1, True)


def test_a_stack_without_a_consent_store_says_how_to_have_one(run: Run, live: Live, tmp_path: Path) -> None:
    path = tmp_path / "bare.json"
    path.write_text(dataclasses.replace(live.outputs, consent_stores={}).to_json())
    shown = run("consent", "list", "--outputs", path)
    assert (shown.code, "has no consent store: set one under healthcare-cloud-poc:consentStores" in shown.err) == (
        1,
        True,
    )


def test_a_stack_without_attributes_says_how_to_have_some(desk: Desk) -> None:
    shown = desk.run("consent", "define", "--outputs", desk.outputs())
    assert (shown.code, "has no attributes for its consent store" in shown.err) == (1, True)
