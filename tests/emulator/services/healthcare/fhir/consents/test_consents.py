"""Consent enforcement over HTTP, with the scenario of Google's page "Control access to FHIR resources"."""

from dataclasses import replace
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.conftest import StartEmulator
from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, Json, issue, observation
from tests.emulator.services.healthcare.fhir.consents.made import cascading, consent, provision
from tests.emulator.services.healthcare.fhir.consents.scenario import (
    ACTOR,
    BROWN,
    CONFIG,
    DENIED,
    HOSPITAL,
    MakeStore,
    apply,
    apply_policies,
    fill,
    get,
    ids,
    opened,
)
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE, eventually


def test_nothing_is_permitted_before_consents_are_applied(store: FhirStore) -> None:
    assert issue(get(store, "Observation/blood", f"{ACTOR} env/App/123")) == DENIED
    assert store.send("GET", "Observation/blood").status_code == 200
    assert ids(store, "Observation", f"{ACTOR} env/App/123") == set()


def test_google_s_scenario(emulator: RunningEmulator, store: FhirStore) -> None:
    done = apply(emulator, store)
    assert done["metadata"]["apiMethodName"] == "google.cloud.healthcare.v1.fhir.FhirStoreService.ApplyConsents"
    assert done["metadata"]["counter"] == {"success": "2", "secondarySuccess": "5"}
    assert done["response"] == {
        "@type": "type.googleapis.com/google.cloud.healthcare.v1.fhir.ApplyConsentsResponse",
        "consentApplySuccess": "2",
        "affectedResources": "5",
    }
    done = apply_policies(emulator, store, "research")
    assert done["metadata"]["counter"] == {"success": "1", "secondarySuccess": "7"}
    app, emergency = f"{ACTOR} env/App/123", f"{ACTOR} purp/v3/ETREAT env/App/123"
    assert ids(store, "Observation?status=final", app) == {"blood"}
    assert ids(store, "Observation?subject:Patient.name=Darcy", app) == set()
    assert ids(store, "Observation?subject:Patient.name=Darcy", emergency) == {"blood", "sugar"}
    assert get(store, "Observation/blood", app).json()["meta"]["source"] == HOSPITAL
    assert issue(get(store, "Observation/blood", f"{ACTOR} env/App/unknown")) == DENIED
    assert get(store, "Patient/darcy", f"{ACTOR} purp/v3/BIORCH env/App/golden").status_code == 200
    assert get(store, "Observation/blood", f"btg {ACTOR}").status_code == 200
    assert ids(store, "Practitioner", "bypass actor/Admin/1 env/net/HappyNet") == {"brown"}
    assert ids(store, "Practitioner", app) == set()


@pytest.mark.parametrize(
    ("scope", "sentence"),
    [
        (f"{ACTOR} purp/v3/A purp/v3/B", "the maximum number of allowed consent purpose scopes is 1, got 2"),
        ("actor/A/1 actor/A/2 actor/A/3 actor/A/4", "the maximum number of allowed consent actor scopes is 3, got 4"),
        (f"{ACTOR} env/a/b env/a/c", "the maximum number of allowed consent environment scopes is 1, got 2"),
        ("purp/v3/TREAT", "at least one consent actor scope is required"),
        ("btg", "at least one consent actor scope is required"),
        (f"bypass {ACTOR}", "bypass requires a consent environment scope"),
        (f"btg bypass {ACTOR} env/a/b", "only one of btg and bypass can be used"),
        (f"{ACTOR} shoe/7", "invalid consent scope 'shoe/7'"),
        (f"{ACTOR} purp/v3/ABCDEFGHIJKLM", "with a code of at most 12 characters"),
        (f"{ACTOR} purp/v4/TREAT", "it must be purp/v3/CODE"),
        (f"{ACTOR} env/Application/12345", "with at most 14 characters"),
        ("actor/Practitioner", "it must be actor/TYPE/ID"),
    ],
)
def test_a_scope_that_is_none(store: FhirStore, scope: str, sentence: str) -> None:
    status, code, text, diagnostics = issue(get(store, "Observation", scope))
    assert (status, code, text) == (403, "security", "permission_denied")
    assert sentence in diagnostics


