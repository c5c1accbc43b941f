"""$export of a store and its status (HL7: Bulk Data Access; Cloud Healthcare: fhirStores.fhir.bulk-export)."""

import dataclasses
import json
from collections.abc import Callable

import pytest
import requests

from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, Json, issue, observation
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE, eventually

Unique = Callable[[str], str]
ASYNC = "respond-async"


@pytest.fixture
def store(make_fhir_store: Callable[..., FhirStore], bucket: str) -> FhirStore:
    """A store that exports to a folder of the bucket."""
    to = {"uriPrefix": f"gs://{bucket}/out"}
    return make_fhir_store(enableUpdateCreate=True, bulkExportGcsDestination=to)


def ended(store: FhirStore, address: str) -> requests.Response:
    """The status once the export has ended."""

    def over(answer: requests.Response) -> bool:
        return answer.status_code != 202 or answer.headers["x-progress"] != "in progress"

    answer = eventually(lambda: store.session.get(address, timeout=PATIENCE), over)
    assert answer.status_code != 202, answer.headers
    return answer


def test_an_export_and_its_files(emulator: RunningEmulator, store: FhirStore, bucket: str) -> None:
    made = store.put({**PATIENT, "id": "a"})
    store.put(observation("Patient/a", id="o"))
    started = store.send("GET", "$export", Prefer=ASYNC)
    assert (started.status_code, started.content) == (202, b"")
    address = started.headers["content-location"]
    number = address.rpartition("/")[2]
    assert address == f"{emulator.base_url}/v1/{store.name}/operations/{number}"
    complete = ended(store, address).json()
    assert complete["requiresAccessToken"] is True
    assert complete["error"] == []
    files = {each["type"]: each for each in complete["output"]}
    assert {name: each["count"] for name, each in files.items()} == {"Patient": 1, "Observation": 1}
    name = f"out/{number}_Patient.ndjson"
    assert files["Patient"]["url"] == f"{emulator.base_url}/{bucket}/{name}"
    assert store.session.get(files["Patient"]["url"], timeout=PATIENCE).json() == made  # as clients get them
    assert json.loads(transfers.download(emulator, bucket, name)) == made


def test_only_some_types(store: FhirStore) -> None:
    store.put({**PATIENT, "id": "a"})
    store.put(observation("Patient/a", id="o"))
    for form in ("application/fhir%2Bndjson", "application/fhir+ndjson", "application/ndjson"):
        assert store.send("GET", f"$export?_outputFormat={form}", Prefer=ASYNC).status_code == 202
    since = "2020-01-01T00:00:00+00:00"
    assert store.send("GET", f"$export?_since={since}", Prefer=ASYNC).status_code == 202
    started = store.send("GET", "$export?_type=Observation&_outputFormat=ndjson", Prefer=ASYNC)
    complete = ended(store, started.headers["content-location"]).json()
    assert [each["type"] for each in complete["output"]] == ["Observation"]
    assert complete["request"] == f"{store.url}/$export?_type=Observation&_outputFormat=ndjson"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("$export", {}, 400),
        ("$export?_since=yesterday", {"Prefer": ASYNC}, 400),
        ("$export?_outputFormat=csv", {"Prefer": ASYNC}, 400),
        ("$export", {"Prefer": ASYNC, "Accept": "text/plain"}, 406),
    ],
)
def test_what_is_refused(store: FhirStore, path: str, headers: dict[str, str], status: int) -> None:
    assert issue(store.send("GET", path, None, **headers))[0] == status


def test_a_store_without_a_destination(fhir: FhirStore) -> None:
    status, _, text, _ = issue(fhir.send("GET", "$export", Prefer=ASYNC))
    assert (status, text) == (400, "no_destination")


def test_an_export_that_fails_says_why(make_fhir_store: Callable[..., FhirStore], unique: Unique) -> None:
    store = make_fhir_store(bulkExportGcsDestination={"uriPrefix": f"gs://{unique('nobody')}/out"})
    started = store.send("GET", "$export", Prefer=ASYNC)
    status, _, _, sentence = issue(ended(store, started.headers["content-location"]))
    assert (status, "Cloud Storage permission" in sentence) == (500, True)


def test_an_export_that_has_ended_cannot_be_cancelled(store: FhirStore) -> None:
    address = store.send("GET", "$export", Prefer=ASYNC).headers["content-location"]
    assert ended(store, address).status_code == 200
    assert issue(store.session.delete(address, timeout=PATIENCE))[0] == 400


