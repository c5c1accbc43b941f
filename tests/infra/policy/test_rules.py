"""Every rule holds for the program in all its shapes, and finds the violation that is seeded."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pytest

from infra.policy.checking import DESCRIPTIONS, RULES, check
from infra.policy.graph import Graph, Resource
from infra.policy.reading import PolicyError, asked_by, read
from tests.infra.graph import PROJECT, Declared, declare, settings
from tests.infra.test_environment import EVERY_OPTION, KEY

PRODUCTION = {**EVERY_OPTION, "environment": "prod", "softDeleteDays": "30", "research": "true", "crosswalk": "true"}
SHAPES: Mapping[str, dict[str, str]] = {
    "plain": {},
    "every option": EVERY_OPTION,
    "data may be lost": {"deletionProtection": "false"},
    "multi-region": {"location": "eu"},
    "production": PRODUCTION,
    "a scheduled job": {"schedule": "cloud-run", "scheduleImage": "us-docker.pkg.dev/p/r/i"},
    "managed airflow": {"schedule": "composer"},
}


def resource_of(declared: Declared) -> Resource:
    return Resource(declared.kind.removeprefix("gcp:"), declared.name, declared.inputs, declared.protect)


def graph_of(keys: dict[str, str]) -> Graph:
    """The program's graph with these keys, as a rule sees it."""
    configuration = {"gcp:project": PROJECT} | {f"healthcare-cloud-poc:{name}": keys[name] for name in keys}
    resources = tuple(resource_of(each) for each in declare(settings(**keys)))
    return Graph(resources, asked_by(configuration, "dev"))


@pytest.fixture(scope="module")
def production() -> Graph:
    return graph_of(PRODUCTION)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_program_keeps_every_rule(shape: str) -> None:
    graph = graph_of(SHAPES[shape])
    assert len(graph.resources) > 20
    assert {name: broken for name, broken in check(graph).items() if broken} == {}


def changed(graph: Graph, name: str, **inputs: Any) -> Graph:
    """The graph with other inputs in one resource; None leaves an input out."""
    (found,) = [each for each in graph.resources if each.name == name]
    other = {key: value for key, value in {**found.inputs, **inputs}.items() if value is not None}
    return replaced(graph, name, dataclasses.replace(found, inputs=other))


def replaced(graph: Graph, name: str, *others: Resource) -> Graph:
    rest = tuple(each for each in graph.resources if each.name != name)
    return dataclasses.replace(graph, resources=(*rest, *others))


def with_one_more(graph: Graph, kind: str, **inputs: Any) -> Graph:
    return replaced(graph, "seeded", Resource(kind, "seeded", inputs))


def unprotected(graph: Graph, name: str) -> Graph:
    (found,) = [each for each in graph.resources if each.name == name]
    return replaced(graph, name, dataclasses.replace(found, protect=False))


