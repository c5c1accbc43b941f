"""kill -9 in the middle of an import and of a deletion of many resources. KILL_ROUNDS=20 is the thorough form.

What was counted is done, and nothing is done or listed twice.
"""

import json
import os
import time

import pytest

from tests.conftest import StartEmulator
from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.fhir.conftest import PATIENT
from tests.support.emulator import RunningEmulator

ROUNDS = int(os.environ.get("KILL_ROUNDS", "1"))
MANY = 1500
TABLES = ("fhir_versions", "fhir_index_resources", "fhir_references", "healthcare_results")


def kill_midway(emulator: RunningEmulator, operation: str) -> None:
    """Kill the emulator once an operation has counted something, and start it again."""
    counted = 0
    while not counted:
        _, found = emulator.request("GET", f"/v1/{operation}")
        assert "error" not in found, found
        counted = int(found["metadata"].get("counter", {}).get("success", "0"))
        time.sleep(0.001)
    emulator.kill()
    emulator.start()


@pytest.mark.crash
def test_killed_imports_and_deletions_go_on_after_a_restart(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    parent = f"projects/{emulator.project}/locations/us-central1/datasets"
    emulator.request("POST", f"/v1/{parent}?datasetId=d", {})
    emulator.request("POST", f"/v1/{parent}/d/fhirStores?fhirStoreId=f", {"version": "R4"})
    store = f"{parent}/d/fhirStores/f"
    bucket = transfers.make_bucket(emulator, "crash-lists", "roles/storage.objectAdmin")
    ids = [f"p{number:05}" for number in range(MANY)]
    data = b"".join(json.dumps({**PATIENT, "id": each}).encode() + b"\n" for each in ids)
    transfers.upload(emulator, bucket, "in.ndjson", data)
    loading = {"gcsSource": {"uri": f"gs://{bucket}/in.ndjson"}, "contentStructure": "RESOURCE"}
    for place in range(ROUNDS):
        operation = transfers.start(emulator, store, "import", loading)
        kill_midway(emulator, operation)
        assert transfers.wait(emulator, operation)["metadata"]["counter"] == {"success": str(MANY)}
        lists = {"gcsDestination": {"uriPrefix": f"gs://{bucket}/{place}"}}
        operation = transfers.start(emulator, store, "bulkDelete", lists)
        kill_midway(emulator, operation)
        assert transfers.wait(emulator, operation)["metadata"]["counter"] == {"success": str(MANY)}
        name = f"{place}/{operation.rpartition('/')[2]}_Patient"
        assert transfers.download(emulator, bucket, name).decode().split() == [f"Patient/{each}" for each in ids]
    emulator.stop()
    with emulator.database() as database:
        left = [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES]
    assert left == [0, 0, 0, 0]
