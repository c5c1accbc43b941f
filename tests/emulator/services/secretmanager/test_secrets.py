"""Secrets and versions by Google's client: payloads with checksums, states, aliases, rights, regions."""

from collections.abc import Callable
from typing import Any

import google_crc32c
import pytest
from google.api_core.exceptions import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from google.cloud.secretmanager_v1.types import Secret, SecretPayload, SecretVersion
from google.iam.v1 import iam_policy_pb2

from tests.conftest import PROJECT
from tests.emulator.services.secretmanager.conftest import Client, Connect
from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator

PARENT = f"projects/{PROJECT}"
REGION = f"{PARENT}/locations/europe-west3"


@pytest.fixture
def secret(client: Client, unique: Callable[[str], str]) -> str:
    """The name of a new secret without versions."""
    return str(client.create_secret(request=request(unique("secret"))).name)


def request(name: str, parent: str = PARENT, **fields: Any) -> dict[str, Any]:
    replication: dict[str, Any] = {} if "/locations/" in parent else {"replication": {"automatic": {}}}
    return {"parent": parent, "secret_id": name, "secret": {**replication, **fields}}


def add(client: Client, secret: str, data: bytes) -> str:
    return str(client.add_secret_version(parent=secret, payload=SecretPayload(data=data)).name)


def read(client: Client, name: str) -> bytes:
    return bytes(client.access_secret_version(name=name).payload.data)


def test_a_payload_comes_back_with_its_checksum(client: Client, secret: str) -> None:
    data = b"\x00pa\xffss"
    checksum = int(google_crc32c.value(data))
    version = client.add_secret_version(parent=secret, payload=SecretPayload(data=data, data_crc32c=checksum))
    assert (version.name, version.state) == (f"{secret}/versions/1", SecretVersion.State.ENABLED)
    assert version.client_specified_payload_checksum
    found = client.access_secret_version(name=f"{secret}/versions/latest")
    assert (found.name, found.payload.data, found.payload.data_crc32c) == (version.name, data, checksum)