def test_a_scope_can_be_required(make_fhir_store: MakeStore) -> None:
    handling = {"consentHeaderHandling": {"profile": "REQUIRED_ON_READ"}}
    store = make_fhir_store(enableUpdateCreate=True, consentConfig={**CONFIG, **handling})
    store.put({**PATIENT, "id": "p"})
    for path in ("Patient/p", "Patient", "Patient/p/_history", "Patient/p/$everything"):
        assert issue(store.send("GET", path))[3].startswith("the header X-Consent-Scope is required")
    assert get(store, "Patient/p", f"btg {ACTOR}").status_code == 200


def test_a_store_that_does_not_enforce_reads_no_scope(fhir: FhirStore) -> None:
    fhir.put({**PATIENT, "id": "p"})
    assert get(fhir, "Patient/p", "nonsense").status_code == 200


def test_versions_and_histories_are_held_to_consents(emulator: RunningEmulator, store: FhirStore) -> None:
    first = store.read("Observation/sugar")["meta"]["versionId"]
    second = store.put(observation("Patient/darcy", id="sugar", meta={"source": HOSPITAL}))["meta"]["versionId"]
    apply(emulator, store)
    app = f"{ACTOR} env/App/123"
    assert get(store, f"Observation/sugar/_history/{second}", app).status_code == 200
    assert issue(get(store, f"Observation/sugar/_history/{first}", app)) == DENIED  # was from elsewhere
    history = get(store, "Observation/sugar/_history", app).json()
    assert [each["resource"]["meta"]["versionId"] for each in history["entry"]] == [second]
    assert history["total"] == 1
    store.put(observation("Patient/darcy", id="sugar"))
    assert issue(get(store, f"Observation/sugar/_history/{second}", app)) == DENIED  # is from elsewhere now
    assert issue(get(store, "Observation/sugar/_history", app)) == DENIED


def test_what_is_not_there_is_not_told(emulator: RunningEmulator, store: FhirStore) -> None:
    store.put(consent("staff", "", provision("permit", BROWN, types=("Practitioner", "Observation"))))
    store.put({"resourceType": "Practitioner", "id": "secret"})
    store.put(consent("one", "", provision("deny", BROWN, ids=("Practitioner/secret",))))
    assert issue(get(store, "Practitioner/nobody", ACTOR)) == DENIED
    apply_policies(emulator, store, "staff", "one")
    for path in ("Consent/one", "Practitioner/secret"):
        assert store.send("DELETE", path).status_code == 200
    assert issue(get(store, "Practitioner/nobody", ACTOR))[:3] == (404, "not-found", "resource_not_found")
    assert issue(get(store, "Practitioner/nobody/_history", ACTOR))[0] == 404
    assert issue(get(store, "Practitioner/secret", ACTOR)) == DENIED
    assert issue(get(store, "Observation/nobody", ACTOR)) == DENIED
    assert issue(get(store, "Medication/nothing", ACTOR)) == DENIED
    store.put({"resourceType": "Practitioner", "id": "retired"})
    assert store.send("DELETE", "Practitioner/retired").status_code == 200
    assert issue(get(store, "Practitioner/retired", ACTOR))[0] == 410
    assert store.send("DELETE", "Observation/sugar").status_code == 200
    assert issue(get(store, "Observation/sugar", ACTOR)) == DENIED


def test_entries_of_bundles_are_held_to_consents(emulator: RunningEmulator, store: FhirStore) -> None:
    apply(emulator, store)
    urls = (
        "Observation/blood",
        "Observation/sugar",
        "Observation/nobody",
        "Observation/blood/_history",
        "Patient/darcy/_history",
    )
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    batch = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    app = f"{ACTOR} env/App/123"
    answer = store.send("POST", "", batch, X_Consent_Scope=app).json()
    assert [each["response"]["status"] for each in answer["entry"]] == [
        *("200 OK", "403 Forbidden", "403 Forbidden", "200 OK", "403 Forbidden")
    ]
    assert answer["entry"][1]["response"]["outcome"]["issue"][0]["diagnostics"] == DENIED[3]
    put = {"request": {"method": "PUT", "url": "Patient/new"}, "resource": {**PATIENT, "id": "new"}}
    transaction = {"resourceType": "Bundle", "type": "transaction", "entry": [put, entries[1]]}
    assert store.send("POST", "", transaction, X_Consent_Scope=app).status_code == 403
    assert store.send("GET", "Patient/new").status_code == 404
    assert store.send("POST", "", {**transaction, "entry": [put, entries[0]]}, X_Consent_Scope=app).status_code == 200


