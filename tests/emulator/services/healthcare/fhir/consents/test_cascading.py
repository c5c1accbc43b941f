"""Policies that cascade: what they permit follows the resource that they speak of."""

from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, Json, observation
from tests.emulator.services.healthcare.fhir.consents.made import cascading, consent, provision
from tests.emulator.services.healthcare.fhir.consents.scenario import ACTOR, BROWN, apply, apply_policies, ids
from tests.support.emulator import RunningEmulator


def test_a_cascading_policy_follows_the_patient_s_tags(emulator: RunningEmulator, store: FhirStore) -> None:
    said = provision("permit", BROWN, types=("Patient",), tags=(("employee",),))
    store.put(cascading("staff-data", said))
    done = apply_policies(emulator, store, "staff-data")
    assert done["metadata"]["counter"] == {"success": "1", "secondarySuccess": "5"}
    assert ids(store, "", ACTOR) == {"darcy", "blood", "sugar", "app", "emergency"}
    store.put({**PATIENT, "id": "darcy"})  # no employee any more
    assert ids(store, "", ACTOR) == set()


def test_changes_under_a_cascading_policy_are_logged_as_google_shows_it(
    emulator: RunningEmulator, store: FhirStore
) -> None:
    store.put({**PATIENT, "id": "other"})
    store.put(cascading("staff-data", provision("permit", BROWN, types=("Patient",), tags=(("employee",),))))
    apply_policies(emulator, store, "staff-data")
    store.put({**PATIENT, "id": "other", "gender": "male"})
    new = store.put({**PATIENT, "id": "darcy"})  # no employee any more
    entries = cascade_entries(emulator, store)
    name = f"{store.name}/fhir/Patient/darcy/_history/{new['meta']['versionId']}"
    assert {each["jsonPayload"]["compartmentBaseResourceName"] for each in entries} == {name}
    assert {each["jsonPayload"]["lastUpdated"] for each in entries} == {new["meta"]["lastUpdated"]}
    states = {each["jsonPayload"]["state"]: each["jsonPayload"].get("affectedResources") for each in entries}
    assert states == {"STATE_STARTED": None, "STATE_FINISHED": "5"}
    assert {(each["severity"], each["resource"]["type"]) for each in entries} == {("INFO", "healthcare_fhir_store")}
    store.put({**PATIENT, "id": "darcy"})  # of no concern to the policy now
    assert len(cascade_entries(emulator, store)) == 2


def cascade_entries(emulator: RunningEmulator, store: FhirStore) -> list[Json]:
    """What the log of cascading policies has of a store."""
    log = f"projects/{emulator.project}/logs/healthcare.googleapis.com%2Fconsent_cascading_fhir"
    body = {"resourceNames": [f"projects/{emulator.project}"], "filter": f'logName="{log}"'}
    code, answer = emulator.request("POST", "/v2/entries:list", body)
    assert code == 200, answer
    labels = {"dataset_id": store.name.split("/")[5], "fhir_store_id": store.name.split("/")[7]}
    return [each for each in answer.get("entries", []) if labels.items() <= each["resource"]["labels"].items()]


def test_a_cascading_policy_on_an_encounter_speaks_for_its_patient(emulator: RunningEmulator, store: FhirStore) -> None:
    stay: Json = {"resourceType": "Encounter", "id": "stay", "status": "finished", "class": {"code": "IMP"}}
    store.put({**stay, "subject": {"reference": "Patient/darcy"}})
    store.put(observation("Patient/darcy", id="there", encounter={"reference": "Encounter/stay"}))
    store.put(cascading("stay", provision("permit", BROWN, types=("Encounter",), ids=("Encounter/stay",))))
    apply_policies(emulator, store, "stay")
    assert ids(store, "", ACTOR) == {"stay", "there"}
    store.put(consent("no", "Patient/darcy", provision("deny", BROWN, ids=("Observation/there",))))
    apply(emulator, store)
    assert ids(store, "", ACTOR) == {"stay"}
