"""`preflight` before and after `pulumi up`, against the emulator, and against a Google that refuses."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.outputs import Outputs
from infra.settings import CUSTOM_ENDPOINTS, NAMESPACE
from scripts.checks import Result, State, run_checks
from scripts.connection import connect_to
from scripts.preflight import after, before, perimeter, planned
from scripts.preflight.needs import needs
from tests.infra.graph import NUMBER, declare, settings
from tests.infra.test_environment import grants
from tests.people.conftest import EVERYTHING
from tests.scripts.conftest import Live, Run
from tests.scripts.fake_google import FakeGoogle

PROJECT = "some-project"
SCHEDULED = {"schedule": "cloud-run", "scheduleImage": "us-docker.pkg.dev/some-project/images/commands"}
WriteConfiguration = Callable[..., Path]


@pytest.fixture
def configuration(tmp_path: Path) -> WriteConfiguration:
    """Writes the configuration of a stack at a root URL, as `pulumi config --json` prints it."""

    def write(root: str, project: str = PROJECT, **keys: str) -> Path:
        endpoints = {f"gcp:{each.key}": f"{root}/{each.path}" for each in CUSTOM_ENDPOINTS}
        own = {f"{NAMESPACE}:{key}": value for key, value in keys.items()}
        grpc = {f"{NAMESPACE}:pubsubGrpcEndpoint": "127.0.0.1:1"}
        values = {"gcp:project": project, **endpoints, **grpc, **own}
        path = tmp_path / "configuration.json"
        path.write_text(json.dumps({key: {"value": value, "secret": False} for key, value in values.items()}))
        return path

    return write


@pytest.fixture
def own(own_live: Live, monkeypatch: pytest.MonkeyPatch) -> Live:
    """An environment for this module, beside which each test plans another one of a name of its own."""
    for name, value in own_live.variables.items():
        monkeypatch.setenv(name, value)
    return own_live


def checked(run: Run, *arguments: object) -> tuple[int, dict[str, dict[str, str]]]:
    shown = run("preflight", "--json", *arguments)
    assert shown.out, shown.err
    return shown.code, {each["check"]: each for each in json.loads(shown.out)["checks"]}


def test_nothing_stands_in_the_way_of_an_empty_project(run: Run, live: Live, configuration: WriteConfiguration) -> None:
    path = configuration(live.emulator.base_url, live.outputs.project, environment="new", auditLogs="true")
    code, found = checked(run, "--before", "--stack", "new", "--configuration", path)
    open_questions = {name: each for name, each in found.items() if each["state"] != "ok"}
    # The emulator's account is an owner, and so the two APIs that everything needs are there.
    assert open_questions == {}
    assert code == 0
    assert found[f"bucket {live.outputs.project}-new-audit"]["detail"] == "the name is free"


def test_a_dataset_that_is_there_is_a_question(run: Run, own: Live, configuration: WriteConfiguration) -> None:
    parent = f"projects/{own.outputs.project}/locations/us-central1"
    own.emulator.request("POST", f"/v1/{parent}/datasets?datasetId=imaging-asked", {})
    path = configuration(own.emulator.base_url, own.outputs.project, environment="asked")
    code, found = checked(run, "--before", "--stack", "asked", "--configuration", path)
    assert (code, found["healthcare dataset"]["state"]) == (3, "unknown")
    assert "take it over with `pulumi import`" in found["healthcare dataset"]["detail"]


def test_what_the_stack_is_to_use_has_to_be_there(run: Run, own: Live, configuration: WriteConfiguration) -> None:
    dataset = own.outputs.dataset_name.rpartition("/")[2]
    keys = {"useDataset": dataset, "useLandingBucket": own.outputs.landing_bucket, "useExportBucket": "nobody-s"}
    path = configuration(own.emulator.base_url, own.outputs.project, environment="using", **keys)
    code, found = checked(run, "--before", "--stack", "using", "--configuration", path)
    used = "is there, and stays as it is but for the stack's grants"
    assert found["healthcare dataset"]["detail"] == found[f"bucket {own.outputs.landing_bucket}"]["detail"] == used
    assert (code, found["bucket nobody-s"]["state"]) == (1, "failed")


def test_a_key_ring_that_is_there_is_a_question_unless_its_keys_are_this_environment_s(
    run: Run, own: Live, configuration: WriteConfiguration
) -> None:
    rings = f"projects/{own.outputs.project}/locations/us-central1/keyRings"
    path = configuration(own.emulator.base_url, own.outputs.project, environment="ringed", keyRing="imaging")

    def said() -> str:
        return checked(run, "--before", "--stack", "ringed", "--configuration", path)[1]["key ring"]["detail"]

    assert said() == "the name is free"
    own.emulator.request("POST", f"/v1/{rings}?keyRingId=imaging", {})
    assert "set healthcare-cloud-poc:keyRing to another name" in said()
    labels = {"application": "healthcare-cloud-poc", "environment": "ringed", "managed-by": "pulumi"}
    body = {"purpose": "ENCRYPT_DECRYPT", "labels": labels}
    own.emulator.request("POST", f"/v1/{rings}/imaging/cryptoKeys?cryptoKeyId=objects", body)
    assert said() == "is there already, with the labels of this environment"


def test_what_is_refused_before_up_comes_with_its_remedy(
    run: Run, google: FakeGoogle, configuration: WriteConfiguration
) -> None:
    project = {"projectId": PROJECT, "projectNumber": "1", "lifecycleState": "ACTIVE"}
    google.answers("GET", f"/v1/projects/{PROJECT}", project)
    google.answers("GET", f"/v1/projects/{PROJECT}/billingInfo", {"billingEnabled": False})
    for api in ("cloudresourcemanager", "serviceusage"):
        google.answers("GET", f"/v1/projects/{PROJECT}/services/{api}.googleapis.com", {"state": "DISABLED"})
    google.answers("POST", f"/v1/projects/{PROJECT}:testIamPermissions", {"permissions": ["pubsub.topics.create"]})
    google.refuses("GET", f"/storage/v1/b/{PROJECT}-new-landing", 403, "does not have storage.buckets.get access")
    path = configuration(google.root, environment="new")
    code, found = checked(run, "--before", "--stack", "new", "--configuration", path)
    assert code == 1
    says = {
        "billing": f"gcloud billing projects link {PROJECT} --billing-account",
        "API serviceusage.googleapis.com": "gcloud services enable serviceusage.googleapis.com",
        "permissions of roles/pubsub.admin": f"{PROJECT} --member=MEMBER --role=roles/pubsub.admin",
        f"bucket {PROJECT}-new-landing": "The name is taken by a bucket that this account may not see",
    }
    for name, part in says.items():
        assert found[name]["state"] == "failed"
        assert part in found[name]["detail"]
    assert "pubsub.topics.create," not in found["permissions of roles/pubsub.admin"]["detail"]


def test_a_wrong_configuration_is_told_before_anything_is_asked(
    run: Run, google: FakeGoogle, configuration: WriteConfiguration
) -> None:
    path = configuration(google.root, environment="new", softDeleteDays="3")
    ended = run("preflight", "--before", "--stack", "new", "--configuration", path)
    assert ended.code == 1
    assert "healthcare-cloud-poc:softDeleteDays" in ended.err
    assert google.calls == []


def test_a_configuration_says_nothing_of_what_is_there(run: Run, live: Live, tmp_path: Path) -> None:
    ended = run("preflight", "--outputs", live.path, "--configuration", tmp_path / "any.json")
    assert (ended.code, "give --before with it" in ended.err) == (2, True)


@pytest.mark.parametrize(
    ("constraint", "rule", "state", "says"),
    [
        ("iam.disableServiceAccountCreation", {"enforce": True}, "failed", "ask for an exception"),
        ("iam.disableServiceAccountCreation", {}, "ok", "not enforced"),
        ("gcp.restrictServiceUsage", {"values": {"deniedValues": ["pubsub.googleapis.com"]}}, "failed", "pubsub"),
        ("gcp.restrictServiceUsage", {"values": {"allowedValues": ["is:storage.googleapis.com"]}}, "failed", "pubsub"),
        ("gcp.restrictNonCmekServices", {"values": {"deniedValues": ["healthcare.googleapis.com"]}}, "failed", "Key"),
        ("gcp.resourceLocations", {"values": {"allowedValues": ["in:eu-locations"]}}, "unknown", "in:eu-locations"),
        ("gcp.resourceLocations", {}, "ok", "no restriction"),
        ("iam.managed.disableServiceAccountCreation", {"enforce": True}, "failed", "ask for an exception"),
        ("iam.managed.allowedPolicyMembers", {"enforce": True}, "unknown", "the members in loaders"),
        ("storage.retentionPolicySeconds", {"values": {"allowedValues": ["86400"]}}, "failed", "kept 86400 seconds"),
        ("storage.softDeletePolicySeconds", {"values": {"allowedValues": ["1209600"]}}, "failed", "14 days of soft"),
        ("storage.softDeletePolicySeconds", {"values": {"allowedValues": ["604800"]}}, "ok", "allows 7 days"),
        ("gcp.restrictCmekCryptoKeyProjects", {"values": {"allowedValues": ["projects/k"]}}, "unknown", "projects/k"),
        ("run.allowedVPCEgress", {"values": {"allowedValues": ["all-traffic"]}}, "unknown", "a network of its own"),
        ("iam.allowedPolicyMemberDomains", {"denyAll": True}, "unknown", "nothing at all"),
    ],
)
def test_policies_of_the_organization_are_told(
    monkeypatch: pytest.MonkeyPatch, constraint: str, rule: dict[str, Any], state: str, says: str
) -> None:
    asks = {"gcp.restrictCmekCryptoKeyProjects": {"keyRing": "r"}, "run.allowedVPCEgress": SCHEDULED}
    chosen = settings(**asks.get(constraint, {}))
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "a-token")
    with connect_to(planned.outputs(chosen)) as target:
        monkeypatch.setattr(target, "execute", lambda _: {"spec": {"rules": [rule]}})
        (check,) = [each for each in before.checks(target, chosen) if each.name.endswith(f" {constraint}")]
        (result,) = run_checks(target, [check])
    assert (result.state, says in result.detail) == (State(state), True), result.detail


def limited(number: int, **dimensions: str) -> dict[str, Any]:
    """A metric of Service Usage with one limit."""
    buckets = [{"effectiveLimit": str(number), "dimensions": dimensions}, {"effectiveLimit": "1000"}]
    return {"metric": f"healthcare.googleapis.com/{number}", "consumerQuotaLimits": [{"quotaBuckets": buckets}]}


def named(number: int, word: str) -> list[dict[str, str]]:
    return [{"name": f"{word}-{each}", "email": f"{word}-{each}@p.iam.gserviceaccount.com"} for each in range(number)]


@pytest.mark.parametrize(
    ("quota", "answers", "state", "says"),
    [
        ("quota of service accounts", [{"accounts": named(97, "a")}, limited(100)], "ok", "97 of 100, and 3 to come"),
        (
            "quota of service accounts",
            [{"accounts": named(98, "a")}, limited(100)],
            "failed",
            "the stack adds 3: delete",
        ),
        ("quota of log sinks", [{"sinks": named(10, "s")}], "ok", "10 of 200, and 2 to come"),
        ("quota of log sinks", [{"sinks": named(200, "s")}], "unknown", "where Google has raised that limit"),
        ("quota of custom roles", [{"roles": named(299, "r")}], "ok", "299 of 300, and 1 to come"),
        ("quotas of the Healthcare API", [{"metrics": [limited(5)]}], "ok", "none is 0 in us-central1"),
        (
            "quotas of the Healthcare API",
            [{"metrics": [limited(0, region="us-central1")]}],
            "unknown",
            "healthcare.googleapis.com/0 is 0 in us-central1",
        ),
        ("quotas of the Healthcare API", [{"metrics": [limited(0, region="asia-south1")]}], "ok", "none is 0"),
        ("quota of processors", [{"quotas": [{"metric": "CPUS", "limit": 72, "usage": 8}]}], "ok", "64 of 72 free"),
        ("quota of processors", [{"quotas": [{"metric": "CPUS", "limit": 24, "usage": 8}]}], "unknown", "--workers 8`"),
    ],
)
def test_quotas_have_to_hold_what_the_stack_adds(
    monkeypatch: pytest.MonkeyPatch, quota: str, answers: list[dict[str, Any]], state: str, says: str
) -> None:
    chosen = settings(auditLogs="true", dataflow="true", auditors='["group:audit@example.org"]')
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "a-token")
    told = iter(answers)
    with connect_to(planned.outputs(chosen)) as target:
        monkeypatch.setattr(target, "execute", lambda _: next(told))
        (check,) = [each for each in before.checks(target, chosen) if each.name == quota]
        (result,) = run_checks(target, [check])
    assert (result.state, says in result.detail) == (State(state), True), result.detail


@pytest.mark.parametrize("has", [True, False])
def test_the_roles_that_google_gives_its_agents_are_looked_at(monkeypatch: pytest.MonkeyPatch, has: bool) -> None:
    outputs = Outputs.from_mapping(declare(settings(**SCHEDULED)).outputs)
    agent = f"serviceAccount:service-{NUMBER}@gcp-sa-cloudscheduler.iam.gserviceaccount.com"
    bindings = [{"role": "roles/cloudscheduler.serviceAgent", "members": [agent]}] if has else []
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "a-token")
    with connect_to(outputs) as target:
        monkeypatch.setattr(target, "execute", lambda _: {"bindings": bindings})
        (check,) = [each for each in after.checks(target) if each.name.startswith("Cloud Scheduler's agent has")]
        (result,) = run_checks(target, [check])
    remedy = f"add-iam-policy-binding {PROJECT} --member={agent} --role=roles/cloudscheduler.serviceAgent"
    assert (result.state, remedy in result.detail) == ((State.OK, False) if has else (State.FAILED, True))


PERIMETER = "accessPolicies/1/servicePerimeters/imaging"
IN_FORCE = {
    "resources": ["projects/7"],
    "restrictedServices": [f"{each}.googleapis.com" for each in perimeter.SERVICES],
}


@pytest.mark.parametrize(
    ("found", "keys", "state", "says"),
    [
        ({"status": IN_FORCE}, {}, "ok", "holds projects/7"),
        (
            {"status": IN_FORCE},
            {"keyRing": "r"},
            "failed",
            "update imaging --policy=1 --add-restricted-services=cloudkms",
        ),
        (
            {"status": {**IN_FORCE, "resources": []}},
            {},
            "failed",
            "update imaging --policy=1 --add-resources=projects/7",
        ),
        ({"spec": IN_FORCE, "useExplicitDryRunSpec": True}, {}, "unknown", "in dry-run mode only"),
    ],
)
def test_a_perimeter_has_to_hold_the_project(
    monkeypatch: pytest.MonkeyPatch, found: dict[str, Any], keys: dict[str, str], state: str, says: str
) -> None:
    chosen = settings(servicePerimeter=PERIMETER, **keys)
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "a-token")
    answers = iter(({"projectNumber": "7"}, found))
    with connect_to(planned.outputs(chosen)) as target:
        monkeypatch.setattr(target, "execute", lambda _: next(answers))
        (result,) = run_checks(target, list(perimeter.checks(target, chosen)))
    assert (result.state, says in result.detail) == (State(state), True), result.detail


@pytest.mark.parametrize(
    ("found", "state", "says"),
    [
        (["199.36.153.4", "2600:2d00:2:1000::"], "ok", "5 APIs at 199.36.153.4/30"),
        (["142.250.74.106"], "failed", "healthcare.googleapis.com, logging.googleapis.com"),
        (["199.36.153.5", "2a00:1450:4001::5f"], "failed", "does not lead to restricted.googleapis.com"),
        ([], "failed", "does not lead to restricted.googleapis.com"),
    ],
)
def test_a_private_way_leads_to_the_restricted_addresses_alone(
    monkeypatch: pytest.MonkeyPatch, found: list[str], state: str, says: str
) -> None:
    chosen = settings(privateAccess="true")
    monkeypatch.setattr("scripts.preflight.perimeter._addresses", lambda _: set(found))
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "a-token")
    with connect_to(planned.outputs(chosen)) as target:
        (result,) = run_checks(target, list(perimeter.checks(target, chosen)))
    assert (result.state, says in result.detail) == (State(state), True), result.detail


KINDS = [{"logType": each} for each in ("ADMIN_READ", "DATA_READ", "DATA_WRITE")]


@pytest.mark.parametrize(
    ("logs", "state", "says"),
    [
        (KINDS, "ok", "ADMIN_READ, DATA_READ, DATA_WRITE"),
        (KINDS[:2], "failed", "DATA_WRITE of healthcare.googleapis.com are not logged in projects/some-project: run"),
        (
            [*KINDS, {"logType": "DATA_READ", "exemptedMembers": ["user:eve@example.org"]}],
            "failed",
            "What user:eve@example.org reads and writes is not logged",
        ),
    ],
)
def test_every_kind_of_access_has_to_be_logged_of_everybody(
    google: FakeGoogle, outputs_file: Path, logs: list[dict[str, Any]], state: str, says: str
) -> None:
    outputs = dataclasses.replace(Outputs.from_file(outputs_file), audit_bucket="kept", audit_tables="kept")
    policy = {"auditConfigs": [{"service": "healthcare.googleapis.com", "auditLogConfigs": logs}]}
    google.answers("POST", f"/v1/projects/{outputs.project}:getIamPolicy", policy)
    with connect_to(outputs) as target:
        (check,) = [each for each in after.checks(target) if each.name == "kinds of access that are logged"]
        (result,) = run_checks(target, [check])
    assert (result.state, says in result.detail) == (State(state), True), result.detail


def test_a_dataset_with_another_key_than_is_asked_for_would_be_replaced(
    run: Run, own: Live, configuration: WriteConfiguration
) -> None:
    parent = f"projects/{own.outputs.project}/locations/us-central1"

    def said(**keys: str) -> dict[str, str]:
        path = configuration(own.emulator.base_url, own.outputs.project, environment="keyed", **keys)
        return checked(run, "--before", "--stack", "keyed", "--configuration", path)[1]["key of the healthcare dataset"]

    assert said()["detail"] == "will be Google's own keys"
    own.emulator.request("POST", f"/v1/{parent}/datasets?datasetId=imaging-keyed", {})
    assert (said()["state"], said()["detail"]) == ("ok", "Google's own keys")
    refused = said(keyRing="imaging")
    assert refused["state"] == "failed"
    assert "is encrypted with Google's own keys, and a dataset's key can't be changed" in refused["detail"]
    assert f"an empty one with {parent}/keyRings/imaging/cryptoKeys/healthcare in its place" in refused["detail"]


def test_the_names_before_are_those_after() -> None:
    people = {"auditors": '["group:audit@example.org"]', "operators": '["group:operations@example.org"]'}
    chosen = settings(auditLogs="true", dataflow="true", readerPrefix="released/", **people)
    made = Outputs.from_mapping(declare(chosen).outputs)
    assert dataclasses.replace(planned.outputs(chosen), project_number=made.project_number) == dataclasses.replace(
        made, healthcare_agent_email="", access={}
    )


def test_what_status_finds_and_every_other_grant_is_told_after_up(run: Run, live: Live) -> None:
    code, found = checked(run, "--outputs", live.path)
    assert code == 1
    assert found["DICOM store"]["state"] == "ok"
    lacking = found["reader may use healthcare.dicomStores.dicomWebRead on dicom"]["detail"]
    assert lacking.startswith(f"{live.outputs.reader_email} lacks healthcare.dicomStores.dicomWebRead on DICOM store ")
    assert "run `pulumi up --refresh`, which grants roles/healthcare.dicomViewer there" in lacking


def test_a_grant_that_is_there_is_found_and_one_that_is_removed_is_named(
    google: FakeGoogle, outputs_file: Path
) -> None:
    outputs = Outputs.from_file(outputs_file)
    subscription, reader = outputs.dicom_subscription, f"serviceAccount:{outputs.reader_email}"
    binding = {"role": "roles/pubsub.subscriber", "members": [reader]}
    google.answers("GET", f"/v1/{subscription}:getIamPolicy", {"bindings": [binding]})
    google.answers("GET", f"/v1/{subscription}:getIamPolicy", {})
    google.answers("POST", f"/v1/projects/{outputs.project}:getIamPolicy", {})
    role = {"includedPermissions": ["pubsub.subscriptions.consume"]}
    google.answers("GET", "/v1/roles/pubsub.subscriber", role)
    details: list[Result] = []
    for _ in range(2):
        with connect_to(outputs) as target:
            name = "reader may use pubsub.subscriptions.consume on dicom-watch"
            (check,) = [each for each in after.checks(target) if each.name == name]
            details += run_checks(target, [check])
    assert [each.state for each in details] == [State.OK, State.FAILED]
    assert "grants roles/pubsub.subscriber there" in details[1].detail


@pytest.mark.parametrize(
    ("policy", "protected", "state", "says"),
    [
        ({"retentionPeriod": "8640000", "isLocked": True}, True, "ok", "100 days, locked"),
        ({"retentionPeriod": "8640000"}, True, "ok", "100 days, which an administrator can shorten"),
        (None, True, "failed", "can be deleted: run `pulumi up --refresh`"),
        (None, False, "ok", "none, for the stack is not protected"),
    ],
)
def test_how_long_the_audit_log_is_kept_for_sure_is_told(
    google: FakeGoogle, outputs_file: Path, policy: dict[str, Any] | None, protected: bool, state: str, says: str
) -> None:
    outputs = dataclasses.replace(
        Outputs.from_file(outputs_file), audit_bucket="kept", audit_tables="kept", deletion_protection=protected
    )
    google.answers("GET", "/storage/v1/b/kept", {"name": "kept", "retentionPolicy": policy})
    with connect_to(outputs) as target:
        (check,) = [each for each in after.checks(target) if each.name == "retention of the audit log"]
        (result,) = run_checks(target, [check])
    assert (result.state, says in result.detail) == (State(state), True), result.detail


# What `status` looks at: the healthcare agent's grants for the DICOM store.
OF_STATUS = {
    "roles/storage.objectViewer",
    "roles/storage.objectAdmin",
    "roles/bigquery.dataEditor",
    "roles/bigquery.jobUser",
    "roles/pubsub.publisher",
}


@pytest.mark.parametrize("schedule", [SCHEDULED, {"schedule": "composer"}], ids=["cloud-run", "composer"])
def test_every_grant_of_the_program_is_looked_at_and_nothing_else(schedule: dict[str, str]) -> None:
    chosen = settings(**{**EVERYTHING, "dataflow": "true", "scheduleImage": "", **schedule})
    graph = declare(chosen)
    outputs = Outputs.from_mapping(graph.outputs)
    assert outputs.project_number == NUMBER
    found = list(needs(outputs))
    looked_at = {(need.role, need.member) for need in found}
    granted = {(role, member) for _, role, member in grants(graph) if "sink-writer@" not in member}
    assert granted - looked_at <= {(role, f"serviceAccount:{outputs.healthcare_agent_email}") for role in OF_STATUS}
    logging = f"service-{NUMBER}@gcp-sa-logging"
    assert {each for each in looked_at - granted if logging not in each[1]} == set()
    assert len({need.name for need in found}) == len(found)
