"""executeBundle of type history (Cloud Healthcare, v1beta1: history bundles)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, Json, issue
from tests.emulator.services.healthcare.fhir.transfer.test_history import bundle, deletion, made_writable, version
from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator


@pytest.fixture
def writable(emulator: RunningEmulator, make_fhir_store: Callable[..., FhirStore]) -> FhirStore:
    """A store whose histories may be written, and its v1beta1."""
    return replace(made_writable(emulator, make_fhir_store(enableUpdateCreate=True)), api="v1beta1")


def shown(store: FhirStore) -> list[str]:
    """The genders of the versions of Patient/a, the newest first; the method of one that has none."""
    entries = store.read("Patient/a/_history")["entry"]
    return [each.get("resource", {}).get("gender", each["request"]["method"]) for each in entries]


def test_versions_are_put_where_their_times_have_them(writable: FhirStore) -> None:
    writable.put({**PATIENT, "id": "a"})
    body = bundle(deletion("2002-01-01T00:00:00Z"), version(gender="male"))
    answer = writable.send("POST", "", body)
    assert (answer.status_code, answer.content) == (200, b"")
    assert shown(writable) == ["female", "DELETE", "male"]
    assert writable.send("POST", "", bundle(version(gender="other"))).status_code == 200  # in the place of that time's
    assert shown(writable) == ["female", "DELETE", "other"]


def test_a_version_younger_than_all_is_the_current_one(writable: FhirStore) -> None:
    writable.send("POST", "", bundle(version(gender="male")))
    assert writable.read("Patient/a")["gender"] == "male"
    writable.send("POST", "", bundle(version("2002-01-01T00:00:00Z", gender="other")))
    assert writable.read("Patient/a")["gender"] == "other"
    assert writable.read("Patient?gender=other")["total"] == 1


def test_what_the_store_shows_as_a_history_is_a_history_bundle(writable: FhirStore) -> None:
    writable.put({**PATIENT, "id": "a"})
    writable.put({**PATIENT, "id": "a", "gender": "male"})
    before = writable.read("Patient/a/_history")
    assert writable.send("POST", "", before).status_code == 200
    assert writable.read("Patient/a/_history") == before


def test_an_app_needs_a_scope_of_a_user_or_a_system_for_a_history(writable: FhirStore) -> None:
    def put(scope: str) -> int:
        headers = {"X_Authorization_Scope": scope, "X_Authorization_Patient": "a"}
        return writable.send("POST", "", bundle(version()), **headers).status_code

    assert put("patient/*.*") == put("user/Patient.read") == 403
    assert writable.send("GET", "Patient/a").status_code == 404
    assert put("user/Patient.write") == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (bundle(version(), {**version(), "resource": {**version()["resource"], "id": "b"}}), "of the same resource"),
        (bundle({**version(), "response": {"lastModified": "2001-01-01T00:00:00Z"}}), "response.status is required"),
        (bundle(version(), version("never")), "expected instant"),
        (bundle({**version(), "resource": {**version()["resource"], "foo": 1}}), "unknown field"),
        ({**bundle(version()), "entry": [7]}, "must be of the same"),
        (bundle(*(version(f"2001-01-01T00:00:00.{number:03}Z") for number in range(101))), "at most 100 entries"),
    ],
)
def test_all_of_a_bundle_is_taken_or_nothing(writable: FhirStore, body: Json, said: str) -> None:
    answer = writable.send("POST", "", body)
    assert issue(answer)[0] == 400
    assert said in answer.text
    assert writable.send("GET", "Patient/a").status_code == 404


def test_v1_and_stores_that_are_not_set_to_it_take_none(
    emulator: RunningEmulator, make_fhir_store: Callable[..., FhirStore]
) -> None:
    store: Any = make_fhir_store(enableUpdateCreate=True)
    assert "enableHistoryModifications" in issue(replace(store, api="v1beta1").send("POST", "", bundle(version())))[3]
    assert "v1beta1" in issue(made_writable(emulator, store).send("POST", "", bundle(version())))[3]
    bare = replace(make_fhir_store(disableResourceVersioning=True), api="v1beta1")
    assert "no history" in issue(bare.send("POST", "", bundle(version())))[3]


def test_the_right_to_import_is_asked_for(
    emulator: RunningEmulator, writable: FhirStore, unique: Callable[[str], str]
) -> None:
    account = make_account(emulator, unique("editor"))
    bindings = [{"role": "roles/healthcare.fhirResourceEditor", "members": [account.member]}]
    emulator.request("POST", f"/v1/{writable.name}:setIamPolicy", {"policy": {"bindings": bindings}})
    writable.session.headers["Authorization"] = f"Bearer {account.token}"
    answer = writable.send("POST", "", bundle(version()))
    assert answer.status_code == 403
    assert "healthcare.fhirStores.import" in answer.text
