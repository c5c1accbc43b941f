"""Members of policies: added to and taken from them without touching what others have put there."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from emulator.provider.tables.targets import TARGETS
from tests.emulator.provider.engine import Engine
from tests.support.emulator import RunningEmulator

Unique = Callable[[str], str]
TOPIC_MEMBER = "gcp:pubsub/topicIAMMember:TopicIAMMember"
KEY_MEMBER = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
UNTIL = {"title": "until", "expression": 'request.time < timestamp("2030-01-01T00:00:00Z")'}


@pytest.fixture
def topic(emulator: RunningEmulator, unique: Unique) -> str:
    """The full name of a fresh topic."""
    name = f"projects/{emulator.project}/topics/{unique('shared')}"
    assert emulator.request("PUT", f"/v1/{name}", {})[0] == 200
    return name


@pytest.fixture
def key(emulator: RunningEmulator, unique: Unique) -> str:
    """The full name of a fresh key, whose policy the plugin reads in the version that has conditions."""
    ring = f"projects/{emulator.project}/locations/us-central1/keyRings/{unique('ring')}"
    parent, _, ring_id = ring.rpartition("/keyRings/")
    assert emulator.request("POST", f"/v1/{parent}/keyRings?keyRingId={ring_id}", {})[0] == 200
    path = f"/v1/{ring}/cryptoKeys?cryptoKeyId=key"
    assert emulator.request("POST", path, {"purpose": "ENCRYPT_DECRYPT"})[0] == 200
    return f"{ring}/cryptoKeys/key"


def bindings(emulator: RunningEmulator, resource: str) -> list[dict[str, Any]]:
    """The bindings of a resource's policy, with their conditions."""
    _, policy = emulator.request("GET", f"/v1/{resource}:getIamPolicy?options.requestedPolicyVersion=3")
    found: list[dict[str, Any]] = policy.get("bindings", [])
    return found


def test_many_members_at_once_all_get_in(engine: Engine, emulator: RunningEmulator, topic: str) -> None:
    def add(number: int) -> str:
        member = {"topic": topic, "role": "roles/pubsub.publisher", "member": f"user:p{number}@example.com"}
        return engine.up(f"m{number}", TOPIC_MEMBER, member)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(add, range(20))) == {"create"}
    (binding,) = bindings(emulator, topic)
    assert sorted(binding["members"]) == sorted(f"user:p{number}@example.com" for number in range(20))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(engine.delete, [f"m{number}" for number in range(20)]))
    assert bindings(emulator, topic) == []


def test_two_providers_do_not_lose_each_others_members(
    engine: Engine, make_engine: Callable[..., Engine], emulator: RunningEmulator, topic: str
) -> None:
    other = make_engine(**engine.config).configure()

    def add(pair: tuple[Engine, int]) -> str:
        who, number = pair
        member = {"topic": topic, "role": "roles/pubsub.publisher", "member": f"user:p{number}@example.com"}
        return who.up(f"m{number}", TOPIC_MEMBER, member)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, [(engine if number % 2 else other, number) for number in range(12)]))
    (binding,) = bindings(emulator, topic)
    assert len(binding["members"]) == 12


def test_conditions_make_bindings_of_their_own(engine: Engine, emulator: RunningEmulator, key: str) -> None:
    plain = {"cryptoKeyId": key, "role": "roles/cloudkms.viewer", "member": "user:a@example.com"}
    engine.up("plain", KEY_MEMBER, plain)
    engine.up("until", KEY_MEMBER, {**plain, "condition": UNTIL})
    assert len(bindings(emulator, key)) == 2
    assert engine.state["until"].id == f"{key}/roles/cloudkms.viewer/user:a@example.com/until"
    assert engine.up("until", KEY_MEMBER, {**plain, "condition": UNTIL}) == "same"
    engine.delete("plain")
    assert [binding["condition"]["title"] for binding in bindings(emulator, key)] == ["until"]
    engine.delete("until")


def test_a_member_is_the_same_in_any_case(engine: Engine, emulator: RunningEmulator, topic: str) -> None:
    member = {"topic": topic.rsplit("/", 1)[-1], "role": "roles/pubsub.publisher", "member": "user:A@Example.com"}
    engine.up("m", TOPIC_MEMBER, member)
    assert bindings(emulator, topic)[0]["members"] == ["user:a@example.com"]
    assert engine.up("m", TOPIC_MEMBER, {**member, "topic": topic, "member": "user:a@example.com"}) == "same"
    changed = engine.diff("m", {**member, "role": "roles/pubsub.viewer"})
    assert changed.replaces == ["role"]
    assert not changed.delete_first
    engine.delete("m")


def test_a_member_that_others_removed_is_gone(engine: Engine, emulator: RunningEmulator, topic: str) -> None:
    member = {"topic": topic, "role": "roles/pubsub.publisher", "member": "user:a@example.com"}
    engine.up("m", TOPIC_MEMBER, member)
    emulator.request("POST", f"/v1/{topic}:setIamPolicy", {"policy": {"bindings": []}})
    assert engine.refresh("m") is None


