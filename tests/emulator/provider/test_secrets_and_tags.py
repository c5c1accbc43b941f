"""Secrets, pools of identities, tags, metrics, uptime checks, dashboards: made, read without a difference, deleted."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.provider.engine import Engine
from tests.emulator.provider.test_healthcare import settled
from tests.support.emulator import RunningEmulator

Unique = Callable[[str], str]
SECRET = "gcp:secretmanager/secret:Secret"
VERSION = "gcp:secretmanager/secretVersion:SecretVersion"


def test_a_secret_with_a_version_and_a_reader(engine: Engine, emulator: RunningEmulator, unique: Unique) -> None:
    inputs: dict[str, Any] = {"secretId": unique("secret"), "replication": {"auto": {}}, "labels": {"team": "imaging"}}
    assert engine.up("s", SECRET, inputs) == "create"
    secret = engine.state["s"].id
    assert secret == f"projects/{emulator.project}/secrets/{inputs['secretId']}"
    settled(engine, "s", inputs)
    assert engine.up("s", SECRET, {**inputs, "annotations": {"a": "1"}}) == "update"
    version = {"secret": secret, "secretData": "one"}
    engine.up("v", VERSION, version)
    settled(engine, "v", version)
    path = f"/v1/{engine.state['v'].id}"
    assert emulator.request("GET", f"{path}:access")[1]["payload"]["data"] == "b25l"
    assert engine.up("v", VERSION, {**version, "enabled": False}) == "update"
    assert emulator.request("GET", path)[1]["state"] == "DISABLED"
    member = {"secretId": secret, "role": "roles/secretmanager.secretAccessor", "member": "user:a@example.com"}
    engine.up("m", "gcp:secretmanager/secretIamMember:SecretIamMember", member)
    settled(engine, "m", member)
    for name in ("m", "v", "s"):
        engine.delete(name)
    assert emulator.request("GET", f"/v1/{secret}")[0] == 404


def test_a_secret_that_expires_shows_no_difference(engine: Engine, unique: Unique) -> None:
    replicas = [{"location": "us-central1"}, {"location": "us-east1"}]
    inputs = {"secretId": unique("short"), "replication": {"userManaged": {"replicas": replicas}}, "ttl": "3600s"}
    engine.up("s", SECRET, inputs)
    settled(engine, "s", inputs)
    assert engine.state["s"].outputs["expireTime"]
    engine.delete("s")


def test_a_pool_with_a_provider(engine: Engine, emulator: RunningEmulator, unique: Unique) -> None:
    pool = {"workloadIdentityPoolId": unique("stack-pool"), "displayName": "Builds"}
    token = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool"
    engine.up("p", token, pool)
    settled(engine, "p", pool)
    assert engine.up("p", token, {**pool, "disabled": True}) == "update"
    provider = {
        "workloadIdentityPoolId": pool["workloadIdentityPoolId"],
        "workloadIdentityPoolProviderId": "github",
        "attributeMapping": {"google.subject": "assertion.sub"},
        "attributeCondition": "assertion.repository_owner == 'org'",
        "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"},
    }
    engine.up("g", "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider", provider)
    settled(engine, "g", provider)
    for name in ("g", "p"):
        path = f"/v1/{engine.state[name].id}"
        engine.delete(name)
        assert emulator.request("GET", path)[1]["state"] == "DELETED"


def test_a_key_with_a_value_that_is_bound(engine: Engine, emulator: RunningEmulator, unique: Unique) -> None:
    key = {"parent": f"projects/{emulator.project}", "shortName": unique("stage"), "description": "Where"}
    engine.up("k", "gcp:tags/tagKey:TagKey", key)
    settled(engine, "k", key)
    assert engine.up("k", "gcp:tags/tagKey:TagKey", {**key, "description": "Which"}) == "update"
    value = {"parent": engine.state["k"].id, "shortName": "prod"}
    engine.up("v", "gcp:tags/tagValue:TagValue", value)
    settled(engine, "v", value)
    number = engine.invoke("gcp:organizations/getProject:getProject")["number"]
    parent = f"//pubsub.googleapis.com/projects/{number}/topics/{unique('tagged')}"
    binding = {"parent": parent, "tagValue": engine.state["v"].id}
    engine.up("b", "gcp:tags/tagBinding:TagBinding", binding)
    settled(engine, "b", binding)
    for name in ("b", "v", "k"):
        engine.delete(name)
    assert emulator.request("GET", f"/v3/{value['parent']}")[0] == 403


METRIC = {
    "filter": "severity>=ERROR",
    "metricDescriptor": {"metricKind": "DELTA", "valueType": "INT64", "labels": [{"key": "who"}]},
    "labelExtractors": {"who": "EXTRACT(jsonPayload.who)"},
}
UPTIME = {
    "displayName": "Viewer",
    "timeout": "10s",
    "httpCheck": {"path": "/health", "port": 443, "useSsl": True},
    "monitoredResource": {"type": "uptime_url", "labels": {"host": "viewer.example.org", "project_id": "test-project"}},
}


def test_a_view_of_a_log_bucket(engine: Engine, emulator: RunningEmulator, unique: Unique) -> None:
    bucket = f"projects/{emulator.project}/locations/global/buckets/_Default"
    inputs = {"name": unique("view"), "bucket": bucket, "filter": 'resource.type="global"'}
    engine.up("v", "gcp:logging/logView:LogView", inputs)
    assert engine.state["v"].id == f"{bucket}/views/{inputs['name']}"
    settled(engine, "v", inputs)
    changed = {**inputs, "description": "What is global"}
    assert engine.up("v", "gcp:logging/logView:LogView", changed) == "update"
    settled(engine, "v", changed)
    engine.delete("v")


@pytest.mark.parametrize(
    ("token", "inputs", "change"),
    [
        ("gcp:logging/metric:Metric", METRIC, {"filter": "severity>=WARNING"}),
        ("gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig", UPTIME, {"period": "60s"}),
        (
            "gcp:monitoring/dashboard:Dashboard",
            {"dashboardJson": json.dumps({"displayName": "Imports", "gridLayout": {"columns": "2"}})},
            {"dashboardJson": json.dumps({"displayName": "Exports", "gridLayout": {"columns": "2"}})},
        ),
    ],
)
def test_what_watches_a_stack(
    engine: Engine, unique: Unique, token: str, inputs: dict[str, Any], change: dict[str, Any]
) -> None:
    named = {**inputs, "name": unique("errors")} if "logging" in token else inputs
    assert engine.up("r", token, named) == "create"
    settled(engine, "r", named)
    assert engine.up("r", token, {**named, **change}) == "update"
    settled(engine, "r", {**named, **change})
    engine.delete("r")