TOPIC = "messaging-dicom-topic"
BUCKET, MEMBER = f"{PROJECT}-prod-landing", "storage/bucketIAMMember:BucketIAMMember"
AUDIT_CONFIG = {"service": "healthcare.googleapis.com", "auditLogConfigs": [{"logType": "ADMIN_READ"}]}
LABELS = {"application": "a", "environment": "prod", "managed-by": "pulumi"}
READ_BY_ALL = json.dumps({"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]})
HIDDEN = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "x"}
SOME_GO = {"action": {"type": "Delete"}, "condition": {"age": 1, "withState": "LIVE", "matchesPrefixes": ["tmp/"]}}
SEEDS = [
    ("no-public-principal", "seeded", lambda g: with_one_more(g, MEMBER, bucket=BUCKET, member="allUsers", role="r")),
    ("no-public-principal", "seeded", lambda g: with_one_more(g, "x:X", policyData=READ_BY_ALL)),
    ("no-public-principal", "seeded", lambda g: with_one_more(g, "x:X", predefinedAcl="publicRead")),
    ("uniform-access", "landing-bucket", lambda g: changed(g, "landing-bucket", uniformBucketLevelAccess=False)),
    ("uniform-access", "export-bucket", lambda g: changed(g, "export-bucket", uniformBucketLevelAccess=None)),
    (
        "public-access-prevention",
        "landing-bucket",
        lambda g: changed(g, "landing-bucket", publicAccessPrevention="inherited"),
    ),
    ("customer-keys", "landing-bucket", lambda g: changed(g, "landing-bucket", encryption=None)),
    ("customer-keys", "healthcare-dataset", lambda g: changed(g, "healthcare-dataset", encryptionSpec=None)),
    ("customer-keys", TOPIC, lambda g: changed(g, TOPIC, kmsKeyName=KEY + "2")),
    (
        "key-rotation",
        "old",
        lambda g: replaced(g, "old", Resource("kms/cryptoKey:CryptoKey", "old", {"labels": LABELS}, protect=True)),
    ),
    ("allowed-locations", "export-bucket", lambda g: changed(g, "export-bucket", location="EU")),
    (
        "allowed-locations",
        TOPIC,
        lambda g: changed(g, TOPIC, messageStoragePolicy=None),
    ),
    ("audit", "", lambda g: changed(g, "audit-trail-config", **AUDIT_CONFIG)),
    ("audit", "", lambda g: replaced(g, "audit-trail-sink")),
    ("audit", "audit-bucket", lambda g: changed(g, "audit-bucket", retentionPolicy=None)),
    (
        "audit",
        "seeded",
        lambda g: with_one_more(
            g,
            "projects/iAMAuditConfig:IAMAuditConfig",
            service="allServices",
            auditLogConfigs=[{"logType": "DATA_READ", "exemptedMembers": ["user:eve@example.org"]}],
        ),
    ),
    (
        "additive-grants",
        "seeded",
        lambda g: with_one_more(g, "projects/iAMBinding:IAMBinding", role="r", members=["user:a@example.org"]),
    ),
    ("additive-grants", "seeded", lambda g: with_one_more(g, "storage/bucketIAMPolicy:BucketIAMPolicy", bucket=BUCKET)),
    ("additive-grants", "analytics-dataset", lambda g: changed(g, "analytics-dataset", accesses=[{"role": "READER"}])),
    (
        "no-basic-roles",
        "seeded",
        lambda g: with_one_more(g, "projects/iAMMember:IAMMember", role="roles/viewer", member="user:a@example.org"),
    ),
    (
        "no-basic-roles",
        "seeded",
        lambda g: with_one_more(
            g, "storage/bucketIAMMember:BucketIAMMember", role="roles/writer", member="user:a@b.de"
        ),
    ),
    ("no-account-keys", "seeded", lambda g: with_one_more(g, "serviceaccount/key:Key", serviceAccountId="loader")),
    ("no-account-keys", "seeded", lambda g: with_one_more(g, "storage/hmacKey:HmacKey", serviceAccountEmail="loader")),
    ("audit", "", lambda g: changed(g, "audit-trail-sink", disabled=True)),
    ("audit", "audit-trail-sink", lambda g: changed(g, "audit-trail-sink", exclusions=[{"name": "x", "filter": "y"}])),
    (
        "protection",
        "landing-bucket",
        lambda g: unprotected(changed(g, "landing-bucket", lifecycleRules=[SOME_GO]), "landing-bucket"),
    ),
    (
        "legible",
        "seeded",
        lambda g: dataclasses.replace(g, others=(("google-native:storage/v1:Bucket", "seeded"),)),
    ),
    ("legible", "landing-bucket", lambda g: changed(g, "landing-bucket", cors=[{"origins": HIDDEN}])),
    ("protection", "dicom-store", lambda g: unprotected(g, "dicom-store")),
    ("protection", "landing-bucket", lambda g: changed(g, "landing-bucket", forceDestroy=True)),
    ("labels", "export-bucket", lambda g: changed(g, "export-bucket", labels={"application": "x"})),
    (
        "retention",
        "landing-bucket",
        lambda g: changed(g, "landing-bucket", softDeletePolicy={"retentionDurationSeconds": 0}),
    ),
    (
        "retention",
        "export-bucket",
        lambda g: changed(g, "export-bucket", softDeletePolicy={"retentionDurationSeconds": 29 * 86400}),
    ),
]


@pytest.mark.parametrize(("rule", "resource", "seed"), SEEDS)
def test_a_seeded_violation_is_found_by_its_rule_and_no_other(
    production: Graph, rule: str, resource: str, seed: Any
) -> None:
    found = {name: [each.resource for each in broken] for name, broken in check(seed(production)).items() if broken}
    assert found == {rule: [resource]}


def test_every_rule_is_seeded_and_says_what_it_demands() -> None:
    assert {rule for rule, _, _ in SEEDS} == set(RULES)
    assert all(text.endswith(".") for text in DESCRIPTIONS.values())


def test_production_is_protected_and_audited_whatever_its_configuration_says() -> None:
    graph = graph_of({"environment": "prod", "deletionProtection": "false"})
    broken = {name for name, found in check(graph).items() if found}
    assert broken == {"audit", "protection", "retention"}


def state_of(graph: Graph, outputs: Mapping[str, Any]) -> str:
    """The graph as `pulumi stack export` prints it."""
    urn = "urn:pulumi:dev::healthcare-cloud-poc::gcp:"
    states = [
        {"urn": f"{urn}{each.kind}::{each.name}", "type": f"gcp:{each.kind}"}
        | {"inputs": dict(each.inputs), "protect": each.protect}
        for each in graph.resources
    ]
    stack = {"urn": "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev", "type": "pulumi:pulumi:Stack", "outputs": outputs}
    return json.dumps({"version": 3, "deployment": {"resources": [stack, *states]}})


KINDS = ("bigquery", "healthcare", "objects", "pubsub", "logs", "dataflow")
OUTPUTS: Mapping[str, Any] = {"environment": "prod", "location": "us-central1", "audit_bucket": "a"} | {
    "kms_keys": dict.fromkeys(KINDS, KEY)
}


def test_a_state_is_read_with_what_its_outputs_say(production: Graph) -> None:
    graph = read(state_of(production, OUTPUTS))
    assert graph.asked == production.asked
    assert [each.name for each in graph.resources] == [each.name for each in production.resources]


def test_a_preview_is_read_with_its_configuration(production: Graph) -> None:
    states = json.loads(state_of(production, {}))["deployment"]["resources"]
    steps = [{"op": "create", "newState": each} for each in states]
    steps += [{"op": "delete", "oldState": {"urn": "urn:pulumi:dev::p::gcp:x::gone"}}]
    configuration = {f"healthcare-cloud-poc:{key}": value for key, value in PRODUCTION.items()}
    assert read(json.dumps({"config": configuration, "steps": steps})) == read(state_of(production, OUTPUTS))


def test_what_other_providers_make_is_read_but_for_components_and_chance() -> None:
    urn = "urn:pulumi:dev::p::x::"
    found = [
        {"urn": f"{urn}one", "type": "google-native:storage/v1:Bucket", "custom": True},
        {"urn": f"{urn}two", "type": "pulumi-python:dynamic:Resource", "custom": True},
        {"urn": f"{urn}three", "type": "somebody:own:Component", "custom": False},
        {"urn": f"{urn}four", "type": "random:index/randomId:RandomId", "custom": True},
        {"urn": f"{urn}five", "type": "pulumi:providers:gcp", "custom": True},
    ]
    steps = [{"op": "create", "newState": each} for each in found]
    assert [name for _, name in read(json.dumps({"steps": steps})).others] == ["one", "two"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 3, "deployment": {}}'])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(PolicyError):
        read(text)
