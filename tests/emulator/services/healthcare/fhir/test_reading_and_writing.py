"""create, read, vread, update, patch, delete, purge and history, with statuses, headers and OperationOutcome."""

import base64
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.emulator.services.healthcare.fhir.conftest import FHIR, PATIENT, FhirStore, issue, observation
from tests.support.emulator import RunningEmulator

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")


def test_a_created_resource_has_an_id_a_version_and_their_headers(fhir: FhirStore) -> None:
    answer = fhir.send("POST", "Patient", PATIENT)
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["content-type"] == FHIR
    assert {key: made[key] for key in PATIENT} == PATIENT
    assert INSTANT.fullmatch(made["meta"]["lastUpdated"])
    version = made["meta"]["versionId"]
    assert answer.headers["etag"] == f'W/"{version}"'
    assert answer.headers["location"] == f"{fhir.url}/Patient/{made['id']}/_history/{version}"
    assert answer.headers["last-modified"].endswith(" GMT")
    assert list(made) == sorted(made)
    # fhir.md section 5: base64 of the nanoseconds, without padding, of the very instant of lastUpdated
    nanoseconds = base64.b64decode(version + "==").decode()
    assert nanoseconds.endswith(made["meta"]["lastUpdated"][20:26] + "000")
    assert len(nanoseconds) == 19
    assert fhir.read(f"Patient/{made['id']}") == made
    assert fhir.read(f"Patient/{made['id']}/_history/{version}") == made


def test_decimals_keep_their_digits(fhir: FhirStore) -> None:
    patient = fhir.create(PATIENT)
    body = observation(f"Patient/{patient['id']}", valueQuantity={"value": 7.5})
    text = fhir.session.post(f"{fhir.url}/Observation", json=body, headers=fhir.headers).text
    raw = text.replace('"value": 7.5', '"value": 1.200').encode()
    made = fhir.send("PUT", f"Observation/{fhir.create(body)['id']}", raw)
    assert made.status_code == 400  # the id is another
    identifier = fhir.create(body)["id"]
    raw = re.sub(rb'"id": "[^"]+"', b'"id": "%s"' % identifier.encode(), raw, count=1)
    assert b'"value": 1.200' in fhir.send("PUT", f"Observation/{identifier}", raw).content
    assert b'"value": 1.200' in fhir.send("GET", f"Observation/{identifier}").content


def test_an_update_makes_a_version_and_keeps_the_one_before(fhir: FhirStore) -> None:
    first = fhir.create(PATIENT)
    answer = fhir.send("PUT", f"Patient/{first['id']}", {**first, "gender": "other"})
    second = answer.json()
    assert answer.status_code == 200
    assert answer.headers["content-location"].endswith(second["meta"]["versionId"])
    assert second["meta"]["lastUpdated"] > first["meta"]["lastUpdated"]
    assert fhir.read(f"Patient/{first['id']}")["gender"] == "other"
    assert fhir.read(f"Patient/{first['id']}/_history/{first['meta']['versionId']}") == first


def test_an_update_creates_only_where_the_store_lets_clients_choose_ids(
    fhir: FhirStore, make_fhir_store: Callable[..., FhirStore]
) -> None:
    body = {**PATIENT, "id": "own-id.1"}
    assert fhir.send("PUT", "Patient/own-id.1", body).status_code == 201
    answer = make_fhir_store().send("PUT", "Patient/own-id.1", body)
    assert issue(answer)[:3] == (404, "not-found", "resource_not_found")


def test_a_patch_changes_what_it_names(fhir: FhirStore) -> None:
    made = fhir.create(PATIENT)
    operations = [{"op": "replace", "path": "/name/0/family", "value": "Chalmers"}, {"op": "remove", "path": "/gender"}]
    answer = fhir.send("PATCH", f"Patient/{made['id']}", operations, Content_Type="application/json-patch+json")
    assert answer.status_code == 200
    patched = answer.json()
    assert patched["name"][0]["family"] == "Chalmers"
    assert "gender" not in patched
    assert patched["meta"]["lastUpdated"] > made["meta"]["lastUpdated"]


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "replace", "path": "/contact/0", "value": {}}],
        [{"op": "test", "path": "/gender", "value": "male"}],
        [{"op": "replace", "path": "/id", "value": "other"}],
        [{"op": "replace", "path": "/resourceType", "value": "Group"}],
        [{"op": "remove", "path": ""}],
        [{"op": "spin", "path": "/gender"}],
        [{"path": "/gender"}],
        ["no object"],
        {"op": "remove", "path": "/gender"},
    ],
)
def test_a_patch_that_cannot_be_done_changes_nothing(fhir: FhirStore, operations: object) -> None:
    made = fhir.create(PATIENT)
    media = "application/json-patch+json"
    answer = fhir.send("PATCH", f"Patient/{made['id']}", operations, Content_Type=media)  # type: ignore[arg-type]
    assert issue(answer)[0] == 400
    assert fhir.read(f"Patient/{made['id']}") == made


