"""Attribute definitions (Cloud Healthcare: consentStores.attributeDefinitions)."""

from collections.abc import Callable

import pytest

from tests.emulator.services.healthcare.consent.conftest import ConsentStore, Json, policy

PATH = "/attributeDefinitions"


def test_a_definition_is_as_it_was_given(consents: ConsentStore) -> None:
    defaults: Json = {
        "consentDefaultValues": ["xray"],
        "dataMappingDefaultValue": "ct",
        "description": "How it was made",
    }
    made = consents.define("modality", "xray", "ct", **defaults)
    name = f"{consents.name}/attributeDefinitions/modality"
    assert made == {"name": name, "category": "RESOURCE", "allowedValues": ["xray", "ct"], **defaults}
    assert consents.ok("GET", f"{PATH}/modality") == made
    assert made in consents.ok("GET", PATH)["attributeDefinitions"]
    assert consents.refused("POST", f"{PATH}?attributeDefinitionId=modality", made)[0] == "ALREADY_EXISTS"


def test_definitions_are_listed_by_category_and_in_pages(consents: ConsentStore) -> None:
    found = consents.ok("GET", f'{PATH}?filter=category="REQUEST"&pageSize=1')
    assert [each["name"].rpartition("/")[2] for each in found["attributeDefinitions"]] == ["purpose"]
    rest = consents.ok("GET", f'{PATH}?filter=category="REQUEST"&pageToken={found["nextPageToken"]}')
    assert [each["name"].rpartition("/")[2] for each in rest["attributeDefinitions"]] == ["role"]


def test_values_can_be_added_and_never_taken_away(consents: ConsentStore) -> None:
    path = f"{PATH}/kind?updateMask=allowedValues"
    assert consents.ok("PATCH", path, {"allowedValues": ["report", "image", "video"]})["allowedValues"][-1] == "video"
    status, message = consents.refused("PATCH", path, {"allowedValues": ["image", "video"]})
    assert (status, message) == ("INVALID_ARGUMENT", 'allowedValues can only be expanded, and lacks "report".')


@pytest.mark.parametrize(
    ("attribute", "body", "sentence"),
    [
        ("1a", {}, 'Invalid attributeDefinitionId "1a": it must match [_a-zA-Z][_a-zA-Z0-9]{0,255}.'),
        ("a-b", {}, 'Invalid attributeDefinitionId "a-b"'),
        ("in", {}, "it is a reserved word of the Common Expression Language."),
        ("true", {}, "it is a reserved word of the Common Expression Language."),
        ("", {}, "attributeDefinitionId is required."),
        ("a", {"category": "CATEGORY_UNSPECIFIED"}, "category is required: RESOURCE or REQUEST."),
        ("a", {"allowedValues": []}, "allowedValues has 0 values; it must have 1 to 500."),
        ("a", {"allowedValues": [str(n) for n in range(501)]}, "allowedValues has 501 values"),
        (
            "a",
            {"allowedValues": ["x", "x"]},
            "allowedValues must be different from each other, and none of them empty.",
        ),
        ("a", {"allowedValues": [""]}, "none of them empty."),
        ("a", {"consentDefaultValues": ["y"]}, 'Invalid consentDefaultValues "y": it is none of allowedValues.'),
        ("a", {"dataMappingDefaultValue": "y"}, 'Invalid dataMappingDefaultValue "y": it is none of allowedValues.'),
        (
            "a",
            {"dataMappingDefaultValue": "x", "category": "REQUEST"},
            "dataMappingDefaultValue is for attributes of the category RESOURCE only.",
        ),
    ],
)
def test_what_no_definition_can_be_is_refused_in_a_sentence(
    consents: ConsentStore, attribute: str, body: Json, sentence: str
) -> None:
    whole = {"category": "RESOURCE", "allowedValues": ["x"], **body}
    status, message = consents.refused("POST", f"{PATH}?attributeDefinitionId={attribute}", whole)
    assert status == "INVALID_ARGUMENT"
    assert sentence in message


@pytest.mark.parametrize("field", ["category", "name"])
def test_what_cannot_change_is_refused_by_its_name(consents: ConsentStore, field: str) -> None:
    status, message = consents.refused("PATCH", f"{PATH}/kind?updateMask={field}", {"category": "REQUEST"})
    assert (status, f"'{field}'" in message) == ("INVALID_ARGUMENT", True)


def test_a_definition_stays_while_a_mapping_names_it(consents: ConsentStore) -> None:
    mapping = consents.map("d1", kind="image")
    status, message = consents.refused("DELETE", f"{PATH}/kind")
    assert status == "FAILED_PRECONDITION"
    assert message.endswith(f"cannot be deleted: {mapping['name']} refers to it.")
    consents.ok("DELETE", consents.of(mapping["name"]))
    assert consents.ok("DELETE", f"{PATH}/kind") == {}


def test_a_definition_stays_while_the_latest_revision_of_a_consent_names_it(consents: ConsentStore) -> None:
    consent = consents.consent("p1", policy("role == 'clinician'", kind="image"))
    for attribute in ("kind", "role"):
        status, message = consents.refused("DELETE", f"{PATH}/{attribute}")
        assert status == "FAILED_PRECONDITION"
        assert message.endswith(f"cannot be deleted: {consent['name']} refers to it.")
    consents.ok("PATCH", f"{consents.of(consent['name'])}?updateMask=policies", {"policies": []})
    for attribute in ("kind", "role"):
        assert consents.ok("DELETE", f"{PATH}/{attribute}") == {}


def test_defaults_of_mappings_apply_while_they_are_not_shown(consents: ConsentStore) -> None:
    mapping = consents.map("d1")
    consents.consent("p1", policy(kind="image"))
    assert consents.check("d1", purpose="research") == {}
    consents.ok("PATCH", f"{PATH}/kind?updateMask=dataMappingDefaultValue", {"dataMappingDefaultValue": "image"})
    assert consents.check("d1", purpose="research") == {"consented": True}
    assert consents.ok("GET", consents.of(mapping["name"])) == mapping
    consents.ok("PATCH", f"{PATH}/kind?updateMask=dataMappingDefaultValue", {})
    assert consents.check("d1", purpose="research") == {}


def test_defaults_of_consents_narrow_policies_that_name_other_attributes_only(consents: ConsentStore) -> None:
    consents.define("identity", "open", "hidden", consentDefaultValues=["hidden"])
    consents.consent("p1", policy(kind="image"))
    consents.map("d1", kind="image", identity="open")
    consents.map("d2", kind="image", identity="hidden")
    assert consents.check("d1", purpose="research") == {}
    assert consents.check("d2", purpose="research") == {"consented": True}
    consents.consent("p1", policy())
    assert consents.check("d1", purpose="research") == {"consented": True}


def test_a_store_has_at_most_200_definitions(make_bare: Callable[..., ConsentStore]) -> None:
    store = make_bare()
    for number in range(200):
        store.define(f"a{number}", "x")
    status, message = store.refused(
        "POST", f"{PATH}?attributeDefinitionId=more", {"category": "REQUEST", "allowedValues": ["x"]}
    )
    assert (status, "200 attribute definitions" in message) == ("FAILED_PRECONDITION", True)
