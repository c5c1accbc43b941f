"""SMART scopes over HTTP: what a proxy passes on in X-Authorization-Scope and X-Authorization-Patient.

Cloud Healthcare: "Connect to applications using SMART on FHIR" has the form of a scope and the headers; Google's own
proxy (healthcare-federated-access-services) sends the token's other scopes, openid and offline, along with them.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, Json, issue, observation
from tests.emulator.services.healthcare.fhir.consents.made import consent, provision
from tests.support.emulator import RunningEmulator

MakeStore = Callable[..., FhirStore]


@pytest.fixture
def store(fhir: FhirStore) -> FhirStore:
    """Two patients with an observation each, and who made it."""
    fhir.put({"resourceType": "Practitioner", "id": "brown"})
    for name in ("darcy", "jane"):
        fhir.put({**PATIENT, "id": name})
        by = [{"reference": "Practitioner/brown"}]
        fhir.put(observation(f"Patient/{name}", id=f"of-{name}", performer=by))
    return fhir


def send(store: FhirStore, verb: str, path: str, scope: str, body: Any = None, patient: str = "", **more: str) -> Any:
    named = {"X_Authorization_Patient": patient} if patient else {}
    return store.send(verb, path, body, X_Authorization_Scope=scope, **named, **more)


def ids(answer: Any) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {each["resource"]["id"] for each in answer.json().get("entry", [])}


def denied(action: str, resource_type: str, *, beyond: bool = False) -> tuple[int, str, str, str]:
    whose = " that is not known to belong to the patient of X-Authorization-Patient" if beyond else ""
    sentence = f"no scope of the header X-Authorization-Scope permits to {action} {resource_type}{whose}"
    return 403, "security", "permission_denied", sentence


@pytest.mark.parametrize("scope", ["user/Observation.read", "system/*.read", "openid offline user/*.*", "user/*.read"])
def test_scopes_of_users_and_systems_are_about_all_resources_of_a_type(store: FhirStore, scope: str) -> None:
    assert send(store, "GET", "Observation/of-jane", scope, patient="darcy").status_code == 200
    assert ids(send(store, "GET", "Observation", scope)) == {"of-darcy", "of-jane"}
    assert send(store, "GET", "Observation/nobody", scope).status_code == 404


@pytest.mark.parametrize("patient", ["darcy", "Patient/darcy"])
@pytest.mark.parametrize("scope", ["patient/Observation.read patient/Patient.read", "patient/*.read", "patient/*.*"])
def test_scopes_of_a_patient_are_about_the_compartment(store: FhirStore, scope: str, patient: str) -> None:
    def read(path: str) -> Any:
        return send(store, "GET", path, scope, patient=patient)

    assert read("Patient/darcy").status_code == 200
    assert read("Observation/of-darcy").status_code == 200
    assert ids(read("Observation")) == {"of-darcy"}
    assert read("Observation?_summary=count").json()["total"] == 1
    assert issue(read("Observation/of-jane")) == denied("read", "Observation", beyond=True)
    assert issue(read("Observation/nobody")) == denied("read", "Observation", beyond=True)
    assert ids(read("Observation?_include=Observation:subject&_include=Observation:performer")) == {"of-darcy", "darcy"}


def test_a_patient_s_scope_needs_the_patient(store: FhirStore) -> None:
    assert issue(send(store, "GET", "Patient/darcy", "patient/*.read")) == denied("read", "Patient")
    assert ids(send(store, "GET", "Patient", "patient/*.read")) == set()


@pytest.mark.parametrize(
    "scope",
    [
        "openid launch/patient",
        "user/Patient.write",
        "user/patient.read",
        "user/Patient.rs",
        "user/Patient",
        "*",
    ],
)
def test_what_no_scope_names_is_refused(store: FhirStore, scope: str) -> None:
    for path in ("Patient/darcy", "Patient?_id=darcy", "Patient/darcy/_history", "Patient/darcy/$everything"):
        assert issue(send(store, "GET", path, scope, patient="darcy"))[:3] == denied("read", "Patient")[:3]
    assert issue(send(store, "GET", "Patient", scope, patient="darcy")) == denied("read", "Patient")


def test_an_empty_header_asks_for_nothing(store: FhirStore) -> None:
    assert send(store, "GET", "Patient/jane", "", patient="darcy").status_code == 200
    assert store.send("GET", "Patient/jane", X_Authorization_Patient="darcy").status_code == 200


def test_what_is_read_beside_a_resource_is_held_to_its_own_type(store: FhirStore) -> None:
    """_revinclude leads from a type that may be read to others: a proxy can't keep that back by the path."""
    only = "user/Patient.read"
    assert ids(send(store, "GET", "Patient?_revinclude=Observation:subject", only)) == {"darcy", "jane"}
    assert ids(send(store, "GET", "Patient?_has:Observation:subject:status=final", only)) == set()
    assert ids(send(store, "GET", "Patient/darcy/$everything", only)) == {"darcy"}
    assert ids(send(store, "GET", "", only)) == {"darcy", "jane"}
    beta = replace(store, api="v1beta1")
    assert ids(send(beta, "GET", "$references?target=Patient/darcy", only)) == set()
    lastn = "Observation/$lastn?patient=darcy&code=8867-4"
    assert issue(send(beta, "GET", lastn, only)) == denied("read", "Observation")
    assert ids(send(beta, "GET", lastn, "patient/Observation.read", patient="darcy")) == {"of-darcy"}
    assert ids(send(beta, "GET", lastn, "patient/Observation.read", patient="jane")) == set()


