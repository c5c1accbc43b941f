"""FHIR stores of the program: none unless asked for, each with its grants before it and least rights for people."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.fhir_options import FHIR_STORES, FhirStoreSettings
from infra.outputs import FhirStoreOutputs, Outputs
from infra.settings import NAMESPACE, SettingsError
from tests.infra.documented import documented
from tests.infra.graph import NUMBER, PROJECT, Graph, declare, settings
from tests.infra.test_settings import ROOT

AGENT = f"serviceAccount:service-{NUMBER}@gcp-sa-healthcare.iam.gserviceaccount.com"
LOADER = f"serviceAccount:imaging-dev-loader@{PROJECT}.iam.gserviceaccount.com"
READER = f"serviceAccount:imaging-dev-reader@{PROJECT}.iam.gserviceaccount.com"
DATASET = f"projects/{PROJECT}/locations/us-central1/datasets/imaging-dev"
STORE = "healthcare/fhirStore:FhirStore"
GRANT = "healthcare/fhirStoreIamMember:FhirStoreIamMember"
EVERYTHING: dict[str, Any] = {
    "version": "R4",
    "enableUpdateCreate": True,
    "disableReferentialIntegrity": True,
    "disableResourceVersioning": True,
    "enableHistoryModifications": True,
    "defaultSearchHandlingStrict": True,
    "complexDataTypeReferenceParsing": "ENABLED",
    "disableFhirpathValidation": True,
    "enabledImplementationGuides": ["http://hl7.org/fhir/us/core/ImplementationGuide/hl7.fhir.us.core"],
    "sendFullResource": True,
    "streamToBigQuery": True,
    "streamResourceTypes": ["Patient", "Observation"],
    "loaderImports": True,
}


def stores(**chosen: dict[str, Any]) -> str:
    """The value of the key as Pulumi hands it over."""
    return json.dumps(chosen)


def with_stores(**chosen: dict[str, Any]) -> Graph:
    return declare(settings(fhirStores=stores(**chosen)))


def problems(value: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        settings(fhirStores=json.dumps(value))
    return caught.value.problems


def test_without_the_key_there_is_nothing_of_fhir() -> None:
    graph = declare(settings())
    assert [item.name for item in graph if "fhir" in item.name + item.kind.lower()] == []
    assert Outputs.from_mapping(graph.outputs).fhir_stores == {}
    assert graph.outputs["fhir_topic"] is None


def test_a_store_is_declared_with_all_its_settings() -> None:
    store = with_stores(fhir=EVERYTHING).one(STORE)
    wanted = {
        "name": "fhir",
        "dataset": DATASET,
        "version": "R4",
        "enableUpdateCreate": True,
        "disableReferentialIntegrity": True,
        "disableResourceVersioning": True,
        "enableHistoryModifications": True,
        "defaultSearchHandlingStrict": True,
        "complexDataTypeReferenceParsing": "ENABLED",
        "notificationConfigs": [
            {
                "pubsubTopic": f"projects/{PROJECT}/topics/imaging-dev-fhir",
                "sendFullResource": True,
                "sendPreviousResourceOnDelete": False,
            }
        ],
        "streamConfigs": [
            {
                "resourceTypes": ["Patient", "Observation"],
                "bigqueryDestination": {
                    "datasetUri": f"bq://{PROJECT}.imaging_dev_fhir",
                    "schemaConfig": {"schemaType": "ANALYTICS_V2", "recursiveStructureDepth": 3},
                },
            }
        ],
    }
    assert wanted.items() <= store.inputs.items()
    assert store.inputs["labels"]["managed-by"] == "pulumi"
    validation = store.inputs["validationConfig"]
    assert validation["enabledImplementationGuides"] == EVERYTHING["enabledImplementationGuides"]
    assert validation["disableFhirpathValidation"] is True
    assert not validation["disableProfileValidation"]


def test_a_plain_store_validates_everything_and_tells_names_only() -> None:
    store = with_stores(fhir={"version": "STU3"}).one(STORE)
    assert "validationConfig" not in store.inputs
    assert "streamConfigs" not in store.inputs
    assert store.inputs["notificationConfigs"][0]["sendFullResource"] is False


def test_stores_wait_for_every_grant_of_their_agent() -> None:
    graph = with_stores(fhir=EVERYTHING, research={"version": "STU3"})
    granted = {item.urn for item in graph if item.inputs.get("member") == AGENT}
    tables = {item.inputs["datasetId"] for item in graph if item.urn in granted and "datasetId" in item.inputs}
    assert {"imaging_dev_fhir", "imaging_dev_research"} <= tables
    assert {item.inputs["topic"] for item in graph if item.urn in granted and "topic" in item.inputs} == {
        "imaging-dev-dicom",
        "imaging-dev-fhir",
    }
    for store in graph.of(STORE):
        assert granted <= graph.before(store)


def test_silent_stores_need_no_topic() -> None:
    graph = with_stores(fhir={"version": "R4", "notify": False})
    assert {topic.inputs["name"] for topic in graph.of("pubsub/topic:Topic")} == {
        "imaging-dev-dicom",
        "imaging-dev-dicom-dead",
    }
    assert "notificationConfigs" not in graph.one(STORE).inputs


def test_people_get_no_more_on_a_store_than_their_work_needs() -> None:
    graph = with_stores(fhir={"version": "R4"}, bulk={"version": "R4", "loaderImports": True})
    given = {
        (item.inputs["fhirStoreId"].rpartition("/")[2], item.inputs["role"], item.inputs["member"])
        for item in graph.of(GRANT)
    }
    assert given == {
        ("fhir", "roles/healthcare.fhirResourceEditor", LOADER),
        ("fhir", "roles/healthcare.fhirResourceReader", READER),
        ("bulk", "roles/healthcare.fhirResourceEditor", LOADER),
        ("bulk", "roles/healthcare.fhirStoreAdmin", LOADER),
        ("bulk", "roles/healthcare.fhirResourceReader", READER),
    }


def test_the_roles_are_google_s() -> None:
    roles = json.loads((ROOT / "emulator" / "data" / "roles" / "healthcare.json").read_text(encoding="utf-8"))["roles"]
    graph = with_stores(bulk={"version": "R4", "loaderImports": True})
    assert {item.inputs["role"] for item in graph.of(GRANT)} <= roles.keys()


def test_the_reader_follows_and_queries() -> None:
    graph = with_stores(fhir={"version": "R4"})
    reads = [item.inputs for item in graph if item.inputs.get("member") == READER]
    assert "imaging-dev-fhir-watch" in [item.get("subscription") for item in reads]
    assert "imaging_dev_fhir" in [item.get("datasetId") for item in reads]


@pytest.mark.parametrize("protected", [True, False])
def test_a_store_is_protected_as_all_that_holds_data(*, protected: bool) -> None:
    graph = declare(settings(deletionProtection=str(protected).lower(), fhirStores=stores(fhir={"version": "R4"})))
    assert graph.one(STORE).protect is protected
    assert graph.one("bigquery/dataset:Dataset", datasetId="imaging_dev_fhir").protect is protected


def test_the_outputs_say_where_the_stores_are() -> None:
    outputs = Outputs.from_mapping(with_stores(fhir=EVERYTHING).outputs)
    assert outputs.fhir_stores == {
        "fhir": FhirStoreOutputs(f"{DATASET}/fhirStores/fhir", "R4", "imaging_dev_fhir", streams=True)
    }
    assert outputs.fhir_topic == f"projects/{PROJECT}/topics/imaging-dev-fhir"
    assert outputs.fhir_subscription == f"projects/{PROJECT}/subscriptions/imaging-dev-fhir-watch"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"fhir": {"version": "R3"}}, "fhir.version must be DSTU2, STU3, R4 or R5, not 'R3'."),
        ({"fhir": {}}, "fhir.version must be set: DSTU2, STU3, R4 or R5. It can't be changed later."),
        ({"fhir": "R4"}, "fhir must be a map of settings, such as version: R4."),
        ({"Fhir_1": {"version": "R4"}}, "Fhir_1 can't be a store's name: it must be at most 20 of a-z"),
        ({"fhir": {"version": "R4", "notify": 1}}, "fhir.notify must be true or false, not 1."),
        ({"fhir": {"version": "R4", "enableUpdates": True}}, "fhir.enableUpdates is not a setting of a FHIR store"),
        (
            {"fhir": {"version": "R4", "streamToBigQuery": True, "streamResourceTypes": "Patient"}},
            "fhir.streamResourceTypes must be a list of texts, not 'Patient'.",
        ),
        (
            {"fhir": {"version": "R4", "streamToBigQuery": True, "streamResourceTypes": ["patient"]}},
            "fhir.streamResourceTypes must be a list of resource types, such as Patient",
        ),
        ({"fhir": {"version": "R4", "streamResourceTypes": ["Patient"]}}, "has no effect without streamToBigQuery"),
        ({"fhir": {"version": "R4", "notify": False, "sendFullResource": True}}, "sendFullResource has no effect"),
        (
            {"fhir": {"version": "R5", "complexDataTypeReferenceParsing": "DISABLED"}},
            "complexDataTypeReferenceParsing can't be DISABLED in a store of R5.",
        ),
    ],
)
def test_a_wrong_setting_is_one_sentence_with_its_path(value: object, says: str) -> None:
    (problem,) = problems(value)
    assert problem.startswith(f"Pulumi.dev.yaml: {NAMESPACE}:fhirStores.")
    assert says in problem


def test_all_wrong_settings_come_at_once() -> None:
    assert len(problems({"one": {}, "two": {"version": "R4", "notify": 1, "typo": 1}})) == 3


def test_truth_values_may_be_texts_as_pulumi_writes_them() -> None:
    (store,) = settings(fhirStores=stores(fhir={"version": "R4", "enableUpdateCreate": "true"})).fhir_stores
    assert store == FhirStoreSettings("fhir", "R4", enable_update_create=True)


def test_names_keep_google_s_limits_at_the_longest_store() -> None:
    chosen = settings(environment="e" * 15, fhirStores=stores(**{"s" * 20: {"version": "R4"}}))
    assert len(chosen.names.fhir_bigquery_dataset("s" * 20)) <= 1024


def test_the_documentation_has_every_setting_as_it_is() -> None:
    text = (ROOT / "docs" / "how-to" / "configure.md").read_text(encoding="utf-8")
    table = text.split("## FHIR stores")[1].split("| setting | default | meaning |")[1].split("\n\n")[0]
    assert table.strip().splitlines()[1:] == documented(FHIR_STORES)