def test_no_such_operation(store: FhirStore, emulator: RunningEmulator) -> None:
    answer = store.session.get(f"{emulator.base_url}/v1/{store.name}/operations/1", timeout=PATIENCE)
    assert issue(answer)[:2] == (404, "not-found")


def group(*members: str, **more: object) -> Json:
    listed = [{"entity": {"reference": member}} for member in members]
    return {"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": listed, **more}


@pytest.fixture
def family(store: FhirStore) -> FhirStore:
    """A store with a group of two patients, who have observations, and a practitioner; and somebody else."""
    store.put({"resourceType": "Practitioner", "id": "d"})
    for name in ("a", "b", "other"):
        store.put({**PATIENT, "id": name, "generalPractitioner": [{"reference": "Practitioner/d"}]})
        store.put(observation(f"Patient/{name}", id=f"o-{name}"))
    store.put(group("Patient/a", "Patient/b", "Practitioner/d"))
    return store


def exported(
    emulator: RunningEmulator, store: FhirStore, bucket: str, query: str, verb: str = "GET"
) -> dict[str, list[str]]:
    """The resources of each file of an export of the group, Type/id."""
    started = store.send(verb, f"Group/g/$export?{query}", Prefer=ASYNC)
    assert started.status_code == 202, started.text
    address = started.headers["content-location"]
    complete = ended(store, address).json()
    start = f"out/{address.rpartition('/')[2]}_"
    names = [name for name in transfers.names(emulator, bucket) if name.startswith(start)]
    found = {name.removeprefix(start): transfers.download(emulator, bucket, name).splitlines() for name in names}
    assert {f"{each['type']}.ndjson": each["count"] for each in complete["output"]} == {
        name: len(lines) for name, lines in found.items()
    }
    shown = {name: [json.loads(line) for line in lines] for name, lines in found.items()}
    return {name: [f"{each['resourceType']}/{each['id']}" for each in lines] for name, lines in shown.items()}


def test_a_group_is_exported_by_patients(emulator: RunningEmulator, family: FhirStore, bucket: str) -> None:
    assert exported(emulator, family, bucket, "organizeOutputBy=Patient") == {
        "Group.ndjson": ["Group/g"],
        "Patient.ndjson": [
            *("Patient/a", "Observation/o-a", "Practitioner/d"),
            *("Patient/b", "Observation/o-b", "Practitioner/d"),
        ],
        "Practitioner.ndjson": ["Practitioner/d"],
    }


def test_a_group_is_exported_by_post(emulator: RunningEmulator, family: FhirStore, bucket: str) -> None:
    beta = dataclasses.replace(family, api="v1beta1")
    found = exported(emulator, beta, bucket, "organizeOutputBy=Patient&_type=Observation", "POST")
    assert found == {"Patient.ndjson": ["Observation/o-a", "Observation/o-b"]}


def test_a_group_since_a_time(emulator: RunningEmulator, family: FhirStore, bucket: str) -> None:
    since = family.put(observation("Patient/b", id="late"))["meta"]["lastUpdated"].replace("+", "%2B")
    found = exported(emulator, family, bucket, f"organizeOutputBy=Patient&_since={since}")
    assert found == {"Patient.ndjson": ["Observation/late"]}


def test_members_that_are_gone_or_inactive(emulator: RunningEmulator, store: FhirStore, bucket: str) -> None:
    for name in ("a", "b"):
        store.put({**PATIENT, "id": name})
    members = [{"entity": {"reference": "Patient/a"}, "inactive": True}, {"entity": {"reference": "Patient/b"}}]
    store.put(group(member=members))
    found = exported(emulator, store, bucket, "organizeOutputBy=Patient")
    assert found == {"Group.ndjson": ["Group/g"], "Patient.ndjson": ["Patient/b"]}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("Group/g/$export", 400),
        ("Group/g/$export?organizeOutputBy=Group", 400),
        ("Group/g/$export?organizeOutputBy=Patient&outputFormat=csv", 400),
        ("Group/nobody/$export?organizeOutputBy=Patient", 404),
    ],
)
def test_what_is_refused_of_a_group(family: FhirStore, path: str, status: int) -> None:
    assert issue(family.send("GET", path, Prefer=ASYNC))[0] == status