def test_searches_leave_out_what_is_not_permitted(emulator: RunningEmulator, store: FhirStore) -> None:
    store.put({**PATIENT, "id": "other", "name": [{"family": "Other"}]})
    store.put(observation("Patient/other", id="theirs"))
    apply(emulator, store)
    app, emergency = f"{ACTOR} env/App/123", f"{ACTOR} purp/v3/ETREAT"
    assert ids(store, "Observation?_include=Observation:subject", app) == {"blood"}
    assert ids(store, "Observation?_include=Observation:subject", emergency) == {"blood", "sugar", "darcy"}
    assert ids(store, "Patient?_revinclude=Observation:subject", emergency) == {"darcy", "blood", "sugar"}
    assert ids(store, "Patient?_has:Observation:subject:status=final", app) == set()
    assert ids(store, "Patient?_has:Observation:subject:status=final", emergency) == {"darcy"}
    assert ids(store, "?_id=theirs", emergency) == set()
    found = get(store, "Observation?_total=accurate&_count=1", emergency).json()
    assert found["total"] == 2
    assert "total" not in get(store, "Observation?_count=1", emergency).json()
    following = next(each["url"] for each in found["link"] if each["relation"] == "next")
    second = store.session.get(following, headers={"X-Consent-Scope": emergency}, timeout=PATIENCE).json()
    assert {each["resource"]["id"] for each in second["entry"]} == {"blood"}
    lastn = "Observation/$lastn?subject=Patient/darcy&code=8867-4&max=9"
    beta = replace(store, api="v1beta1")
    assert ids(beta, lastn, app) == {"blood"}
    assert ids(beta, "$references?target=Patient/darcy", emergency) == {"blood", "sugar", "app", "emergency"}
    posted = store.send("POST", "Observation/_search", X_Consent_Scope=app).json()
    assert [each["resource"]["id"] for each in posted["entry"]] == ["blood"]


def test_everything_needs_the_patient_and_leaves_out_the_rest(emulator: RunningEmulator, store: FhirStore) -> None:
    deny = provision("deny", BROWN, ids=("Observation/sugar",))
    store.put(consent("not-sugar", "Patient/darcy", deny))
    apply(emulator, store)
    assert issue(get(store, "Patient/darcy/$everything", f"{ACTOR} env/App/123")) == DENIED
    found = ids(store, "Patient/darcy/$everything", f"{ACTOR} purp/v3/ETREAT")
    assert found == {"darcy", "blood", "app", "emergency", "not-sugar"}


def test_all_patients_of_a_resource_must_permit(emulator: RunningEmulator, store: FhirStore) -> None:
    store.put({**PATIENT, "id": "twin"})
    both = [{"actor": {"reference": f"Patient/{each}"}, "status": "accepted"} for each in ("darcy", "twin")]
    store.put(
        {
            "resourceType": "Appointment",
            "id": "both",
            "status": "booked",
            "participant": both,
            "start": "2021-12-10T09:00:00Z",
            "end": "2021-12-10T09:15:00Z",
        }
    )
    emergency = f"{ACTOR} purp/v3/ETREAT"
    apply(emulator, store)
    assert issue(get(store, "Appointment/both", emergency)) == DENIED
    store.put(consent("twin", "Patient/twin", provision("permit", BROWN)))
    apply(emulator, store, patientScope={"patientIds": ["twin"]})
    assert get(store, "Appointment/both", emergency).status_code == 200


def test_consents_of_stu3(emulator: RunningEmulator, make_fhir_store: MakeStore) -> None:
    store = make_fhir_store("STU3", enableUpdateCreate=True, consentConfig=CONFIG)
    store.put({"resourceType": "Practitioner", "id": "brown"})
    store.put({**PATIENT, "id": "darcy"})
    except_ = provision("permit", BROWN, types=("Patient",))
    given = {
        "resourceType": "Consent",
        "id": "c",
        "status": "active",
        "patient": {"reference": "Patient/darcy"},
        "policyRule": "http://example.com/policy",
        "except": [except_],
    }
    store.put(given)
    assert apply(emulator, store)["metadata"]["counter"] == {"success": "1", "secondarySuccess": "2"}
    assert ids(store, "", ACTOR) == {"darcy"}