def test_a_member_is_imported(engine: Engine, topic: str, key: str) -> None:
    member = {"topic": topic, "role": "roles/pubsub.publisher", "member": "user:a@example.com"}
    engine.up("m", TOPIC_MEMBER, member)
    imported = engine.import_("i", TOPIC_MEMBER, f"{topic} roles/pubsub.publisher user:a@example.com")
    assert imported is not None
    assert imported.id == engine.state["m"].id
    assert engine.diff("i", member).details == {}
    until = {"cryptoKeyId": key, "role": "roles/cloudkms.viewer", "member": "user:a@example.com", "condition": UNTIL}
    engine.up("until", KEY_MEMBER, until)
    engine.import_("k", KEY_MEMBER, f"{key} roles/cloudkms.viewer user:a@example.com until")
    assert engine.diff("k", until).details == {}
    assert engine.import_("j", TOPIC_MEMBER, f"{topic} roles/pubsub.viewer user:a@example.com") is None


def test_every_kind_of_target_takes_a_member(engine: Engine, emulator: RunningEmulator, unique: Unique) -> None:
    project = emulator.project
    location = f"projects/{project}/locations/us-central1"
    dataset = f"{location}/datasets/{unique('grants')}"
    key = f"{location}/keyRings/{unique('ring')}"
    names = {word: unique(word) for word in ("bucket", "topic", "subscription", "account", "job", "secret")}
    job = {"template": {"template": {"containers": [{"image": "us-docker.pkg.dev/p/r/i"}]}}}
    bq = unique("grants").replace("-", "_")
    for method, path, body in (
        ("POST", f"/v1/{location}/datasets?datasetId={dataset.rsplit('/', 1)[-1]}", {}),
        ("POST", f"/v1/{dataset}/dicomStores?dicomStoreId=d", {}),
        ("POST", f"/v1/{dataset}/fhirStores?fhirStoreId=f", {"version": "R4"}),
        ("POST", f"/v1/{dataset}/hl7V2Stores?hl7V2StoreId=h", {}),
        ("POST", f"/v1/{dataset}/consentStores?consentStoreId=c", {}),
        ("POST", f"/storage/v1/b?project={project}", {"name": names["bucket"]}),
        ("PUT", f"/v1/projects/{project}/topics/{names['topic']}", {}),
        (
            "PUT",
            f"/v1/projects/{project}/subscriptions/{names['subscription']}",
            {"topic": f"projects/{project}/topics/{names['topic']}"},
        ),
        ("POST", f"/v1/projects/{project}/serviceAccounts", {"accountId": names["account"], "serviceAccount": {}}),
        ("POST", f"/v2/{location}/jobs?jobId={names['job']}", job),
        (
            "POST",
            f"/v1/projects/{project}/secrets?secretId={names['secret']}",
            {"replication": {"automatic": {}}},
        ),
        ("POST", f"/v1/{location}/keyRings?keyRingId={key.rsplit('/', 1)[-1]}", {}),
        ("POST", f"/v1/{key}/cryptoKeys?cryptoKeyId=k", {"purpose": "ENCRYPT_DECRYPT"}),
        ("POST", f"/bigquery/v2/projects/{project}/datasets", {"datasetReference": {"datasetId": bq}}),
    ):
        status, answer = emulator.request(method, path, body)
        assert status == 200, (path, answer)
    account = f"projects/{project}/serviceAccounts/{names['account']}@{project}.iam.gserviceaccount.com"
    named = {
        "BucketIAMMember": ({"bucket": names["bucket"]}, "roles/storage.objectViewer"),
        "healthcare/datasetIamMember": ({"datasetId": dataset}, "roles/healthcare.datasetViewer"),
        "DicomStoreIamMember": ({"dicomStoreId": f"{dataset}/dicomStores/d"}, "roles/healthcare.dicomViewer"),
        "FhirStoreIamMember": ({"fhirStoreId": f"{dataset}/fhirStores/f"}, "roles/healthcare.fhirResourceReader"),
        "Hl7StoreIamMember": ({"hl7V2StoreId": f"{dataset}/hl7V2Stores/h"}, "roles/healthcare.hl7V2Consumer"),
        "ConsentStoreIamMember": ({"dataset": dataset, "consentStoreId": "c"}, "roles/viewer"),
        "TopicIAMMember": ({"topic": names["topic"]}, "roles/pubsub.publisher"),
        "SubscriptionIAMMember": ({"subscription": names["subscription"]}, "roles/pubsub.subscriber"),
        "bigquery/datasetIamMember": ({"datasetId": bq}, "roles/bigquery.dataEditor"),
        "serviceaccount/iAMMember": ({"serviceAccountId": account}, "roles/iam.serviceAccountTokenCreator"),
        "JobIamMember": ({"location": "us-central1", "name": names["job"]}, "roles/run.invoker"),
        "SecretIamMember": ({"secretId": names["secret"]}, "roles/secretmanager.secretAccessor"),
        "projects/iAMMember": ({"project": project}, "roles/bigquery.jobUser"),
        "CryptoKeyIAMMember": ({"cryptoKeyId": f"{key}/cryptoKeys/k"}, "roles/cloudkms.cryptoKeyEncrypter"),
    }
    assert len(named) == len(TARGETS)
    for token in TARGETS:
        place, role = next(value for part, value in named.items() if part in token)
        inputs = {**place, "role": role, "member": "user:a@example.com"}
        assert engine.up(token, token, inputs) == "create", token
        assert engine.up(token, token, inputs) == "same", token
        difference = engine.refresh(token)
        assert difference is not None, token
        assert difference.details == {}, token
        engine.delete(token)
