"""Applying consents: what takes effect when, the status of each, and operations that go on after a crash."""

from pathlib import Path

from tests.conftest import StartEmulator
from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.fhir.conftest import FhirStore, Json, issue
from tests.emulator.services.healthcare.fhir.consents.made import consent, provision
from tests.emulator.services.healthcare.fhir.consents.scenario import (
    ACTOR,
    BROWN,
    CONFIG,
    DENIED,
    apply,
    fill,
    get,
    ids,
    name_of,
    opened,
)
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE


def test_a_change_of_consents_takes_effect_when_it_is_applied(emulator: RunningEmulator, store: FhirStore) -> None:
    apply(emulator, store)
    app = f"{ACTOR} env/App/123"
    assert store.send("DELETE", "Consent/app").status_code == 200
    assert get(store, "Observation/blood", app).status_code == 200
    checked = apply(emulator, store, validateOnly=True)
    assert checked["response"]["consentApplySuccess"] == "1"
    assert get(store, "Observation/blood", app).status_code == 200
    assert apply(emulator, store)["metadata"]["counter"] == {"success": "1", "secondarySuccess": "4"}
    assert issue(get(store, "Observation/blood", app)) == DENIED
    assert apply(emulator, store)["metadata"]["counter"] == {"success": "1"}  # nothing has changed


def test_a_time_range_names_patients_by_their_last_change(emulator: RunningEmulator, store: FhirStore) -> None:
    changed = store.read("Consent/app")["meta"]["lastUpdated"]
    early = apply(emulator, store, timeRange={"end": changed})
    assert "counter" not in early["metadata"]  # Darcy's last change is the one of the other consent
    late = apply(emulator, store, timeRange={"start": changed})
    assert late["response"]["consentApplySuccess"] == "2"


def test_the_status_of_consents(emulator: RunningEmulator, store: FhirStore) -> None:
    twice = provision("permit", BROWN) | {"period": {"start": "2021-01-01"}}
    store.put(consent("when", "Patient/darcy", twice))
    store.put(consent("draft", "Patient/darcy", provision("permit", BROWN), status="draft"))
    name = f"{store.name}/fhir/Consent/when"
    assert status(store.read("Consent/when/$consent-enforcement-status")) == ("when", "OFF")
    done = apply(emulator, store)
    assert done["metadata"]["counter"] == {"success": "3", "failure": "1", "secondarySuccess": "7"}
    logged = transfers.log_entries(emulator, done["name"])
    assert [each["jsonPayload"]["source"] for each in logged] == [name]
    assert logged[0]["jsonPayload"]["error"]["message"] == "provision.period is not supported"
    bundle = store.read("Patient/darcy/$consent-enforcement-status?_count=3")
    found = [status(each["resource"]) for each in bundle["entry"]]
    following = next(each["url"] for each in bundle["link"] if each["relation"] == "next")
    last = store.session.get(following, timeout=PATIENCE).json()
    found += [status(each["resource"]) for each in last["entry"]]
    before = next(each["url"] for each in last["link"] if each["relation"] == "previous")
    assert store.session.get(before, timeout=PATIENCE).json()["entry"] == bundle["entry"]
    assert found == [
        ("app", "ENFORCEABLE"),
        ("draft", "INACTIVE"),
        ("emergency", "ENFORCEABLE"),
        ("when", "UNSUPPORTED"),
    ]
    parameters = {each["name"]: each for each in store.read("Consent/app/$consent-enforcement-status")["parameter"]}
    assert parameters["versionId"]["valueId"] == store.read("Consent/app")["meta"]["versionId"]
    assert issue(get(store, "Consent/app/$consent-enforcement-status", "actor/Practitioner/x")) == DENIED


def test_a_patient_s_denials_come_first_where_there_are_too_many(emulator: RunningEmulator, store: FhirStore) -> None:
    store.put({"resourceType": "Practitioner", "id": "other"})
    store.put(consent("deny", "Patient/darcy", provision("deny", "Practitioner/other")))
    entries = [
        {
            "request": {"method": "PUT", "url": f"Consent/p{number}"},
            "resource": consent(f"p{number}", "Patient/darcy", provision("permit", "Practitioner/other")),
        }
        for number in range(199)
    ]
    assert (
        store.send("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": entries}).status_code == 200
    )
    assert apply(emulator, store)["metadata"]["counter"]["failure"] == "2"
    found = store.read("Consent/app/$consent-enforcement-status")
    assert status(found) == ("app", "ENFORCEMENT_LIMIT_EXCEEDED")
    assert status(store.read("Consent/deny/$consent-enforcement-status")) == ("deny", "ENFORCEABLE")


def status(parameters: Json) -> tuple[str, str]:
    found = {each["name"]: each for each in parameters["parameter"]}
    return found["id"]["valueId"], found["consent-enforcement-status"]["valueCode"]


def test_an_operation_goes_on_after_a_crash(start_emulator: StartEmulator, tmp_path: Path) -> None:
    running = start_emulator("--operations", "manual", state=tmp_path / "state")
    dataset = f"projects/{running.project}/locations/us-central1/datasets/d"
    assert running.request("POST", f"/v1/{dataset.rpartition('/')[0]}?datasetId=d", {})[0] == 200
    settings = {"version": "R4", "enableUpdateCreate": True, "consentConfig": CONFIG}
    code, made = running.request("POST", f"/v1/{dataset}/fhirStores?fhirStoreId=f", settings)
    assert code == 200, made
    store = opened(running, made["name"])
    fill(store)
    operation = transfers.start(running, store.name, "applyConsents", {})
    policies = {"newConsentsList": {"names": [name_of(store, "research")]}}
    waiting = transfers.start(running, store.name, "applyAdminConsents", policies)
    code, answer = running.request("POST", f"/v1/{store.name}:applyAdminConsents", policies)
    assert (code, answer["error"]["status"]) == (409, "ABORTED")
    assert answer["error"]["details"][0]["existingOperationId"] == waiting.rpartition("/")[2]
    running.kill()
    again = start_emulator(state=tmp_path / "state")
    assert transfers.wait(again, operation)["metadata"]["counter"] == {"success": "2", "secondarySuccess": "5"}
    assert transfers.wait(again, waiting)["metadata"]["counter"] == {"success": "1", "secondarySuccess": "7"}
    store = opened(again, store.name)
    assert ids(store, "", f"{ACTOR} purp/v3/ETREAT") == {"darcy", "blood", "sugar", "app", "emergency"}
