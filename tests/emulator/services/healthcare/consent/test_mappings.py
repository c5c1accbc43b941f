"""User data mappings (Cloud Healthcare: consentStores.userDataMappings)."""

from urllib.parse import quote

import pytest

from tests.emulator.services.healthcare.consent.conftest import ConsentStore, Json, attribute

PATH = "/userDataMappings"


def test_a_mapping_is_as_it_was_given(consents: ConsentStore) -> None:
    made = consents.map("studies/1.2", kind="image")
    assert made.pop("name").startswith(f"{consents.name}{PATH}/")
    assert made == {"dataId": "studies/1.2", "userId": "p1", "resourceAttributes": [attribute("kind", "image")]}


def test_a_mapping_can_change(consents: ConsentStore) -> None:
    path = consents.of(consents.map("d1", kind="image")["name"])
    body = {"dataId": "d2", "userId": "p2", "resourceAttributes": []}
    changed = consents.ok("PATCH", f"{path}?updateMask=dataId,userId,resourceAttributes", body)
    assert changed == {"name": f"{consents.name}{path}", "dataId": "d2", "userId": "p2"}
    assert consents.ok("GET", path) == changed
    assert consents.refused("PATCH", f"{path}?updateMask=archived", {})[0] == "INVALID_ARGUMENT"


def test_what_is_archived_is_shown_with_its_time_and_is_evaluated_no_more(consents: ConsentStore) -> None:
    consents.consent()
    path = consents.of(consents.map("d1")["name"])
    assert consents.check("d1", purpose="research") == {"consented": True}
    assert consents.ok("POST", f"{path}:archive", {}) == {}
    archived = consents.ok("GET", path)
    assert archived["archived"] is True
    assert archived["archiveTime"] > "2020"
    consents.ok("POST", f"{path}:archive", {})
    assert consents.ok("GET", path) == archived
    body = {"dataId": "d1", "requestAttributes": {"purpose": "research"}}
    assert consents.refused("POST", ":checkDataAccess", body)[0] == "NOT_FOUND"
    body = {"userId": "p1", "requestAttributes": {"purpose": "research"}}
    assert consents.ok("POST", ":evaluateUserConsents", body) == {}


def test_data_is_mapped_once_unless_it_was_archived(consents: ConsentStore) -> None:
    first = consents.of(consents.map("d1")["name"])
    other = consents.of(consents.map("d2")["name"])
    for verb, path in (("POST", PATH), ("PATCH", f"{other}?updateMask=dataId")):
        status, message = consents.refused(verb, path, {"dataId": "d1", "userId": "p2"})
        assert status == "ALREADY_EXISTS"
        assert "d1" not in message
    consents.ok("POST", f"{first}:archive", {})
    consents.map("d1", "p2")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"userId": "p1"}, "dataId is required."),
        ({"dataId": "d1"}, "userId is required."),
        ({"dataId": "d1\nd2", "userId": "p1"}, "dataId must be one line of text"),
        (
            {"resourceAttributes": [attribute("kind")]},
            "resourceAttributes[0]: it must have exactly one value, and has 0.",
        ),
        ({"resourceAttributes": [attribute("kind", "image", "report")]}, "exactly one value, and has 2."),
        (
            {"resourceAttributes": [attribute("kind", "image")] * 2},
            "resourceAttributes[1]: attribute kind is there twice.",
        ),
        ({"resourceAttributes": [attribute("kind", "x")]}, '"x" is no allowed value of attribute kind.'),
        ({"resourceAttributes": [attribute("role", "clinician")]}, '"role" is no attribute of the category RESOURCE'),
        ({"resourceAttributes": [{"values": ["x"]}]}, '"" is no attribute of the category RESOURCE'),
    ],
)
def test_what_no_mapping_can_be_is_refused_in_a_sentence(consents: ConsentStore, body: Json, sentence: str) -> None:
    whole = {"dataId": "d1", "userId": "p1", **body} if "resourceAttributes" in body else body
    status, message = consents.refused("POST", PATH, whole)
    assert status == "INVALID_ARGUMENT"
    assert sentence in message


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ('data_id="studies/1"', "ab"),
        ('data_id="studies/1/series/2"', "b"),
        ('user_id="p1" AND archived=false', "a"),
        ("archived=true", "b"),
        ("archive_time > 2020-01-01", "b"),
        ("NOT archived=true", "a"),
    ],
)
def test_lists_of_mappings_are_filtered(consents: ConsentStore, filter_: str, found: str) -> None:
    made = {"a": consents.map("studies/1")["name"], "b": consents.map("studies/1/series/2")["name"]}
    consents.ok("POST", f"{consents.of(made['b'])}:archive", {})
    listed = consents.ok("GET", f"{PATH}?filter={quote(filter_)}").get("userDataMappings", [])
    assert sorted(each["name"] for each in listed) == sorted(made[key] for key in found)


def test_what_is_not_there_is_not_found(consents: ConsentStore) -> None:
    for verb, path in (
        ("GET", f"{PATH}/none"),
        ("DELETE", f"{PATH}/none"),
        ("PATCH", f"{PATH}/none?updateMask=dataId"),
        ("POST", f"{PATH}/none:archive"),
        ("GET", "/consentArtifacts/none"),
        ("GET", "/attributeDefinitions/none"),
    ):
        status, message = consents.refused(verb, path, None if verb == "GET" else {})
        assert status == "NOT_FOUND"
        assert f"{consents.name}{path.partition('?')[0].partition(':')[0]}" in message


def test_a_store_that_is_not_there_is_not_found(consents: ConsentStore) -> None:
    other = ConsentStore(consents.emulator, f"{consents.name}-none")
    for verb, path, body in (
        ("POST", PATH, {"dataId": "d", "userId": "u"}),
        ("GET", PATH, None),
        ("GET", "/consents", None),
        ("POST", "/consentArtifacts", {"userId": "u"}),
        ("POST", ":checkDataAccess", {"dataId": "d"}),
        ("POST", ":queryAccessibleData", {"gcsDestination": {"uriPrefix": "gs://b-b/x"}}),
    ):
        assert other.refused(verb, path, body)[0] == "NOT_FOUND"


def test_nothing_of_a_store_is_left_for_one_of_the_same_name(consents: ConsentStore) -> None:
    consents.map("d1", kind="image")
    consents.consent()
    dataset, _, name = consents.name.rpartition("/consentStores/")
    consents.ok("DELETE")
    code, _ = consents.emulator.request("POST", f"/v1/{dataset}/consentStores?consentStoreId={name}", {})
    assert code == 200
    for collection in ("consents", "consentArtifacts", "userDataMappings", "attributeDefinitions"):
        assert consents.ok("GET", f"/{collection}") == {}
