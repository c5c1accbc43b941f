"""Keys that the stack makes: one for each kind of data, rotating, never deleted, usable before they are used."""

from __future__ import annotations

import pytest

from infra.policy.checking import check
from infra.settings import NAMESPACE, SettingsError, parse
from tests.infra.graph import BIGQUERY_AGENT, NUMBER, PROJECT, STORAGE_AGENT, Graph, declare, settings
from tests.infra.policy.test_rules import changed, graph_of, unprotected

RING = f"projects/{PROJECT}/locations/us-central1/keyRings/imaging"
KINDS = ("bigquery", "healthcare", "objects", "pubsub")
HEALTHCARE_AGENT = f"service-{NUMBER}@gcp-sa-healthcare.iam.gserviceaccount.com"
PUBSUB_AGENT = f"service-{NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com"
ALL = {"keyRing": "imaging", "auditLogs": "true", "dataflow": "true", "research": "true", "crosswalk": "true"}
CRYPTO_KEY, MEMBER = "kms/cryptoKey:CryptoKey", "kms/cryptoKeyIAMMember:CryptoKeyIAMMember"


@pytest.fixture(scope="module")
def graph() -> Graph:
    """The program with keys of its own and all that they are for."""
    return declare(settings(**ALL))


def test_there_is_a_key_for_each_kind_of_data_in_the_ring_of_that_name(graph: Graph) -> None:
    (ring,) = graph.of("kms/keyRing:KeyRing")
    assert (ring.inputs["name"], ring.inputs["location"]) == ("imaging", "us-central1")
    keys = {key.inputs["name"]: key for key in graph.of(CRYPTO_KEY)}
    assert set(keys) == {*KINDS, "logs", "dataflow"}
    for key in keys.values():
        assert key.inputs["keyRing"] == RING
        assert key.inputs["labels"]["managed-by"] == "pulumi"
        assert (key.inputs["rotationPeriod"], key.inputs["destroyScheduledDuration"]) == ("7776000s", "2592000s")
    assert graph.outputs["kms_keys"] == {kind: f"{RING}/cryptoKeys/{kind}" for kind in keys}


def test_without_logs_and_dataflow_there_are_no_keys_for_them() -> None:
    assert set(declare(settings(keyRing="imaging")).outputs["kms_keys"]) == set(KINDS)


def test_neither_ring_nor_keys_are_ever_deleted_and_their_delay_stays_as_it_was(graph: Graph) -> None:
    made = graph.of("kms/keyRing:KeyRing", CRYPTO_KEY)
    assert {(each.protect, each.keep) for each in made} == {(True, True)}
    assert {key.unchanging for key in graph.of(CRYPTO_KEY)} == {("destroyScheduledDuration",)}
    temporary = declare(settings(keyRing="imaging", deletionProtection="false"))
    assert {(each.protect, each.keep) for each in temporary.of("kms/keyRing:KeyRing", CRYPTO_KEY)} == {(False, True)}


def test_each_agent_may_use_its_own_key_and_no_other(graph: Graph) -> None:
    given = {
        (each.inputs["cryptoKeyId"].rpartition("/")[2], each.inputs["member"].removeprefix("serviceAccount:"))
        for each in graph.of(MEMBER)
    }
    assert given == {
        ("bigquery", BIGQUERY_AGENT),
        ("healthcare", HEALTHCARE_AGENT),
        ("objects", STORAGE_AGENT),
        ("pubsub", PUBSUB_AGENT),
        ("logs", STORAGE_AGENT),
        ("dataflow", f"service-{NUMBER}@dataflow-service-producer-prod.iam.gserviceaccount.com"),
        ("dataflow", f"service-{NUMBER}@compute-system.iam.gserviceaccount.com"),
    }


def test_nothing_is_encrypted_before_the_key_is_there_and_its_agent_may_use_it(graph: Graph) -> None:
    grants = {each.inputs["cryptoKeyId"].rpartition("/")[2]: each for each in graph.of(MEMBER)}
    keys = {each.inputs["name"]: each.urn for each in graph.of(CRYPTO_KEY)}
    encrypted = [each for each in graph if f"{RING}/cryptoKeys/" in str(each.inputs) and each.kind.count("kms/") == 0]
    assert len(encrypted) > 10
    for each in encrypted:
        (kind,) = [kind for kind in keys if f"{RING}/cryptoKeys/{kind}'" in str(each.inputs)]
        assert {keys[kind], grants[kind].urn} <= graph.before(each), each.name
    kinds = {
        "storage/bucket:Bucket": "objects",
        "healthcare/dataset:Dataset": "healthcare",
        "bigquery/dataset:Dataset": "bigquery",
        "pubsub/topic:Topic": "pubsub",
    }
    for resource, kind in kinds.items():
        for each in graph.of(resource):
            wanted = "logs" if each.name == "audit-bucket" else kind
            assert f"{RING}/cryptoKeys/{wanted}'" in str(each.inputs), each.name


def test_a_multi_region_has_its_keys_where_cloud_kms_has_them() -> None:
    (ring,) = declare(settings(keyRing="imaging", location="eu")).of("kms/keyRing:KeyRing")
    assert ring.inputs["location"] == "europe"


def test_a_key_that_exists_and_a_ring_to_make_exclude_each_other() -> None:
    values = {"gcp:project": PROJECT, f"{NAMESPACE}:keyRing": "a", f"{NAMESPACE}:encryptionKey": f"{RING}/cryptoKeys/k"}
    with pytest.raises(SettingsError, match="exclude each other: name a key that exists, or the ring"):
        parse(values, "dev", {})


def test_every_rule_holds_and_finds_what_breaks_it() -> None:
    made = graph_of({**ALL, "environment": "prod", "softDeleteDays": "30"})
    assert {name: broken for name, broken in check(made).items() if broken} == {}
    other = f"{RING}-2/cryptoKeys/healthcare"
    seeds = {
        "customer-keys": changed(made, "healthcare-dataset", encryptionSpec={"kmsKeyName": other}),
        "key-rotation": changed(made, "keys-pubsub", rotationPeriod=None),
        "protection": unprotected(made, "keys-objects"),
        "labels": changed(made, "keys-bigquery", labels=None),
        "allowed-locations": changed(made, "keys-ring", location="europe-west4"),
    }
    for rule, seeded in seeds.items():
        assert [name for name, broken in check(seeded).items() if broken] == [rule]