def test_a_deleted_resource_is_gone_and_its_history_stays(fhir: FhirStore) -> None:
    made = fhir.create(PATIENT)
    path = f"Patient/{made['id']}"
    answer = fhir.send("DELETE", path)
    assert (answer.status_code, answer.json()) == (200, {})
    assert issue(fhir.send("GET", path)) == (410, "deleted", "resource_deleted", f"resource was deleted: {path}")
    assert fhir.read(f"{path}/_history/{made['meta']['versionId']}") == made
    versions = fhir.read(f"{path}/_history")
    assert [entry["request"]["method"] for entry in versions["entry"]] == ["DELETE", "POST"]
    assert "resource" not in versions["entry"][0]
    assert versions["entry"][1]["resource"] == made
    assert fhir.send("DELETE", path).status_code == 200
    assert fhir.send("DELETE", "Patient/never-there").status_code == 200
    again = fhir.put(made)
    assert again["meta"]["lastUpdated"] > versions["entry"][0]["response"]["lastModified"]


def test_a_history_says_which_updates_created(fhir: FhirStore) -> None:
    def statuses(query: str = "") -> list[str]:
        return [each["response"]["status"][:3] for each in fhir.read(f"Patient/p/_history{query}")["entry"]]

    answered = [fhir.send("PUT", "Patient/p", {**PATIENT, "id": "p"}).status_code for _ in range(2)]
    fhir.send("DELETE", "Patient/p")
    answered += [200, *(fhir.send("PUT", "Patient/p", {**PATIENT, "id": "p"}).status_code for _ in range(2))]
    assert answered == [201, 200, 200, 201, 200]
    assert statuses() == [str(each) for each in reversed(answered)]
    assert statuses("?_count=2") == ["200", "201"]
    fhir.send("DELETE", "Patient/p/$purge")
    assert statuses() == ["200"]  # what was before is not known, but that there was something


def test_a_history_is_paged_and_cut_by_time(fhir: FhirStore) -> None:
    versions = [fhir.put({**PATIENT, "id": "p", "gender": gender}) for gender in ("male", "female", "other", "unknown")]
    newest_first = versions[::-1]
    page = fhir.read("Patient/p/_history?_count=3")
    assert [entry["resource"] for entry in page["entry"]] == newest_first[:3]
    following = next(link["url"] for link in page["link"] if link["relation"] == "next")
    last = fhir.session.get(following).json()
    assert [entry["resource"] for entry in last["entry"]] == newest_first[3:]
    assert [link["relation"] for link in last["link"]] == ["previous", "self"]
    assert fhir.session.get(last["link"][0]["url"]).json()["entry"] == page["entry"]
    since = versions[2]["meta"]["lastUpdated"].replace("+", "%2B")
    assert [entry["resource"] for entry in fhir.read(f"Patient/p/_history?_since={since}")["entry"]] == newest_first[:2]
    year = versions[0]["meta"]["lastUpdated"][:4]
    assert len(fhir.read(f"Patient/p/_history?_at={year}")["entry"]) == 4
    assert fhir.read("Patient/p/_history?_at=1999-12")["entry"] == []
    assert issue(fhir.send("GET", "Patient/p/_history?_since=yesterday"))[0] == 400
    assert issue(fhir.send("GET", "Patient/p/_history?_page_token=none"))[0] == 400


def test_a_purge_forgets_old_versions_only(fhir: FhirStore) -> None:
    first = fhir.put({**PATIENT, "id": "p"})
    second = fhir.put({**PATIENT, "id": "p", "gender": "male"})
    assert fhir.send("DELETE", "Patient/p/$purge").status_code == 200
    assert fhir.read("Patient/p") == second
    assert issue(fhir.send("GET", f"Patient/p/_history/{first['meta']['versionId']}"))[0] == 404
    fhir.send("DELETE", "Patient/p")
    fhir.send("DELETE", "Patient/p/$purge")
    assert issue(fhir.send("GET", "Patient/p"))[:3] == (404, "not-found", "resource_not_found")
    assert issue(fhir.send("GET", "Patient/p/_history"))[0] == 404


