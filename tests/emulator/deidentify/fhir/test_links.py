"""Ids and what points at them: rewritten alike, so that what met before meets after."""

from typing import Any

import pytest

from emulator.deidentify.fhir import Action
from emulator.deidentify.fhir.rules import basic
from tests.emulator.deidentify.fhir.making import SECRET, STORE, Json, made, rule

NEW = SECRET.identifier("p")


def observation(reference: str, **more: Any) -> Json:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "a"},
        "subject": {"reference": reference},
        **more,
    }


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Patient/p", f"Patient/{NEW}"),
        ("Patient/p/_history/MQ", f"Patient/{NEW}"),
        (f"{STORE}/fhir/Patient/p", f"Patient/{NEW}"),
        (f"https://healthcare.googleapis.com/v1/{STORE}/fhir/Patient/p", f"Patient/{NEW}"),
        ("https://other.example/fhir/Patient/p", f"https://other.example/fhir/Patient/{NEW}"),
        ("https://other.example/people?name=wall", SECRET.hash("https://other.example/people?name=wall")),
        ("Patient?identifier=mrn|4711", SECRET.hash("Patient?identifier=mrn|4711")),
    ],
)
def test_references_follow_ids(before: str, after: str) -> None:
    assert made(observation(before), *basic())["subject"] == {"reference": after}


def test_references_stay_where_ids_stay() -> None:
    text = observation("Patient/p", note=[{"text": "x", "authorReference": {"reference": "Practitioner/d"}}])
    assert made(text, rule(Action.HASH, "Reference.String")) == text


@pytest.mark.parametrize("action", [Action.TRANSFORM, Action.CLEAN, Action.MASK, Action.HASH])
def test_only_the_ids_that_a_rule_names_change(action: Action) -> None:
    """Whatever is to be done to an id: it becomes another one, or two would become one."""
    text = observation("Patient/p", performer=[{"reference": "Practitioner/d"}])
    after = made(text, rule(action, "Patient.id"))
    assert after["subject"] == {"reference": f"Patient/{NEW}"}
    assert after["performer"] == [{"reference": "Practitioner/d"}]
    assert made({"resourceType": "Patient", "id": "p"}, rule(action, "Patient.id"))["id"] == NEW


def test_a_reference_that_is_to_be_removed_is() -> None:
    assert "subject" not in made(observation("Patient/p"), rule(Action.REMOVE, "Observation.subject"))


def test_contained_resources_are_still_met() -> None:
    contained = [{"resourceType": "Patient", "id": "p", "gender": "male"}]
    after = made(observation("#p", contained=contained), *basic())
    assert after["subject"] == {"reference": f"#{NEW}"}
    assert after["contained"] == [{"resourceType": "Patient", "id": NEW, "gender": "male"}]


def test_entries_of_a_bundle_still_meet() -> None:
    urn = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": urn,
                "resource": {"resourceType": "Patient", "id": "p"},
                "request": {"method": "PUT", "url": "Patient/p"},
            },
            {
                "fullUrl": "https://server.example/Observation/o",
                "resource": {**observation(urn), "id": "o"},
                "request": {"method": "POST", "url": "Observation"},
            },
        ],
    }
    patient, other = made(bundle, *basic())["entry"]
    assert patient["request"]["url"] == f"Patient/{patient['resource']['id']}" == f"Patient/{NEW}"
    assert other["resource"]["subject"]["reference"] == patient["fullUrl"] != urn
    assert other["fullUrl"] == f"https://server.example/Observation/{other['resource']['id']}"
    assert other["request"]["url"] == "Observation"


def test_attachments_and_canonicals_of_the_store_are_still_met() -> None:
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "content": [{"attachment": {"url": "Binary/b"}}, {"attachment": {"url": "https://other.example/wall.txt"}}],
    }
    binary = SECRET.identifier("b")
    assert made(document, *basic())["content"][0] == {"attachment": {"url": f"Binary/{binary}"}}
    assert "other.example" not in str(made(document, *basic()))
    answers = {"resourceType": "QuestionnaireResponse", "status": "completed"}
    own, published = (
        {**answers, "questionnaire": "Questionnaire/q"},
        {**answers, "questionnaire": "http://x/Questionnaire/q"},
    )
    assert made(own, *basic())["questionnaire"] == f"Questionnaire/{SECRET.identifier('q')}"
    assert made(published, *basic()) == published


STUDY: Json = {
    "resourceType": "ImagingStudy",
    "id": "s",
    "status": "available",
    "identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:1.2.3"}],
    "subject": {"reference": "Patient/p"},
    "series": [
        {
            "uid": "1.2.3.4",
            "modality": {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "DX"},
            "instance": [{"uid": "1.2.3.4.5", "sopClass": {"system": "urn:ietf:rfc:3986", "code": "urn:oid:1.2.840"}}],
        }
    ],
}


def test_uids_of_dicom_are_those_of_dicom_files() -> None:
    after = made(STUDY, regenerate_uids=True)
    assert after["identifier"][0]["value"] == f"urn:oid:{SECRET.uid('1.2.3')}"
    (series,) = after["series"]
    assert series["uid"] == SECRET.uid("1.2.3.4")
    assert series["instance"][0] == {**STUDY["series"][0]["instance"][0], "uid": SECRET.uid("1.2.3.4.5")}
    assert made(STUDY) == STUDY


def test_uids_of_stu3() -> None:
    study = {
        "resourceType": "ImagingStudy",
        "uid": "urn:oid:1.2.3",
        "patient": {"reference": "Patient/p"},
        "series": [{"uid": "urn:oid:1.2.3.4", "modality": {"code": "DX"}}],
    }
    after = made(study, regenerate_uids=True, version="STU3")
    assert after["uid"] == f"urn:oid:{SECRET.uid('1.2.3')}"
    assert after["series"][0]["uid"] == f"urn:oid:{SECRET.uid('1.2.3.4')}"


def test_uids_in_urls_of_dicomweb() -> None:
    media = {
        "resourceType": "Media",
        "status": "completed",
        "content": {"url": "https://x.example/dicomWeb/studies/1.2.3/series/1.2.3.4"},
    }
    after = made(media, regenerate_uids=True)["content"]["url"]
    assert after == f"https://x.example/dicomWeb/studies/{SECRET.uid('1.2.3')}/series/{SECRET.uid('1.2.3.4')}"
