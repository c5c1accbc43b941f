"""HL7v2 stores of the program: none unless asked for, each with its grants before it and least rights for people."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.hl7v2_options import HL7V2_STORES, Hl7v2StoreSettings
from infra.outputs import Hl7v2StoreOutputs, Outputs
from infra.settings import SettingsError
from tests.infra.documented import documented
from tests.infra.graph import NUMBER, PROJECT, Graph, declare, settings
from tests.infra.test_settings import ROOT

AGENT = f"serviceAccount:service-{NUMBER}@gcp-sa-healthcare.iam.gserviceaccount.com"
LOADER = f"serviceAccount:imaging-dev-loader@{PROJECT}.iam.gserviceaccount.com"
READER = f"serviceAccount:imaging-dev-reader@{PROJECT}.iam.gserviceaccount.com"
DATASET = f"projects/{PROJECT}/locations/us-central1/datasets/imaging-dev"
STORE = "healthcare/hl7Store:Hl7Store"
GRANT = "healthcare/hl7StoreIamMember:Hl7StoreIamMember"


def stores(**chosen: dict[str, Any]) -> str:
    """The value of the key as Pulumi hands it over."""
    return json.dumps(chosen)


def with_stores(**chosen: dict[str, Any]) -> Graph:
    return declare(settings(hl7v2Stores=stores(**chosen)))


def problems(value: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        settings(hl7v2Stores=json.dumps(value))
    return caught.value.problems


def test_without_the_key_there_is_nothing_of_hl7v2() -> None:
    graph = declare(settings())
    assert [item.name for item in graph if "hl7" in item.name + item.kind.lower()] == []
    assert Outputs.from_mapping(graph.outputs).hl7v2_stores == {}
    assert graph.outputs["hl7v2_topic"] is None


def test_a_store_is_declared_with_all_its_settings() -> None:
    schema = {"schemas": [], "types": [], "schematizedParsingType": "HARD_FAIL"}
    chosen = {
        "parserVersion": "V2",
        "rejectDuplicateMessage": True,
        "allowNullHeader": True,
        "segmentTerminator": "DQo=",
        "schema": schema,
        "filter": 'message_type = "ORU"',
    }
    store = with_stores(hl7v2=chosen).one(STORE)
    parser = store.inputs["parserConfig"]
    assert json.loads(parser.pop("schema")) == schema
    assert parser == {"version": "V2", "allowNullHeader": True, "segmentTerminator": "DQo="}
    wanted = {
        "name": "hl7v2",
        "dataset": DATASET,
        "rejectDuplicateMessage": True,
        "notificationConfigs": [
            {"pubsubTopic": f"projects/{PROJECT}/topics/imaging-dev-hl7v2", "filter": 'message_type = "ORU"'}
        ],
    }
    assert wanted.items() <= store.inputs.items()
    assert store.inputs["labels"]["managed-by"] == "pulumi"


def test_stores_wait_for_every_grant_of_their_agent() -> None:
    graph = with_stores(hl7v2={}, results={})
    granted = {item.urn for item in graph if item.inputs.get("member") == AGENT}
    topics = {item.inputs["topic"] for item in graph if item.urn in granted and "topic" in item.inputs}
    assert topics == {"imaging-dev-dicom", "imaging-dev-hl7v2"}
    for store in graph.of(STORE):
        assert granted <= graph.before(store)


def test_silent_stores_need_no_topic() -> None:
    graph = with_stores(hl7v2={"notify": False})
    assert "imaging-dev-hl7v2" not in {topic.inputs["name"] for topic in graph.of("pubsub/topic:Topic")}
    assert "notificationConfigs" not in graph.one(STORE).inputs


def test_people_get_no_more_on_a_store_than_their_work_needs() -> None:
    graph = with_stores(hl7v2={}, bulk={"loaderImports": True})
    given = {
        (item.inputs["hl7V2StoreId"].rpartition("/")[2], item.inputs["role"], item.inputs["member"])
        for item in graph.of(GRANT)
    }
    usual = {
        ("roles/healthcare.hl7V2Ingest", LOADER),
        ("roles/healthcare.hl7V2Consumer", LOADER),
        ("roles/healthcare.hl7V2Consumer", READER),
    }
    assert given == {(store, *grant) for store in ("hl7v2", "bulk") for grant in usual} | {
        ("bulk", "roles/healthcare.hl7V2StoreAdmin", LOADER)
    }


def test_the_roles_are_google_s() -> None:
    roles = json.loads((ROOT / "emulator" / "data" / "roles" / "healthcare.json").read_text(encoding="utf-8"))["roles"]
    assert {item.inputs["role"] for item in with_stores(bulk={"loaderImports": True}).of(GRANT)} <= roles.keys()


def test_the_reader_follows_the_messages() -> None:
    reads = [item.inputs for item in with_stores(hl7v2={}) if item.inputs.get("member") == READER]
    assert any(item.get("subscription") == "imaging-dev-hl7v2-watch" for item in reads)


def test_the_outputs_say_what_the_scripts_must_know() -> None:
    outputs = Outputs.from_mapping(with_stores(hl7v2={"parserVersion": "V1"}).outputs)
    assert outputs.hl7v2_stores == {"hl7v2": Hl7v2StoreOutputs(f"{DATASET}/hl7V2Stores/hl7v2", "V1")}
    assert outputs.hl7v2_topic == f"projects/{PROJECT}/topics/imaging-dev-hl7v2"
    assert Outputs.from_mapping(outputs.to_mapping()) == outputs


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"hl7v2": "V3"}, "hl7v2 must be a map of settings"),
        ({"HL7": {}}, "HL7 can't be a store's name"),
        ({"hl7v2": {"parserVersion": "V4"}}, "hl7v2.parserVersion must be V1, V2 or V3, not 'V4'"),
        ({"hl7v2": {"segmentTerminator": "\\r"}}, "hl7v2.segmentTerminator must be the base64 of bytes"),
        ({"hl7v2": {"segmentTerminator": "é"}}, "hl7v2.segmentTerminator must be the base64 of bytes"),
        ({"hl7v2": {"schema": "{"}}, "hl7v2.schema must be a SchemaPackage in JSON"),
        ({"hl7v2": {"schema": []}}, "hl7v2.schema must be a map"),
        ({"hl7v2": {"notify": False, "filter": "x"}}, "hl7v2.filter has no effect where notify is false"),
        ({"hl7v2": {"version": "V3"}}, "hl7v2.version is not a setting of an HL7v2 store"),
    ],
)
def test_wrong_settings_are_one_sentence_each(value: object, sentence: str) -> None:
    (problem,) = problems(value)
    assert sentence in problem


def test_a_schema_may_be_a_map_or_text() -> None:
    made = settings(hl7v2Stores=stores(a={"schema": {"types": []}}, b={"schema": '{"types": []}'})).hl7v2_stores
    assert made == (
        Hl7v2StoreSettings("a", schema='{"types": []}'),
        Hl7v2StoreSettings("b", schema='{"types": []}'),
    )


def test_the_documentation_has_every_setting_as_it_is() -> None:
    text = (ROOT / "docs" / "how-to" / "configure.md").read_text(encoding="utf-8")
    table = text.split("## HL7v2 stores")[1].split("| setting | default | meaning |")[1].split("\n\n")[0]
    assert table.strip().splitlines()[1:] == documented(HL7V2_STORES)