def test_a_reader_that_has_a_version_is_told_so(fhir: FhirStore) -> None:
    made = fhir.create(PATIENT)
    path, etag = f"Patient/{made['id']}", f'W/"{made["meta"]["versionId"]}"'
    assert fhir.send("GET", path, If_None_Match=etag).status_code == 304
    assert fhir.send("GET", path, If_None_Match='W/"other"').status_code == 200
    modified = fhir.send("GET", path).headers["last-modified"]
    assert fhir.send("GET", path, If_Modified_Since=modified).status_code == 304
    assert fhir.send("GET", path, If_Modified_Since="Mon, 01 Jan 2001 00:00:00 GMT").status_code == 200


def test_preconditions_hold_or_nothing_changes(fhir: FhirStore) -> None:
    made = fhir.create(PATIENT)
    path, etag = f"Patient/{made['id']}", f'W/"{made["meta"]["versionId"]}"'
    changed = fhir.send("PUT", path, made, If_Match=etag)
    assert changed.status_code == 200
    for verb, body in (("PUT", made), ("DELETE", None)):
        assert issue(fhir.send(verb, path, body, If_Match=etag))[:3] == (412, "conflict", "version_conflict")
    media = "application/json-patch+json"
    assert issue(fhir.send("PATCH", path, [], If_Match=etag, Content_Type=media))[0] == 412
    assert issue(fhir.send("PUT", path, made, If_None_Match="*"))[0] == 412
    assert fhir.read(path) == changed.json()
    assert fhir.send("PUT", "Patient/new", {**PATIENT, "id": "new"}, If_None_Match="*").status_code == 201
    assert issue(fhir.send("PUT", "Patient/none", {**PATIENT, "id": "none"}, If_Match=etag))[0] == 412


def test_of_eight_writers_with_the_same_version_one_wins(fhir: FhirStore) -> None:
    fhir.put({**PATIENT, "id": "p", "multipleBirthInteger": 0})

    def add_one(_: int) -> int:
        tries = 0
        while True:
            tries += 1
            now = fhir.read("Patient/p")
            more = {**now, "multipleBirthInteger": now["multipleBirthInteger"] + 1}
            answer = fhir.send("PUT", "Patient/p", more, If_Match=f'W/"{now["meta"]["versionId"]}"')
            if answer.status_code == 200:
                return tries
            assert answer.status_code == 412

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add_one, range(40)))
    assert fhir.read("Patient/p")["multipleBirthInteger"] == 40
    assert len(fhir.read("Patient/p/_history")["entry"]) == 41


@pytest.mark.parametrize(("wanted", "body"), [("minimal", ""), ("OperationOutcome", "OperationOutcome")])
def test_prefer_decides_what_a_change_answers(fhir: FhirStore, wanted: str, body: str) -> None:
    answer = fhir.send("POST", "Patient", PATIENT, Prefer=f"return={wanted}")
    assert answer.status_code == 201
    assert (answer.json()["resourceType"] if answer.text else "") == body
    assert "/Patient/" in answer.headers["location"]


def test_a_store_without_versions_keeps_the_current_one_only(make_fhir_store: Callable[..., FhirStore]) -> None:
    store = make_fhir_store(enableUpdateCreate=True, disableResourceVersioning=True)
    first = store.put({**PATIENT, "id": "p"})
    store.put({**PATIENT, "id": "p", "gender": "male"})
    for path in ("Patient/p/_history", f"Patient/p/_history/{first['meta']['versionId']}"):
        assert issue(store.send("GET", path))[:3] == (400, "not-supported", "versioning_disabled")
    assert store.read("Patient/p")["gender"] == "male"
    store.send("DELETE", "Patient/p")
    assert issue(store.send("GET", "Patient/p"))[0] == 404


def test_head_is_a_read_without_its_body(fhir: FhirStore) -> None:
    made = fhir.put({**PATIENT, "id": "a"})
    answer = fhir.send("HEAD", "Patient/a")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["etag"] == f'W/"{made["meta"]["versionId"]}"'
    assert fhir.send("HEAD", "Patient/b").status_code == 404


def test_a_dataset_and_a_store_may_be_called_fhir(emulator: RunningEmulator) -> None:
    datasets = f"/v1/projects/{emulator.project}/locations/us-central1/datasets"
    emulator.request("POST", f"{datasets}?datasetId=fhir", {})
    settings = {"version": "R4", "enableUpdateCreate": True}
    emulator.request("POST", f"{datasets}/fhir/fhirStores?fhirStoreId=fhir", settings)
    path = f"{datasets}/fhir/fhirStores/fhir/fhir/Patient/p"
    assert emulator.request("PUT", path, {"resourceType": "Patient", "id": "p"})[0] == 201
    status, patient = emulator.request("GET", path)
    assert (status, patient["id"]) == (200, "p")
    assert emulator.request("GET", f"{path}/_history/{patient['meta']['versionId']}")[0] == 200
    assert emulator.request("DELETE", f"{datasets}/fhir")[0] == 200