def test_versions_are_held_to_the_scopes_too(store: FhirStore) -> None:
    was = store.read("Observation/of-jane")["meta"]["versionId"]
    now = store.put(observation("Patient/darcy", id="of-jane"))["meta"]["versionId"]
    scope = "patient/Observation.read"
    assert send(store, "GET", f"Observation/of-jane/_history/{now}", scope, patient="darcy").status_code == 200
    for patient in ("darcy", "jane"):
        refused = send(store, "GET", f"Observation/of-jane/_history/{was}", scope, patient=patient)
        assert issue(refused) == denied("read", "Observation", beyond=True)
    history = send(store, "GET", "Observation/of-jane/_history", scope, patient="darcy").json()
    assert [each["resource"]["meta"]["versionId"] for each in history["entry"]] == [now]


def test_writing_needs_a_scope_for_it(store: FhirStore) -> None:
    read, write = "user/Observation.read", "user/Observation.write"
    new = observation("Patient/jane")
    assert issue(send(store, "POST", "Observation", read, new)) == denied("write", "Observation")
    assert send(store, "POST", "Observation", write, new).status_code == 201
    assert issue(send(store, "PUT", "Observation/of-jane", read, {**new, "id": "of-jane"}))[0] == 403
    patch = [{"op": "replace", "path": "/status", "value": "amended"}]
    as_patch = {"Content_Type": "application/json-patch+json"}
    assert issue(send(store, "PATCH", "Observation/of-jane", read, patch, **as_patch))[0] == 403
    assert send(store, "PATCH", "Observation/of-jane", write, patch, **as_patch).status_code == 200
    assert issue(send(store, "DELETE", "Observation/of-jane/$purge", read)) == denied("write", "Observation")
    assert issue(send(store, "DELETE", "Observation/of-jane", read)) == denied("write", "Observation")
    assert send(store, "DELETE", "Observation/of-jane", write).status_code == 200
    raw = {"Content_Type": "text/plain"}
    assert issue(send(store, "POST", "Binary", write, b"text", **raw)) == denied("write", "Binary")
    assert send(store, "POST", "Binary", "system/Binary.write", b"text", **raw).status_code == 201


def test_a_patient_s_app_writes_to_its_compartment_only(store: FhirStore) -> None:
    scope, mine, hers = "patient/*.write", observation("Patient/darcy"), observation("Patient/jane")

    def write(verb: str, path: str, body: Json | None = None) -> Any:
        return send(store, verb, path, scope, body, patient="darcy")

    beyond = denied("write", "Observation", beyond=True)
    assert write("POST", "Observation", mine).status_code == 201
    assert issue(write("POST", "Observation", hers)) == beyond
    assert issue(write("PUT", "Observation/of-jane", {**mine, "id": "of-jane"})) == beyond  # takes it from her
    assert issue(write("PUT", "Observation/of-darcy", {**hers, "id": "of-darcy"})) == beyond  # gives it to her
    assert write("PUT", "Observation/new", {**mine, "id": "new"}).status_code == 201
    assert issue(write("DELETE", "Observation/of-jane")) == beyond
    assert write("DELETE", "Observation/of-darcy").status_code == 200
    assert issue(write("POST", "Patient", PATIENT)) == denied("write", "Patient", beyond=True)
    assert store.read("Observation/of-jane")["subject"] == {"reference": "Patient/jane"}