@pytest.mark.parametrize("payload", [{"data": b"a", "data_crc32c": 7}, {"data": b""}, {"data": b"x" * 65537}])
def test_a_payload_that_is_not_right_is_refused(client: Client, secret: str, payload: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        client.add_secret_version(parent=secret, payload=SecretPayload(**payload))
    assert list(client.list_secret_versions(parent=secret)) == []


def test_secrets_are_listed_changed_and_deleted(client: Client, secret: str) -> None:
    number = secret.split("/")[1]
    assert number.isdecimal()
    name = secret.rpartition("/")[2]
    with pytest.raises(AlreadyExists, match=rf"Secret \[{secret}\] already exists\."):
        client.create_secret(request=request(name))
    change = Secret(name=secret, labels={"team": "imaging"})
    changed = client.update_secret(secret=change, update_mask={"paths": ["labels"]})
    assert (dict(changed.labels), changed.replication.automatic) == (
        {"team": "imaging"},
        Secret().replication.automatic,
    )
    assert secret in [each.name for each in client.list_secrets(parent=PARENT)]
    [found] = client.list_secrets(request={"parent": PARENT, "filter": f"labels.team=imaging AND name:{name}"})
    assert found == client.get_secret(name=f"{PARENT}/secrets/{name}")
    add(client, secret, b"one")
    client.delete_secret(name=secret)
    with pytest.raises(NotFound):
        client.access_secret_version(name=f"{secret}/versions/1")
    client.create_secret(request=request(name))
    with pytest.raises(NotFound):
        client.access_secret_version(name=f"{secret}/versions/latest")


def test_latest_is_the_newest_version_even_if_it_can_not_be_read(client: Client, secret: str) -> None:
    first, second = add(client, secret, b"one"), add(client, secret, b"two")
    assert read(client, f"{secret}/versions/latest") == b"two"
    client.disable_secret_version(name=second)
    with pytest.raises(FailedPrecondition, match=r"is in DISABLED state\."):
        read(client, f"{secret}/versions/latest")
    assert read(client, first) == b"one"
    client.enable_secret_version(name=second)
    assert read(client, second) == b"two"
    listed = [each.name.rpartition("/")[2] for each in client.list_secret_versions(parent=secret)]
    assert listed == ["2", "1"]


def test_a_destroyed_version_is_gone_for_good(client: Client, secret: str) -> None:
    version = add(client, secret, b"one")
    destroyed = client.destroy_secret_version(name=version)
    assert destroyed.state == SecretVersion.State.DESTROYED
    assert destroyed.destroy_time
    for call in (client.enable_secret_version, client.access_secret_version, client.destroy_secret_version):
        with pytest.raises(FailedPrecondition, match=r"is in DESTROYED state\."):
            call(name=version)


def test_versions_have_aliases(client: Client, secret: str) -> None:
    add(client, secret, b"one")
    add(client, secret, b"two")
    change = Secret(name=secret, version_aliases={"prod": 1})
    client.update_secret(secret=change, update_mask={"paths": ["version_aliases"]})
    assert read(client, f"{secret}/versions/prod") == b"one"
    for aliases in ({"latest": 1}, {"next": 9}, {"1st": 1}):
        with pytest.raises(InvalidArgument):
            client.update_secret(
                secret=Secret(name=secret, version_aliases=aliases), update_mask={"paths": ["version_aliases"]}
            )


def test_a_stale_etag_changes_nothing(client: Client, secret: str) -> None:
    version = client.add_secret_version(parent=secret, payload=SecretPayload(data=b"one"))
    client.disable_secret_version(request={"name": version.name, "etag": version.etag})
    with pytest.raises(FailedPrecondition):
        client.destroy_secret_version(request={"name": version.name, "etag": version.etag})
    with pytest.raises(FailedPrecondition):
        client.delete_secret(request={"name": secret, "etag": '"stale"'})


def test_regional_secrets_are_apart_from_global_ones(client: Client, unique: Callable[[str], str]) -> None:
    name = unique("regional")
    made = client.create_secret(request=request(name, REGION))
    assert made.name.endswith(f"/locations/europe-west3/secrets/{name}")
    assert read(client, add(client, made.name, b"here")) == b"here"
    assert made.name in [each.name for each in client.list_secrets(parent=REGION)]
    with pytest.raises(NotFound):
        client.get_secret(name=f"{PARENT}/secrets/{name}")


@pytest.mark.parametrize(
    "fields",
    [
        {"replication": {}},
        {"replication": {"user_managed": {"replicas": []}}},
        {"labels": {"Team": "x"}},
        {"topics": [{"name": "nothing"}]},
        {"ttl": {"seconds": 0}},
        {"rotation": {"next_rotation_time": "2200-01-01T00:00:00Z"}},
    ],
)
def test_a_secret_that_google_would_refuse_is_refused(
    client: Client, unique: Callable[[str], str], fields: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgument):
        client.create_secret(request=request(unique("refused"), **fields))


def test_who_may_read_a_version_may_not_add_one_and_the_policy_is_the_secrets_own(
    emulator: RunningEmulator, client: Client, connect: Connect, secret: str, unique: Callable[[str], str]
) -> None:
    account = make_account(emulator, unique("reader"))
    reader = connect(account.token)
    add(client, secret, b"one")
    with pytest.raises(PermissionDenied, match=r"secretmanager\.versions\.access"):
        read(reader, f"{secret}/versions/1")
    policy = {"bindings": [{"role": "roles/secretmanager.secretAccessor", "members": [account.member]}]}
    client.set_iam_policy(request={"resource": secret, "policy": policy})
    assert client.get_iam_policy(request={"resource": secret}).bindings[0].members == [account.member]
    assert read(reader, f"{secret}/versions/1") == b"one"
    with pytest.raises(PermissionDenied, match=r"secretmanager\.versions\.add"):
        add(reader, secret, b"two")
    asked = iam_policy_pb2.TestIamPermissionsRequest(
        resource=secret, permissions=["secretmanager.versions.access", "secretmanager.secrets.delete"]
    )
    assert list(reader.test_iam_permissions(request=asked).permissions) == ["secretmanager.versions.access"]
