"""BigQuery datasets and tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from tests.emulator.provider.engine import Engine, RefusedError
from tests.emulator.provider.test_healthcare import settled
from tests.support.emulator import RunningEmulator

DATASET = "gcp:bigquery/dataset:Dataset"
TABLE = "gcp:bigquery/table:Table"
Unique = Callable[[str], str]


@pytest.fixture
def dataset(engine: Engine, unique: Unique) -> str:
    """The id of a fresh dataset, in the engine's state as `d`."""
    name = unique("imaging").replace("-", "_")
    engine.up("d", DATASET, {"datasetId": name, "location": "US", "deleteContentsOnDestroy": True})
    return name


def columns(*names: str, **more: str) -> str:
    """A table's columns as a program writes them: texts, and more of other types."""
    listed = [{"name": name, "type": "STRING"} for name in names]
    return json.dumps([*listed, *({"name": name, "type": kind} for name, kind in more.items())])


def test_dataset(engine: Engine, emulator: RunningEmulator, unique: Unique) -> None:
    name = unique("analytics").replace("-", "_")
    inputs: dict[str, Any] = {
        "datasetId": name,
        "location": "us-central1",
        "friendlyName": "Imaging",
        "defaultTableExpirationMs": 86400000,
        "labels": {"a": "1"},
    }
    assert engine.up("d", DATASET, inputs) == "create"
    assert engine.state["d"].id == f"projects/{emulator.project}/datasets/{name}"
    assert engine.state["d"].outputs["accesses"]
    settled(engine, "d", inputs)
    member = {"datasetId": name, "role": "roles/bigquery.dataViewer", "member": "user:a@example.com"}
    engine.up("m", "gcp:bigquery/datasetIamMember:DatasetIamMember", member)
    settled(engine, "d", inputs)
    assert engine.up("d", DATASET, {**inputs, "description": "r2", "labels": {}}) == "update"
    _, live = emulator.request("GET", f"/bigquery/v2/projects/{emulator.project}/datasets/{name}")
    assert live["description"] == "r2"
    members = {entry.get("userByEmail") for entry in live["access"]}
    assert "a@example.com" in members, "an update leaves access alone"
    assert engine.diff("d", {**inputs, "location": "US"}).delete_first
    imported = engine.import_("i", DATASET, name)
    assert imported is not None
    assert engine.diff("i", {**inputs, "description": "r2", "labels": {}}).details == {}
    engine.delete("d")


def test_table(engine: Engine, dataset: str) -> None:
    inputs: dict[str, Any] = {
        "datasetId": dataset,
        "tableId": "labels",
        "schema": columns("finding", d="DATE", n="INT64"),
        "timePartitioning": {"type": "DAY", "field": "d"},
        "clusterings": ["finding"],
        "labels": {"a": "1"},
        "deletionProtection": False,
    }
    engine.up("t", TABLE, inputs)
    assert engine.state["t"].outputs["type"] == "TABLE"
    assert engine.state["t"].outputs["schema"] == inputs["schema"], "as the program wrote it"
    settled(engine, "t", inputs)
    spelled = [{"name": "finding", "type": "STRING", "mode": "NULLABLE"}, {"name": "d", "type": "DATE"}]
    same = json.dumps([*spelled, {"name": "n", "type": "INTEGER", "policyTags": {"names": []}}])
    assert engine.diff("t", {**inputs, "schema": same}).details == {}
    wider = {**inputs, "schema": columns("finding", "more", d="DATE", n="INT64")}
    assert engine.diff("t", wider).details == {"schema": "update"}
    assert engine.up("t", TABLE, wider) == "update"
    settled(engine, "t", wider)
    other = engine.diff("t", {**inputs, "schema": columns("finding", "more", d="DATE", n="STRING")})
    assert other.replaces == ["schema"]
    assert other.delete_first
    by_hour = engine.diff("t", {**wider, "timePartitioning": {"type": "HOUR", "field": "d"}})
    assert by_hour.details == {"timePartitioning.type": "update_replace"}
    imported = engine.import_("i", TABLE, engine.state["t"].id)
    assert imported is not None
    assert engine.diff("i", {key: value for key, value in wider.items() if key != "deletionProtection"}).details == {
        "deletionProtection": "add"
    }
    engine.delete("t")
    engine.delete("d")


def test_a_column_is_dropped(engine: Engine, dataset: str) -> None:
    inputs = {"datasetId": dataset, "tableId": "t", "schema": columns("a", "b"), "deletionProtection": False}
    engine.up("t", TABLE, inputs)
    assert engine.up("t", TABLE, {**inputs, "schema": columns("a")}) == "update"
    settled(engine, "t", {**inputs, "schema": columns("a")})
    engine.delete("d")


def test_view(engine: Engine, emulator: RunningEmulator, dataset: str) -> None:
    engine.up("t", TABLE, {"datasetId": dataset, "tableId": "t", "schema": columns("a"), "deletionProtection": False})
    query = f"SELECT a FROM `{emulator.project}.{dataset}.t`"
    view = {"query": query, "useLegacySql": False}
    inputs: dict[str, Any] = {"datasetId": dataset, "tableId": "v", "view": view, "deletionProtection": False}
    engine.up("v", TABLE, inputs)
    settled(engine, "v", inputs)
    assert engine.up("v", TABLE, {**inputs, "view": {**view, "query": f"{query} WHERE a = 'x'"}}) == "update"
    engine.delete("d")


def test_a_protected_table_is_not_deleted(engine: Engine, dataset: str) -> None:
    inputs = {"datasetId": dataset, "tableId": "t", "schema": columns("a")}
    engine.up("t", TABLE, inputs)
    with pytest.raises(grpc.RpcError) as refused:
        engine.delete("t")
    assert refused.value.details().startswith(f"{TABLE} t was not deleted: its deletionProtection is on")
    assert engine.up("t", TABLE, {**inputs, "deletionProtection": False}) == "update"
    engine.delete("t")
    engine.delete("d")


def test_columns_must_be_columns(engine: Engine, dataset: str) -> None:
    with pytest.raises(RefusedError, match="a JSON list of columns is wanted"):
        engine.check("t", TABLE, {"datasetId": dataset, "tableId": "t", "schema": '{"a": 1}'})
    engine.delete("d")
