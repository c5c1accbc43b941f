"""Generated patients of Synthea, as its FHIR exporter writes them, by bundle and by import without a refusal.

SYNTHEA=FOLDER takes the whole output of a run of Synthea (tests/tools/fhir_oracle says how it is made) in the place of
the two patients of tests/data.
"""

import json
from collections.abc import Callable

import pytest

from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.fhir.conftest import FhirStore, Json
from tests.emulator.services.healthcare.fhir.test_bundles import execute
from tests.support.emulator import RunningEmulator
from tests.support.fhir_data import synthea_or_more

VERSIONS = pytest.mark.parametrize("version", ["R4", "STU3"])
MakeStore = Callable[..., FhirStore]


def load(store: FhirStore, version: str) -> int:
    """Execute all bundles, none of whose entries is refused; how many resources there are then."""
    loaded = 0
    for bundle in synthea_or_more(version):
        done = execute(store, bundle)
        assert {each["response"]["status"] for each in done} <= {"200 OK", "201 Created"}
        loaded += len(done)
    return loaded


def exported(emulator: RunningEmulator, store: FhirStore, bucket: str, folder: str) -> dict[str, bytes]:
    """The objects of an export by the names of their types."""
    body = {"gcsDestination": {"uriPrefix": f"gs://{bucket}/{folder}/"}}
    assert "failure" not in transfers.run(emulator, store.name, "export", body)["metadata"]["counter"]
    names = [name for name in transfers.names(emulator, bucket) if name.startswith(f"{folder}/")]
    return {name.rpartition("/")[2]: transfers.download(emulator, bucket, name) for name in names}


def imported(emulator: RunningEmulator, store: FhirStore, uri: str, structure: str) -> int:
    """Import files of which nothing may fail; how many resources they had."""
    done = transfers.run(emulator, store.name, "import", {"gcsSource": {"uri": uri}, "contentStructure": structure})
    assert set(done["metadata"]["counter"]) == {"success"}
    return int(done["metadata"]["counter"]["success"])


def texts(lines: bytes) -> list[str]:
    """Resources one a line, each as a text with its keys sorted, without the version and time that a store gives."""
    return [text(json.loads(line, parse_float=digits)) for line in lines.splitlines()]


def text(resource: Json) -> str:
    meta = {name: value for name, value in resource.get("meta", {}).items() if name not in {"versionId", "lastUpdated"}}
    return json.dumps({**resource, "meta": meta}, sort_keys=True)


def digits(number: str) -> Json:
    """A decimal as it is written, so that 1.50 is not 1.5."""
    return {"decimal": number}


@VERSIONS
def test_all_patients_load_and_their_parts_refer_to_each_other(make_fhir_store: MakeStore, version: str) -> None:
    store = make_fhir_store(version, enableUpdateCreate=True)
    loaded = load(store, version)
    assert store.read("?_total=accurate&_count=1")["total"] == loaded
    patient = store.read("Patient?_count=1")["entry"][0]["resource"]["id"]
    found = store.read(f"Observation?subject=Patient/{patient}&_total=accurate&_count=1")["total"]
    kinds, page = [], store.read(f"Patient/{patient}/$everything?_count=1000")
    while True:
        kinds += [each["resource"]["resourceType"] for each in page["entry"]]
        following = [link["url"] for link in page["link"] if link.get("relation") == "next"]
        if not following:
            break
        page = store.read(following[0].removeprefix(f"{store.url}/"))
    assert kinds[0] == "Patient"
    assert kinds.count("Observation") == found > 0


@VERSIONS
def test_what_is_exported_deleted_and_imported_is_the_same(
    emulator: RunningEmulator, make_fhir_store: MakeStore, bucket: str, version: str
) -> None:
    store = make_fhir_store(version, enableUpdateCreate=True)
    loaded = load(store, version)
    before = exported(emulator, store, bucket, "before")
    assert sum(len(lines.splitlines()) for lines in before.values()) == loaded
    deleted = transfers.run(emulator, store.name, "bulkDelete", {})["metadata"]["counter"]
    assert deleted == {"success": str(loaded)}
    assert imported(emulator, store, f"gs://{bucket}/before/*", "RESOURCE") == loaded
    after = exported(emulator, store, bucket, "after")
    assert {kind: texts(lines) for kind, lines in after.items()} == {
        kind: texts(lines) for kind, lines in before.items()
    }


@VERSIONS
def test_what_is_imported_as_synthea_wrote_it_is_exported_so(
    emulator: RunningEmulator, make_fhir_store: MakeStore, bucket: str, version: str
) -> None:
    store, bundles = make_fhir_store(version), synthea_or_more(version)
    for number, bundle in enumerate(bundles):
        transfers.upload(emulator, bucket, f"in/{number}.ndjson", json.dumps(bundle).encode())
    resources = [entry["resource"] for bundle in bundles for entry in bundle["entry"]]
    assert imported(emulator, store, f"gs://{bucket}/in/*", "BUNDLE") == len(resources)
    found = exported(emulator, store, bucket, "out")
    wanted = b"\n".join(json.dumps(resource).encode() for resource in resources)
    assert sorted(each for lines in found.values() for each in texts(lines)) == sorted(texts(wanted))