def test_who_may_read_a_resource_is_explained(emulator: RunningEmulator, store: FhirStore, healthcare: Any) -> None:
    store.put(consent("all", "Patient/darcy", provision("permit", BROWN)))
    said = provision("deny", BROWN, purpose="TREAT", types=("Patient",))
    store.put(cascading("no-treatment", said))
    apply(emulator, store)
    apply_policies(emulator, store, "no-treatment")
    stores = healthcare.projects().locations().datasets().fhirStores()
    answer = stores.explainDataAccess(name=store.name, resourceId="Observation/sugar").execute()
    everything, emergency, treatment = answer["consentScopes"]
    assert everything["accessorScope"] == {"actor": BROWN, "purpose": "*", "environment": "*"}
    assert everything["decision"] == "CONSENT_DECISION_TYPE_PERMIT"
    (own,) = everything["enforcingConsents"]
    assert own["consentResource"] == f"{store.name}/fhir/Consent/all"
    assert own["type"] == "CONSENT_POLICY_TYPE_PATIENT"
    assert own["patientConsentOwner"] == f"{store.name}/fhir/Patient/darcy"
    assert [each["consentResource"][-9:] for each in emergency["enforcingConsents"]] == ["nsent/all", "emergency"]
    assert treatment["decision"] == "CONSENT_DECISION_TYPE_DENY"
    assert everything["exceptions"] == [treatment]
    (policy,) = treatment["enforcingConsents"]
    assert policy["variants"] == ["CONSENT_VARIANT_CASCADE"]
    assert policy["cascadeOrigins"] == [f"{store.name}/fhir/Patient/darcy"]
    assert policy["matchingAccessorScopes"] == [treatment["accessorScope"]]
    with pytest.raises(HttpError) as refused:
        stores.explainDataAccess(name=store.name, resourceId="Observation/nobody").execute()
    assert refused.value.resp.status == 404


def test_the_audit_log_tells_how_consents_were_asked(start_emulator: StartEmulator) -> None:
    running = start_emulator()
    project = f"/v1/projects/{running.project}"
    policy = running.request("POST", f"{project}:getIamPolicy", {})[1]
    policy["auditConfigs"] = [{"service": "allServices", "auditLogConfigs": [{"logType": "DATA_READ"}]}]
    body = {"policy": policy, "updateMask": "bindings,etag,auditConfigs"}
    assert running.request("POST", f"{project}:setIamPolicy", body)[0] == 200
    dataset = f"projects/{running.project}/locations/us-central1/datasets/d"
    assert running.request("POST", f"/v1/{dataset.rpartition('/')[0]}?datasetId=d", {})[0] == 200
    log = {"accessDeterminationLogConfig": {"logLevel": "VERBOSE"}}
    settings = {"version": "R4", "enableUpdateCreate": True, "consentConfig": {**CONFIG, **log}}
    code, made = running.request("POST", f"/v1/{dataset}/fhirStores?fhirStoreId=f", settings)
    assert code == 200, made
    store = opened(running, made["name"])
    fill(store)
    transfers.run(running, store.name, "applyConsents", {})
    for scope in ("", f"{ACTOR} env/App/123", ACTOR, f"btg {ACTOR}", f"bypass {ACTOR} env/a/b"):
        get(store, "Observation/blood", scope)
    noted = {each["consentMode"]: each for each in metadata(running, 5)}
    assert noted.keys() == {"emptyScope", "enforced", "btg", "bypass"}
    assert noted["btg"]["requestHeaders"] == {"X-Consent-Scope": f"btg {ACTOR}"}
    decided = {each["consentDecision"]: each for each in metadata(running, 5) if "consentDecision" in each}
    assert decided.keys() == {"PERMIT", "NO_CONSENT"}
    assert decided["NO_CONSENT"]["consents"] == []
    (consent_,) = decided["PERMIT"]["consents"]
    assert consent_["resourceOwner"] == f"{store.name}/fhir/Patient/darcy"
    assert consent_["consentResource"] == f"{store.name}/fhir/Consent/app"
    assert consent_["matchingScope"] == f"{ACTOR} env/App/123"
    assert consent_["policyType"] == "PATIENT"


def metadata(running: RunningEmulator, number: int) -> list[Json]:
    """What the audit log's entries of reads say of consents, once there are so many."""
    name = f"projects/{running.project}/logs/cloudaudit.googleapis.com%2Fdata_access"
    body = {"resourceNames": [f"projects/{running.project}"], "filter": f'logName="{name}"'}

    def read() -> list[Json]:
        entries = running.request("POST", "/v2/entries:list", body)[1].get("entries", [])
        found = [each["protoPayload"] for each in entries]
        return [each["metadata"] for each in found if each["methodName"].endswith(".read") and "metadata" in each]

    return eventually(read, lambda known: len(known) >= number)
