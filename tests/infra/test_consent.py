"""Consent stores of the program: none unless asked for, with what the scripts define in them and least rights."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.consent_options import CONSENT_STORES
from infra.outputs import ConsentStoreOutputs, Outputs
from infra.settings import SettingsError
from tests.infra.documented import documented
from tests.infra.graph import NUMBER, PROJECT, Graph, declare, settings
from tests.infra.test_settings import ROOT

AGENT = f"serviceAccount:service-{NUMBER}@gcp-sa-healthcare.iam.gserviceaccount.com"
LOADER = f"serviceAccount:imaging-dev-loader@{PROJECT}.iam.gserviceaccount.com"
READER = f"serviceAccount:imaging-dev-reader@{PROJECT}.iam.gserviceaccount.com"
DATASET = f"projects/{PROJECT}/locations/us-central1/datasets/imaging-dev"
STORE = "healthcare/consentStore:ConsentStore"
GRANT = "healthcare/consentStoreIamMember:ConsentStoreIamMember"
PURPOSE = {"category": "REQUEST", "allowedValues": ["research"]}


def with_stores(**chosen: dict[str, Any]) -> Graph:
    return declare(settings(consentStores=json.dumps(chosen)))


def test_without_the_key_there_is_nothing_of_consent() -> None:
    graph = declare(settings())
    assert [item.name for item in graph if "consent" in item.name + item.kind.lower()] == []
    assert Outputs.from_mapping(graph.outputs).consent_stores == {}


def test_a_store_is_declared_with_all_its_settings() -> None:
    chosen = {"defaultConsentTtl": "86400s", "enableConsentCreateOnUpdate": True, "attributes": {"purpose": PURPOSE}}
    store = with_stores(consents=chosen).one(STORE)
    wanted = {
        "name": "consents",
        "dataset": DATASET,
        "defaultConsentTtl": "86400s",
        "enableConsentCreateOnUpdate": True,
    }
    assert wanted.items() <= store.inputs.items()
    assert store.inputs["labels"]["managed-by"] == "pulumi"
    assert "attributes" not in store.inputs
    assert "enableConsentCreateOnUpdate" not in with_stores(consents={}).one(STORE).inputs


def test_stores_wait_for_every_grant_of_their_agent() -> None:
    graph = with_stores(consents={})
    granted = {item.urn for item in graph if item.inputs.get("member") == AGENT}
    assert granted
    assert granted <= graph.before(graph.one(STORE))


def test_the_loader_keeps_a_store_and_the_reader_changes_nothing() -> None:
    given = [item.inputs for item in with_stores(consents={}).of(GRANT)]
    assert {(item["dataset"], item["consentStoreId"]) for item in given} == {(DATASET, "consents")}
    read = ("attributeDefinition", "consent")
    kinds = (*read, "consentArtifact", "userDataMapping")
    assert {(item["role"], item["member"]) for item in given} == {
        *((f"roles/healthcare.{kind}Editor", LOADER) for kind in kinds),
        *((f"roles/healthcare.{kind}Reader", READER) for kind in read),
    }


def test_the_roles_are_google_s() -> None:
    roles = json.loads((ROOT / "emulator" / "data" / "roles" / "healthcare.json").read_text(encoding="utf-8"))["roles"]
    assert {item.inputs["role"] for item in with_stores(consents={}).of(GRANT)} <= roles.keys()


def test_the_outputs_say_what_is_to_be_defined() -> None:
    outputs = Outputs.from_mapping(with_stores(consents={"attributes": {"purpose": PURPOSE}}, bare={}).outputs)
    assert outputs.consent_stores == {
        "consents": ConsentStoreOutputs(f"{DATASET}/consentStores/consents", json.dumps({"purpose": PURPOSE})),
        "bare": ConsentStoreOutputs(f"{DATASET}/consentStores/bare", "{}"),
    }
    assert Outputs.from_mapping(outputs.to_mapping()) == outputs


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"consents": "x"}, "consents must be a map of settings"),
        ({"Consents": {}}, "Consents can't be a store's name"),
        ({"consents": {"labels": {}}}, "consents.labels is not a setting of a consent store"),
        (
            {"consents": {"defaultConsentTtl": "60s"}},
            "consents.defaultConsentTtl must be seconds, at least those of a day",
        ),
        ({"consents": {"defaultConsentTtl": 86400}}, "consents.defaultConsentTtl must be seconds"),
        ({"consents": {"enableConsentCreateOnUpdate": "maybe"}}, "must be true or false"),
        ({"consents": {"attributes": []}}, "consents.attributes must be a map of attributes"),
        ({"consents": {"attributes": {"1a": PURPOSE}}}, "'1a' is none"),
        ({"consents": {"attributes": {"a": []}}}, "must describe a by category, allowedValues"),
        ({"consents": {"attributes": {"a": {**PURPOSE, "name": "a"}}}}, "it must be a map of these"),
        ({"consents": {"attributes": {"a": {**PURPOSE, "category": "X"}}}}, "category must be RESOURCE or REQUEST"),
        ({"consents": {"attributes": {"a": {**PURPOSE, "allowedValues": []}}}}, "must be 1 to 500 values"),
        ({"consents": {"attributes": {"a": {**PURPOSE, "allowedValues": ["b", "b"]}}}}, "values that differ"),
        ({"consents": {"attributes": {"a": {**PURPOSE, "allowedValues": [*map(str, range(501))]}}}}, "1 to 500 values"),
        (
            {"consents": {"attributes": {"a": {**PURPOSE, "dataMappingDefaultValue": ["research"]}}}},
            "defaults must be among allowedValues",
        ),
        ({"consents": {"attributes": {"a": {**PURPOSE, "allowedValues": [1]}}}}, "values must be lists of texts"),
        (
            {"consents": {"attributes": {"a": {**PURPOSE, "consentDefaultValues": ["x"]}}}},
            "defaults must be among allowedValues",
        ),
        (
            {"consents": {"attributes": {"a": {**PURPOSE, "dataMappingDefaultValue": "research"}}}},
            "dataMappingDefaultValue is for the category RESOURCE only",
        ),
    ],
)
def test_wrong_settings_are_one_sentence_each(value: object, sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(consentStores=json.dumps(value))
    (problem,) = caught.value.problems
    assert sentence in problem


def test_the_documentation_has_every_setting_as_it_is() -> None:
    text = (ROOT / "docs" / "how-to" / "configure.md").read_text(encoding="utf-8")
    table = text.split("## Consent stores")[1].split("| setting | default | meaning |")[1].split("\n\n")[0]
    assert table.strip().splitlines()[1:] == documented(CONSENT_STORES)
