"""Who names a key to encrypt with needs one that is there, enabled, and granted to the service's agent (CMEK)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.support.emulator import RunningEmulator
from tests.support.keys import agent_of, make_key

Names = Callable[[str], str]


def create(emulator: RunningEmulator, kind: str, name: str, key: str) -> tuple[int, Any]:
    """Make something that is encrypted with the key."""
    if kind == "storage":
        body: dict[str, Any] = {"name": name, "encryption": {"defaultKmsKeyName": key}}
        return emulator.request("POST", f"/storage/v1/b?project={PROJECT}", body)
    if kind == "pubsub":
        return emulator.request("PUT", f"/v1/projects/{PROJECT}/topics/{name}", {"kmsKeyName": key})
    if kind == "healthcare":
        path = f"/v1/projects/{PROJECT}/locations/us/datasets?datasetId={name}"
        return emulator.request("POST", path, {"encryptionSpec": {"kmsKeyName": key}})
    body = {
        "datasetReference": {"datasetId": name.replace("-", "_")},
        "defaultEncryptionConfiguration": {"kmsKeyName": key},
    }
    return emulator.request("POST", f"/bigquery/v2/projects/{PROJECT}/datasets", body)


@pytest.mark.parametrize("kind", ["storage", "pubsub", "healthcare", "bigquery"])
def test_a_key_must_be_usable(emulator: RunningEmulator, unique: Names, kind: str) -> None:
    agent = agent_of(emulator, kind)
    missing = f"projects/{PROJECT}/locations/us/keyRings/none/cryptoKeys/none"
    closed = make_key(emulator, unique("closed"))
    for key, said in ((missing, "or it may not exist"), (closed, agent), ("my-key", "is no name of a Cloud KMS key")):
        code, answer = create(emulator, kind, unique("refused"), key)
        assert (code in (400, 403), said in answer["error"]["message"]) == (True, True), answer
    key = make_key(emulator, unique("open"), agent)
    assert create(emulator, kind, unique("taken"), key)[0] == 200
    version = f"/v1/{key}/cryptoKeyVersions/1?updateMask=state"
    assert emulator.request("PATCH", version, {"state": "DISABLED"})[0] == 200
    code, answer = create(emulator, kind, unique("disabled"), key)
    assert (code in (400, 403), "is not enabled" in answer["error"]["message"]) == (True, True), answer
