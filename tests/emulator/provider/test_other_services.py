"""Service accounts, APIs, keys, sinks, alerts, jobs, audit configurations and the functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from emulator.provider.values import UNKNOWN, Values
from tests.emulator.provider.engine import Engine
from tests.emulator.provider.test_healthcare import settled
from tests.support.emulator import RunningEmulator

Unique = Callable[[str], str]
ACCOUNT = "gcp:serviceaccount/account:Account"
CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"


def test_a_service_accounts_address_is_known_before_it_exists(
    engine: Engine, emulator: RunningEmulator, unique: Unique
) -> None:
    inputs = {"accountId": unique("hc-loader"), "displayName": "Loader 1"}
    email = f"{inputs['accountId']}@{emulator.project}.iam.gserviceaccount.com"
    planned = engine.preview("a", ACCOUNT, inputs)
    assert planned["email"] == email
    assert planned["member"] == f"serviceAccount:{email}"
    assert planned["uniqueId"] is UNKNOWN
    engine.up("a", ACCOUNT, inputs)
    assert engine.state["a"].id == f"projects/{emulator.project}/serviceAccounts/{email}"
    settled(engine, "a", inputs)
    assert engine.up("a", ACCOUNT, {**inputs, "displayName": "Loader 2", "disabled": True}) == "update"
    _, live = emulator.request("GET", f"/v1/{engine.state['a'].id}")
    assert (live["displayName"], live["disabled"]) == ("Loader 2", True)
    assert engine.up("a", ACCOUNT, inputs) == "update"
    imported = engine.import_("i", ACCOUNT, engine.state["a"].id)
    assert imported is not None
    assert engine.diff("i", inputs).details == {}
    assert not engine.diff("a", {**inputs, "accountId": "another-one"}).delete_first
    engine.delete("a")


def test_apis_are_enabled_once_and_left_enabled(engine: Engine, emulator: RunningEmulator) -> None:
    token = "gcp:projects/service:Service"
    inputs = {"service": "healthcare.googleapis.com"}
    assert engine.up("s", token, inputs) == "create"
    assert engine.state["s"].id == f"{emulator.project}/healthcare.googleapis.com"
    settled(engine, "s", inputs)
    engine.delete("s")
    assert engine.up("s", token, inputs) == "create"
    assert engine.up("s", token, {**inputs, "disableOnDestroy": True}) == "update"


def test_the_healthcare_agent(engine: Engine, emulator: RunningEmulator) -> None:
    token = "gcp:projects/serviceIdentity:ServiceIdentity"
    inputs = {"service": "healthcare.googleapis.com"}
    assert engine.preview("i", token, inputs)["email"] is UNKNOWN
    engine.up("i", token, inputs)
    number = engine.invoke("gcp:organizations/getProject:getProject")["number"]
    agent = f"service-{number}@gcp-sa-healthcare.iam.gserviceaccount.com"
    assert engine.state["i"].outputs["email"] == agent
    assert engine.state["i"].outputs["member"] == f"serviceAccount:{agent}"
    assert engine.state["i"].outputs["project"] == emulator.project
    settled(engine, "i", inputs)
    engine.delete("i")


def test_keys_are_never_deleted_but_their_versions_destroyed(
    engine: Engine, emulator: RunningEmulator, unique: Unique
) -> None:
    ring = {"name": unique("ring"), "location": "us-central1"}
    engine.up("r", "gcp:kms/keyRing:KeyRing", ring)
    settled(engine, "r", ring)
    token = "gcp:kms/cryptoKey:CryptoKey"
    inputs = {"name": "k", "keyRing": engine.state["r"].id, "rotationPeriod": "7776000s", "labels": {"a": "1"}}
    engine.up("k", token, inputs)
    settled(engine, "k", inputs)
    path = f"/v1/{engine.state['k'].id}"
    assert emulator.request("GET", path)[1]["nextRotationTime"]
    assert engine.up("k", token, {**inputs, "labels": {"a": "2"}}) == "update"
    assert engine.up("k", token, {**inputs, "rotationPeriod": "8640000s"}) == "update"
    assert engine.diff("k", {**inputs, "purpose": "ASYMMETRIC_SIGN"}).replaces == ["purpose"]
    engine.delete("k")
    _, versions = emulator.request("GET", f"{path}/cryptoKeyVersions")
    assert {version["state"] for version in versions["cryptoKeyVersions"]} <= {"DESTROYED", "DESTROY_SCHEDULED"}
    engine.delete("r")
    assert emulator.request("GET", path)[0] == 200


def test_a_sink_that_is_there_is_adopted(engine: Engine, emulator: RunningEmulator, unique: Unique) -> None:
    token = "gcp:logging/projectSink:ProjectSink"
    inputs = {
        "name": unique("sink"),
        "destination": "storage.googleapis.com/some-bucket",
        "filter": 'protoPayload.serviceName="healthcare.googleapis.com"',
    }
    engine.up("s", token, inputs)
    assert engine.state["s"].outputs["writerIdentity"].startswith("serviceAccount:")
    settled(engine, "s", inputs)
    del engine.state["s"]
    engine.up("s", token, {**inputs, "description": "again"})
    assert emulator.request("GET", f"/v2/{engine.state['s'].id}")[1]["description"] == "again"
    assert engine.up("s", token, inputs) == "update"
    engine.delete("s")


def test_alerts(engine: Engine) -> None:
    channel = {"displayName": "security", "type": "email", "labels": {"email_address": "s@example.com"}}
    engine.up("c", CHANNEL, channel)
    assert engine.state["c"].id == engine.state["c"].outputs["name"]
    settled(engine, "c", channel)
    token = "gcp:monitoring/alertPolicy:AlertPolicy"
    policy: dict[str, Any] = {
        "displayName": "IAM change",
        "combiner": "OR",
        "conditions": [{"displayName": "c", "conditionMatchedLog": {"filter": 'protoPayload.methodName:"Set"'}}],
        "alertStrategy": {"notificationRateLimit": {"period": "300s"}},
        "notificationChannels": [engine.state["c"].id],
    }
    engine.up("p", token, policy)
    settled(engine, "p", policy)
    assert engine.diff("p", {**policy, "conditions": [*policy["conditions"], policy["conditions"][0]]}).details == {
        "conditions[1]": "add"
    }
    assert engine.up("p", token, {**policy, "displayName": "IAM", "enabled": False}) == "update"
    imported = engine.import_("i", token, engine.state["p"].id)
    assert imported is not None
    assert engine.diff("i", {**policy, "displayName": "IAM", "enabled": False}).details == {}
    engine.delete("p")
    engine.delete("c")


def test_a_secret_input_gives_a_secret_output(engine: Engine) -> None:
    inputs = Values(
        {"type": "slack", "labels": {"channel_name": "#a"}, "sensitiveLabels": {"authToken": "hidden"}},
        secrets=["sensitiveLabels"],
    )
    assert engine.preview("c", CHANNEL, inputs).secrets == {"sensitiveLabels"}
    engine.up("c", CHANNEL, inputs)
    assert engine.state["c"].inputs.secrets == {"sensitiveLabels"}
    assert engine.state["c"].outputs.secrets == {"sensitiveLabels"}
    assert "auth_token" not in engine.state["c"].outputs.get("labels", {})
    settled(engine, "c", inputs)
    assert engine.state["c"].outputs.secrets == {"sensitiveLabels"}, "after a refresh as well"
    engine.delete("c")


def test_jobs_are_paused_and_resumed(engine: Engine, emulator: RunningEmulator, unique: Unique) -> None:
    topic = f"projects/{emulator.project}/topics/{unique('topic')}"
    emulator.request("PUT", f"/v1/{topic}", {})
    token = "gcp:cloudscheduler/job:Job"
    inputs = {
        "name": unique("nightly"),
        "region": "us-central1",
        "schedule": "0 2 * * *",
        "pubsubTarget": {"topicName": topic, "data": "eA=="},
    }
    engine.up("j", token, inputs)
    assert engine.state["j"].outputs["state"] == "ENABLED"
    assert engine.state["j"].outputs["timeZone"] == "Etc/UTC"
    settled(engine, "j", inputs)
    assert engine.up("j", token, {**inputs, "paused": True}) == "update"
    assert engine.state["j"].outputs["state"] == "PAUSED"
    settled(engine, "j", {**inputs, "paused": True})
    assert engine.up("j", token, {**inputs, "schedule": "0 3 * * *"}) == "update"
    engine.delete("j")


def test_an_audit_configuration_is_that_of_its_service(engine: Engine, emulator: RunningEmulator) -> None:
    token = "gcp:projects/iAMAuditConfig:IAMAuditConfig"
    logs = [{"logType": "DATA_WRITE"}, {"logType": "DATA_READ", "exemptedMembers": ["user:a@example.com"]}]
    inputs = {"project": emulator.project, "service": "healthcare.googleapis.com", "auditLogConfigs": logs}
    engine.up("a", token, inputs)
    settled(engine, "a", inputs)
    assert engine.diff("a", {**inputs, "auditLogConfigs": logs[::-1]}).details == {}
    assert engine.up("a", token, {**inputs, "auditLogConfigs": logs[:1]}) == "update"
    _, policy = emulator.request("POST", f"/v1/projects/{emulator.project}:getIamPolicy", {})
    assert policy["auditConfigs"] == [{"service": "healthcare.googleapis.com", "auditLogConfigs": logs[:1]}]
    engine.delete("a")
    _, policy = emulator.request("POST", f"/v1/projects/{emulator.project}:getIamPolicy", {})
    assert "auditConfigs" not in policy


def test_functions(engine: Engine, emulator: RunningEmulator) -> None:
    project = engine.invoke("gcp:organizations/getProject:getProject", projectId=emulator.project)
    assert project["projectId"] == emulator.project
    assert project["number"].isdigit()
    assert engine.invoke("gcp:organizations/getProject:getProject", projectId=UNKNOWN) == {}
    config = engine.invoke("gcp:organizations/getClientConfig:getClientConfig")
    assert config["accessToken"] == emulator.owner_token
    assert config.secrets == {"accessToken"}
    account = engine.invoke("gcp:storage/getProjectServiceAccount:getProjectServiceAccount")
    assert account["emailAddress"] == f"service-{project['number']}@gs-project-accounts.iam.gserviceaccount.com"
    with pytest.raises(grpc.RpcError) as refused:
        engine.invoke("gcp:organizations/getProject:getProject", projectId="no-such-project")
    assert refused.value.details().startswith("gcp:organizations/getProject:getProject: ")
    with pytest.raises(grpc.RpcError, match="does not have the function gcp:compute/getZones:getZones"):
        engine.invoke("gcp:compute/getZones:getZones")


def test_a_cloud_run_job(engine: Engine, emulator: RunningEmulator, unique: Unique) -> None:
    token = "gcp:cloudrunv2/job:Job"
    container = {"image": "us-docker.pkg.dev/p/r/i:1", "args": ["load"], "envs": [{"name": "A", "value": "1"}]}
    inputs = {
        "name": unique("job"),
        "location": "us-central1",
        "deletionProtection": False,
        "labels": {"a": "1"},
        "template": {"template": {"containers": [container], "maxRetries": 1}},
    }
    assert engine.up("j", token, inputs) == "create"
    settled(engine, "j", inputs)
    path = f"/v2/{engine.state['j'].id}"
    live = emulator.request("GET", path)[1]
    assert live["template"]["template"]["containers"][0]["env"] == [{"name": "A", "value": "1"}]
    assert engine.state["j"].outputs["terminalConditions"][0]["type"] == "Ready"
    changed = {**inputs, "template": {"taskCount": 3, "template": {"containers": [container], "maxRetries": 0}}}
    assert engine.up("j", token, changed) == "update"
    settled(engine, "j", changed)
    live = emulator.request("GET", path)[1]
    assert (live["template"]["taskCount"], live["template"]["template"]["maxRetries"]) == (3, 0)
    imported = engine.import_("i", token, engine.state["j"].id)
    assert imported is not None
    assert engine.up("j", token, {**changed, "deletionProtection": True}) == "update"
    with pytest.raises(grpc.RpcError, match="deletionProtection"):
        engine.delete("j")
    engine.up("j", token, changed)
    engine.delete("j")
    assert emulator.request("GET", path)[0] == 404


def test_a_composer_environment(engine: Engine, emulator: RunningEmulator, unique: Unique) -> None:
    token = "gcp:composer/environment:Environment"
    software = {"imageVersion": "composer-3-airflow-2.11.1-build.13", "envVariables": {"A": "1"}}
    config = {"softwareConfig": software, "environmentSize": "ENVIRONMENT_SIZE_SMALL", "enablePrivateEnvironment": True}
    inputs = {"name": unique("airflow"), "region": "us-central1", "labels": {"a": "1"}, "config": config}
    assert engine.up("e", token, inputs) == "create"
    settled(engine, "e", inputs)
    path = f"/v1/{engine.state['e'].id}"
    live = emulator.request("GET", path)[1]
    assert live["config"]["privateEnvironmentConfig"] == {"enablePrivateEnvironment": True}
    assert engine.state["e"].outputs["config"]["dagGcsPrefix"] == live["config"]["dagGcsPrefix"]
    software = {**software, "envVariables": {"A": "2"}, "pypiPackages": {"pydicom": ""}}
    changed = {**inputs, "labels": {"a": "2"}, "config": {**config, "softwareConfig": software}}
    assert engine.up("e", token, changed) == "update"
    settled(engine, "e", changed)
    live = emulator.request("GET", path)[1]
    assert (live["config"]["softwareConfig"]["envVariables"], live["labels"]["a"]) == ({"A": "2"}, "2")
    engine.delete("e")
    assert emulator.request("GET", path)[0] == 404
