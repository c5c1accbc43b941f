"""The research side: none unless asked for, and nobody on both sides but the agent and stewards."""

from __future__ import annotations

import json

import pytest

from infra.outputs import Outputs, OutputsError, ResearchOutputs
from infra.settings import SettingsError
from tests.infra.graph import NUMBER, PROJECT, Declared, Graph, declare, settings
from tests.infra.test_settings import ROOT

AGENT = f"serviceAccount:service-{NUMBER}@gcp-sa-healthcare.iam.gserviceaccount.com"
RESEARCHER = f"serviceAccount:imaging-dev-study@{PROJECT}.iam.gserviceaccount.com"
STEWARD = f"serviceAccount:imaging-dev-keeper@{PROJECT}.iam.gserviceaccount.com"
DATASET = f"projects/{PROJECT}/locations/us-central1/datasets/imaging-dev-research"
FHIR = {"fhir": {"version": "R4"}, "old": {"version": "STU3"}, "new": {"version": "R5"}}
_TARGETS = ("bucket", "datasetId", "topic", "subscription", "dicomStoreId", "fhirStoreId")


def research(**values: str) -> Graph:
    return declare(settings(research="true", fhirStores=json.dumps(FHIR), **values))


def target(item: Declared) -> str:
    """What a grant is on; "project" for the project."""
    return next((str(item.inputs[key]) for key in _TARGETS if key in item.inputs), "project")


def grants(graph: Graph, member: str) -> set[tuple[str, str]]:
    """Target and role of each grant to a member."""
    return {(target(item), str(item.inputs["role"])) for item in graph if item.inputs.get("member") == member}


def test_without_the_key_there_is_no_research_side() -> None:
    graph = declare(settings())
    assert [item.name for item in graph if "research" in item.name] == []
    assert graph.outputs["research"] is None


def test_stores_have_twins_that_take_de_identified_data() -> None:
    graph = research()
    twins = [item for item in graph.of("healthcare/fhirStore:FhirStore") if item.inputs["dataset"] == DATASET]
    # Streams of de-identified resources want both; R5 can't be de-identified (discovery: FhirStore.streamConfigs).
    assert {(item.inputs["name"], item.inputs["version"]) for item in twins} == {("fhir", "R4"), ("old", "STU3")}
    assert all(item.inputs["enableUpdateCreate"] and item.inputs["disableReferentialIntegrity"] for item in twins)
    (dicom,) = [item for item in graph.of("healthcare/dicomStore:DicomStore") if item.inputs["dataset"] == DATASET]
    assert dicom.inputs["notificationConfig"]["pubsubTopic"] == f"projects/{PROJECT}/topics/imaging-dev-research"
    granted = {item.urn for item in graph if item.inputs.get("member") == AGENT and "research" in item.name}
    assert {item for item in granted if "writes" in item} <= graph.before(dicom)


def test_the_researcher_reaches_the_research_side_and_nothing_else() -> None:
    found = grants(research(crosswalk="true"), RESEARCHER)
    assert found == {
        (DATASET, "roles/healthcare.datasetViewer"),
        (f"{DATASET}/dicomStores/dicom", "roles/healthcare.dicomViewer"),
        (f"{DATASET}/fhirStores/fhir", "roles/healthcare.fhirResourceReader"),
        (f"{DATASET}/fhirStores/old", "roles/healthcare.fhirResourceReader"),
        (f"{PROJECT}-dev-research", "roles/storage.objectViewer"),
        ("imaging_dev_research", "roles/bigquery.dataViewer"),
        ("imaging-dev-research-watch", "roles/pubsub.subscriber"),
        ("project", "roles/bigquery.jobUser"),
    }


def test_nobody_but_agent_and_steward_is_on_both_sides() -> None:
    graph = research(crosswalk="true")
    members = {str(item.inputs["member"]) for item in graph if "member" in item.inputs}
    both = set()
    for member in members:
        targets = {each for each, _ in grants(graph, member) if each != "project"}
        if {("research" in each) for each in targets} == {True, False}:
            both.add(member)
    # Pub/Sub's agent moves dead letters of all subscriptions.
    assert {each for each in both if "gcp-sa-pubsub" not in each} == {AGENT, STEWARD}


def test_the_crosswalk_is_the_steward_s_alone() -> None:
    graph = research(crosswalk="true")
    (bucket,) = [item for item in graph.of("storage/bucket:Bucket") if "crosswalk" in item.name]
    assert bucket.inputs["publicAccessPrevention"] == "enforced"
    allowed = [item.inputs["member"] for item in graph if item.inputs.get("bucket") == bucket.inputs["name"]]
    assert [member for member in allowed if member != AGENT] == [STEWARD]
    assert AGENT not in allowed
    assert not [item for item in research() if "crosswalk" in item.name]


def test_people_act_as_the_accounts() -> None:
    graph = research(researchers='["group:study@example.org"]', stewards='["user:steward@example.org"]')
    acts = {
        item.inputs["member"]: item.inputs["role"]
        for item in graph.of("serviceaccount/iAMMember:IAMMember")
        if "research" in item.name
    }
    assert acts == dict.fromkeys(
        ("group:study@example.org", "user:steward@example.org"), "roles/iam.serviceAccountTokenCreator"
    )


def test_account_ids_keep_google_s_limit_in_the_longest_environment() -> None:
    names = settings(environment="e" * 15).names
    assert max(len(names.researcher), len(names.steward)) <= 30


def test_the_roles_are_google_s() -> None:
    known: set[str] = set()
    for file in (ROOT / "emulator" / "data" / "roles").glob("*.json"):
        known |= json.loads(file.read_text(encoding="utf-8"))["roles"].keys()
    graph = research(crosswalk="true")
    assert {role for member in (RESEARCHER, STEWARD) for _, role in grants(graph, member)} <= known


def test_the_outputs_say_what_the_scripts_must_know() -> None:
    outputs = Outputs.from_mapping(research(crosswalk="true").outputs)
    assert outputs.research == ResearchOutputs(
        dataset_name=DATASET,
        dicom_store_name=f"{DATASET}/dicomStores/dicom",
        bucket=f"{PROJECT}-dev-research",
        bigquery_dataset="imaging_dev_research",
        topic=f"projects/{PROJECT}/topics/imaging-dev-research",
        subscription=f"projects/{PROJECT}/subscriptions/imaging-dev-research-watch",
        researcher_email=RESEARCHER.partition(":")[2],
        steward_email=STEWARD.partition(":")[2],
        fhir_stores={name: f"{DATASET}/fhirStores/{name}" for name in ("fhir", "old")},
        crosswalk_bucket=f"{PROJECT}-dev-crosswalk",
    )
    assert Outputs.from_mapping(outputs.to_mapping()) == outputs


def test_outputs_that_lack_something_are_one_sentence() -> None:
    values = Outputs.from_mapping(research().outputs).to_mapping()
    values["research"].pop("bucket")
    with pytest.raises(OutputsError, match="The field 'research' of the stack's outputs must be an object"):
        Outputs.from_mapping(values)


@pytest.mark.parametrize(
    "values", [{"crosswalk": "true"}, {"stewards": '["user:a@b.org"]'}, {"researchers": '["user:a@b.org"]'}]
)
def test_what_has_no_effect_without_the_research_side_is_refused(values: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(**values)
    (problem,) = caught.value.problems
    assert "has no effect without healthcare-cloud-poc:research" in problem
