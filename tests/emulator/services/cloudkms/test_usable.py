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
    if kind == "logging":
        path = f"/v2/projects/{PROJECT}/locations/us/buckets?bucketId={name}"
        return emulator.request("POST", path, {"cmekSettings": {"kmsKeyName": key}})
    if kind.startswith("bigquery "):
        return create_table(emulator, kind.partition(" ")[2], name.replace("-", "_"), key)
    body = {
        "datasetReference": {"datasetId": name.replace("-", "_")},
        "defaultEncryptionConfiguration": {"kmsKeyName": key},
    }
    return emulator.request("POST", f"/bigquery/v2/projects/{PROJECT}/datasets", body)


def is_said_disabled(answer: Any) -> bool:
    """Whether an error says that a key's version is not enabled, in the words of Cloud KMS or Cloud Storage."""
    message = answer["error"]["message"]
    return "is not enabled" in message or "is disabled, destroyed, or scheduled" in message


def create_table(emulator: RunningEmulator, how: str, name: str, key: str) -> tuple[int, Any]:
    """Make a table of that name in a dataset of its own, or give the key to one that is there."""
    root = f"/bigquery/v2/projects/{PROJECT}"
    emulator.request("POST", f"{root}/datasets", {"datasetReference": {"datasetId": name}})
    reference = {"projectId": PROJECT, "datasetId": name, "tableId": "t"}
    settings = {"encryptionConfiguration": {"kmsKeyName": key}}
    tables = f"{root}/datasets/{name}/tables"
    if how == "insert":
        return emulator.request("POST", tables, {"tableReference": reference, **settings})
    if how == "patch":
        emulator.request("POST", tables, {"tableReference": reference})
        return emulator.request("PATCH", f"{tables}/t", settings)
    if how in ("ddl", "alter"):
        emulator.request("POST", tables, {"tableReference": {**reference, "tableId": "old"}})
        made = f"CREATE TABLE `{name}.t` (x INT64)" if how == "ddl" else f"ALTER TABLE `{name}.old` SET"
        query = f"{made} OPTIONS(kms_key_name='{key}')"
        return emulator.request("POST", f"{root}/queries", {"query": query, "useLegacySql": False})
    configuration: dict[str, Any] = {"query": "SELECT 1 AS x", "useLegacySql": False}
    configuration["destinationEncryptionConfiguration"] = {"kmsKeyName": key}
    if how == "job":
        configuration["destinationTable"] = reference
    job = emulator.request("POST", f"{root}/jobs", {"configuration": {"query": configuration}})[1]
    return emulator.request("GET", f"{root}/queries/{job['jobReference']['jobId']}")


@pytest.mark.parametrize(
    "kind",
    [
        *("storage", "pubsub", "healthcare", "logging", "bigquery"),
        *("bigquery insert", "bigquery patch", "bigquery ddl", "bigquery alter", "bigquery job", "bigquery answer"),
    ],
)
def test_a_key_must_be_usable(emulator: RunningEmulator, unique: Names, kind: str) -> None:
    agent = agent_of(emulator, kind.partition(" ")[0])
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
    assert (code in (400, 403), is_said_disabled(answer)) == (True, True), answer
    assert emulator.request("POST", f"/v1/{key}/cryptoKeyVersions/1:destroy", {})[0] == 200
    code, answer = create(emulator, kind, unique("destroyed"), key)
    assert (code in (400, 403), is_said_disabled(answer)) == (True, True), answer


def test_a_table_takes_its_datasets_key(emulator: RunningEmulator, unique: Names) -> None:
    """Unless it names one (BigQuery: Customer-managed Cloud KMS keys, "Set a dataset default key")."""
    agent = agent_of(emulator, "bigquery")
    first, second = make_key(emulator, unique("first"), agent), make_key(emulator, unique("second"), agent)
    name = unique("keyed")
    assert create(emulator, "bigquery", name, first)[0] == 200
    dataset = name.replace("-", "_")
    for statement in (
        f"CREATE TABLE `{dataset}.plain` (x INT64)",
        f"CREATE TABLE `{dataset}.own` (x INT64) OPTIONS(kms_key_name='{second}')",
        f"CREATE TABLE `{dataset}.chosen` AS SELECT 1 AS x",
        f"CREATE VIEW `{dataset}.view` AS SELECT 1 AS x",
    ):
        query = {"query": statement, "useLegacySql": False}
        assert emulator.request("POST", f"/bigquery/v2/projects/{PROJECT}/queries", query)[0] == 200
    tables = f"/bigquery/v2/projects/{PROJECT}/datasets/{dataset}/tables"
    found = {table: emulator.request("GET", f"{tables}/{table}")[1] for table in ("plain", "own", "chosen", "view")}
    keys = {table: shown.get("encryptionConfiguration", {}).get("kmsKeyName") for table, shown in found.items()}
    assert keys == {"plain": first, "own": second, "chosen": first, "view": None}
