"""Access determinations (Cloud Healthcare: checkDataAccess, evaluateUserConsents, "Making access determinations")."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.services.healthcare.consent.conftest import ConsentStore, Json, policy

USE: Json = {"purpose": "research"}


def test_data_may_be_used_as_the_rule_of_a_policy_says(consents: ConsentStore) -> None:
    consents.map("d1", kind="image")
    consents.consent("p1", policy("purpose == 'research' && role in ['clinician', 'researcher-a']", kind="image"))
    assert consents.check("d1", purpose="research", role="researcher-a") == {"consented": True}
    assert consents.check("d1", purpose="research", role="researcher-b") == {}
    assert consents.check("d1", purpose="care", role="researcher-a") == {}
    assert consents.check("d1", purpose="research") == {}, "who asks is not said"


def test_each_consent_says_what_it_makes_of_a_use(consents: ConsentStore) -> None:
    consents.map("d1", kind="image")
    said = {
        "HAS_SATISFIED_POLICY": consents.consent("p1", policy(kind="report"), policy(kind=("report", "image"))),
        "NO_SATISFIED_POLICY": consents.consent("p1", policy("purpose == 'care'")),
        "NO_MATCHING_POLICY": consents.consent("p1", policy(kind="report")),
    }
    consents.consent("p2")
    consents.consent("p1", state="REVOKED")
    consents.consent("p1", state="DRAFT")
    consents.consent("p1", expireTime="2020-01-01T00:00:00Z")
    assert consents.details("d1", **USE) == {consent["name"]: result for result, consent in said.items()}
    assert consents.check("d1", full=True, **USE)["consented"] is True


def test_listed_consents_are_asked_alone_and_drafts_with_them(consents: ConsentStore) -> None:
    consents.map("d1")
    draft = consents.consent("p1", state="DRAFT")["name"]
    others = [
        consents.consent("p2")["name"],
        consents.consent("p1", state="REVOKED")["name"],
        consents.consent("p1", state="REJECTED")["name"],
        consents.consent("p1", expireTime="2020-01-01T00:00:00Z")["name"],
    ]
    assert consents.check("d1", **USE) == {}
    assert consents.check("d1", consents=[draft], **USE) == {"consented": True}
    expected = dict.fromkeys(others, "NOT_APPLICABLE") | {draft: "HAS_SATISFIED_POLICY"}
    assert consents.details("d1", consents=[*others, draft], **USE) == expected
    assert consents.check("d1", consents=others, **USE) == {}


def test_a_policy_on_no_attributes_is_about_all_data_of_its_user(consents: ConsentStore) -> None:
    consents.map("d1")
    consents.map("d2", kind="report")
    consents.consent("p1", policy())
    assert consents.check("d1", **USE) == consents.check("d2", **USE) == {"consented": True}


def test_what_holds_for_a_user_is_told_item_by_item(consents: ConsentStore) -> None:
    consent = consents.consent("p1", policy(kind="image"))["name"]
    for number in range(3):
        consents.map(f"i{number}", kind="image")
        consents.map(f"r{number}", kind="report")
    consents.map("x", "p2", kind="image")
    body: Json = {"userId": "p1", "requestAttributes": USE}
    found = consents.ok("POST", ":evaluateUserConsents", body)["results"]
    assert {each["dataId"] for each in found if each.get("consented")} == {"i0", "i1", "i2"}
    assert [each for each in found if not each.get("consented")] == [{"dataId": f"r{n}"} for n in range(3)]
    images = consents.ok("POST", ":evaluateUserConsents", {**body, "resourceAttributes": {"kind": "image"}})["results"]
    assert [each["dataId"] for each in images] == ["i0", "i1", "i2"]
    full = consents.ok("POST", ":evaluateUserConsents", {**body, "responseView": "FULL"})["results"]
    assert full[0]["consentDetails"] == {consent: {"evaluationResult": "HAS_SATISFIED_POLICY"}}
    assert full[1]["consentDetails"] == {consent: {"evaluationResult": "NO_MATCHING_POLICY"}}


def test_results_for_a_user_come_in_pages(consents: ConsentStore) -> None:
    for number in range(5):
        consents.map(f"d{number}")
    body: Json = {"userId": "p1", "requestAttributes": USE, "pageSize": 2}
    found, token = [], ""
    while True:
        page = consents.ok("POST", ":evaluateUserConsents", {**body, "pageToken": token})
        found.append([each["dataId"] for each in page["results"]])
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert found == [["d0", "d1"], ["d2", "d3"], ["d4"]]


def test_a_page_token_is_good_for_72_hours(consents: ConsentStore) -> None:
    for number in range(3):
        consents.map(f"d{number}")
    body: Json = {"userId": "p1", "requestAttributes": USE, "pageSize": 1}
    token = consents.ok("POST", ":evaluateUserConsents", body)["nextPageToken"]
    number, since = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))

    def ask(age: int) -> tuple[int, Any]:
        old = base64.urlsafe_b64encode(json.dumps([number, since - age]).encode()).decode().rstrip("=")
        return consents.send("POST", ":evaluateUserConsents", {**body, "pageToken": old})

    assert ask(71 * 3600)[1]["results"] == [{"dataId": "d1"}]
    code, answer = ask(73 * 3600)
    assert code == 400
    assert "older than 72 hours" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("method", "body", "sentence"),
    [
        ("checkDataAccess", {}, "dataId is required."),
        ("evaluateUserConsents", {"requestAttributes": USE}, "userId is required."),
        ("evaluateUserConsents", {"userId": "p1"}, "requestAttributes is required."),
        (
            "evaluateUserConsents",
            {"userId": "p1", "requestAttributes": USE, "pageToken": "x"},
            "Invalid page token: x.",
        ),
        ("evaluateUserConsents", {"userId": "p1", "requestAttributes": USE, "pageSize": -1}, "Invalid pageSize -1"),
        (
            "evaluateUserConsents",
            {"userId": "p1", "requestAttributes": USE, "resourceAttributes": {"kind": "x"}},
            'Invalid resourceAttributes: "x" is no allowed value of attribute kind.',
        ),
        (
            "checkDataAccess",
            {"dataId": "d1", "requestAttributes": {"purpose": "fun"}},
            "no allowed value of attribute purpose",
        ),
        (
            "checkDataAccess",
            {"dataId": "d1", "requestAttributes": {"kind": "image"}},
            "no attribute of the category REQUEST",
        ),
        ("checkDataAccess", {"dataId": "d1", "consentList": {}}, "consentList has 0 consents; it must have 1 to 100."),
        (
            "checkDataAccess",
            {"dataId": "d1", "consentList": {"consents": ["x"]}},
            'Invalid consentList "x": it must be',
        ),
        ("checkDataAccess", {"dataId": "d1", "responseView": "HALF"}, "Invalid value at 'responseView'"),
        ("queryAccessibleData", {"requestAttributes": USE}, "gcsDestination.uriPrefix is required"),
        ("queryAccessibleData", {"gcsDestination": {"uriPrefix": "x"}}, "it must be gs://BUCKET[/FOLDER]."),
        ("queryAccessibleData", {"requestAttributes": {"who": "me"}}, '"who" is no attribute of the category REQUEST'),
        (
            "queryAccessibleData",
            {"resourceAttributes": {"who": "me"}},
            '"who" is no attribute of the category RESOURCE',
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(
    consents: ConsentStore, method: str, body: Json, sentence: str
) -> None:
    consents.map("d1")
    status, message = consents.refused("POST", f":{method}", body)
    assert status == "INVALID_ARGUMENT"
    assert sentence in message


def test_a_consent_or_item_that_is_not_there_is_not_found(consents: ConsentStore) -> None:
    consents.map("d1")
    listed = {"dataId": "d1", "consentList": {"consents": [f"{consents.name}/consents/none"]}}
    assert consents.refused("POST", ":checkDataAccess", listed)[0] == "NOT_FOUND"
    status, message = consents.refused("POST", ":checkDataAccess", {"dataId": "studies/of-a-patient"})
    assert (status, "of-a-patient" in message) == ("NOT_FOUND", False)


def test_both_versions_answer_alike(make_consents: Callable[..., ConsentStore]) -> None:
    store = make_consents("v1beta1")
    store.map("d1")
    store.consent("p1")
    assert store.check("d1", **USE) == {"consented": True}
    assert ConsentStore(store.emulator, store.name).check("d1", **USE) == {"consented": True}