def test_criteria_find_only_what_may_be_read(store: FhirStore) -> None:
    mine, hers = observation("Patient/darcy"), "Observation?subject=Patient/jane"
    assert issue(send(store, "PUT", hers, "user/Observation.write", mine)) == denied("read", "Observation")
    both = "patient/Observation.*"
    made = send(store, "PUT", hers, both, mine, patient="darcy")
    assert made.status_code == 201  # hers is as if it were not there
    assert send(store, "DELETE", hers, both, patient="darcy").status_code == 200
    assert store.send("GET", "Observation/of-jane").status_code == 200
    found = send(store, "POST", "Observation", both, mine, "darcy", If_None_Exist="subject=Patient/jane")
    assert found.status_code == 201
    assert send(store, "POST", "Observation", "user/Observation.write", mine, If_None_Exist="_id=x").status_code == 403


def test_entries_of_bundles_are_held_to_the_scopes(store: FhirStore) -> None:
    entries = [
        {"request": {"method": "GET", "url": "Observation/of-darcy"}},
        {"request": {"method": "GET", "url": "Observation/of-jane"}},
        {"request": {"method": "POST", "url": "Observation"}, "resource": observation("Patient/darcy")},
        {"request": {"method": "DELETE", "url": "Observation/of-jane"}},
    ]
    scope = "patient/Observation.read patient/Observation.write"
    batch: Json = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    answer = send(store, "POST", "", scope, batch, patient="darcy").json()
    found = [each["response"]["status"] for each in answer["entry"]]
    assert found == ["200 OK", "403 Forbidden", "201 Created", "403 Forbidden"]
    whole = {**batch, "type": "transaction"}
    assert issue(send(store, "POST", "", scope, whole, patient="darcy"))[0] == 403
    assert store.send("GET", "Observation/of-jane").status_code == 200
    allowed = {**whole, "entry": [entries[0], entries[2]]}
    assert send(store, "POST", "", scope, allowed, patient="darcy").status_code == 200


def test_what_is_about_a_whole_store_needs_scopes_of_users_or_systems(store: FhirStore) -> None:
    concept_map = {"resourceType": "ConceptMap", "id": "m", "status": "active", "url": "http://example.com/m"}
    store.put(concept_map)
    beta = replace(store, api="v1beta1")
    asked = "$translate?code=a&system=http://example.com/s"
    for path in (f"ConceptMap/m/{asked}", f"ConceptMap/{asked}&url=http://example.com/m"):
        assert issue(send(beta, "GET", path, "patient/*.read", patient="darcy"))[0] == 403
        assert send(beta, "GET", path, "user/ConceptMap.read").status_code == 200
    later = {"Prefer": "respond-async"}
    for scope in ("patient/*.read", "user/Patient.read"):
        assert issue(send(store, "GET", "$export", scope, patient="darcy", **later)) == denied("read", "all types")
    # permitted, and refused for another reason: the store has no folder for exports
    for path, scope in (("$export", "system/*.read"), ("$export?_type=Patient", "user/Patient.read")):
        assert issue(send(store, "GET", path, scope, **later))[2] == "no_destination"


def test_scopes_and_consents_must_both_permit(emulator: RunningEmulator, make_fhir_store: MakeStore) -> None:
    store = make_fhir_store(enableUpdateCreate=True, consentConfig={"version": "V1", "accessEnforced": True})
    store.put({"resourceType": "Practitioner", "id": "brown"})
    store.put({**PATIENT, "id": "darcy"})
    store.put(observation("Patient/darcy", id="blood"))
    store.put(consent("yes", "Patient/darcy", provision("permit", "Practitioner/brown", types=("Observation",))))
    transfers.run(emulator, store.name, "applyConsents", {})

    def read(path: str, scope: str) -> int:
        consented = "actor/Practitioner/brown"
        status: int = send(store, "GET", path, scope, patient="darcy", X_Consent_Scope=consented).status_code
        return status

    assert read("Observation/blood", "patient/*.read") == 200
    assert read("Observation/blood", "patient/Patient.read") == 403
    assert read("Patient/darcy", "patient/*.read") == 403
