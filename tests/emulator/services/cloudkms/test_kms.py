"""Key rings, keys, versions: their rules, and that what is encrypted comes back only with the right key and state."""

import base64
from collections.abc import Callable
from typing import Any

import google_crc32c
import pytest

from tests.conftest import PROJECT
from tests.emulator.services.clients import refused

Names = Callable[[str], str]
LOCATION = f"projects/{PROJECT}/locations/us-central1"


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def checksum(data: bytes) -> str:
    return str(google_crc32c.value(data))


@pytest.fixture
def rings(google_api: Callable[[str, str], Any]) -> Any:
    """projects.locations.keyRings of Cloud KMS v1."""
    return google_api("cloudkms", "v1").projects().locations().keyRings()


@pytest.fixture
def ring(rings: Any, unique: Names) -> str:
    """A new key ring's name."""
    return str(rings.create(parent=LOCATION, keyRingId=unique("ring"), body={}).execute()["name"])


@pytest.fixture
def key(rings: Any, ring: str) -> str:
    """A new symmetric key's name."""
    body = {"purpose": "ENCRYPT_DECRYPT"}
    return str(rings.cryptoKeys().create(parent=ring, cryptoKeyId="data", body=body).execute()["name"])


def test_a_new_key_has_a_primary_version_and_defaults(rings: Any, key: str) -> None:
    found = rings.cryptoKeys().get(name=key).execute()
    assert found["primary"]["name"] == f"{key}/cryptoKeyVersions/1"
    assert found["primary"]["state"] == "ENABLED"
    assert found["destroyScheduledDuration"] == "2592000s"
    assert found["versionTemplate"] == {
        "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION",
        "protectionLevel": "SOFTWARE",
    }
    assert [
        one["name"] for one in rings.cryptoKeys().list(parent=key.rpartition("/cryptoKeys/")[0]).execute()["cryptoKeys"]
    ] == [key]


def test_a_key_without_its_first_version_encrypts_nothing(rings: Any, ring: str) -> None:
    keys = rings.cryptoKeys()
    body = {"purpose": "ENCRYPT_DECRYPT"}
    made = keys.create(parent=ring, cryptoKeyId="empty", skipInitialVersionCreation=True, body=body).execute()
    assert "primary" not in made
    assert refused(keys.encrypt(name=made["name"], body={"plaintext": encoded(b"x")}))[0] == 400
    keys.cryptoKeyVersions().create(parent=made["name"], body={}).execute()
    keys.updatePrimaryVersion(name=made["name"], body={"cryptoKeyVersionId": "1"}).execute()
    keys.encrypt(name=made["name"], body={"plaintext": encoded(b"x")}).execute()


def test_encrypt_and_decrypt_with_checksums(rings: Any, key: str) -> None:
    keys = rings.cryptoKeys()
    text, context = b"a data encryption key", b"dataset-1"
    body = {
        "plaintext": encoded(text),
        "plaintextCrc32c": checksum(text),
        "additionalAuthenticatedData": encoded(context),
        "additionalAuthenticatedDataCrc32c": checksum(context),
    }
    sealed = keys.encrypt(name=key, body=body).execute()
    assert sealed["name"] == f"{key}/cryptoKeyVersions/1"
    assert sealed["verifiedPlaintextCrc32c"] is True
    assert sealed["verifiedAdditionalAuthenticatedDataCrc32c"] is True
    ciphertext = base64.b64decode(sealed["ciphertext"])
    assert sealed["ciphertextCrc32c"] == checksum(ciphertext)
    assert text not in ciphertext
    opened = {"ciphertext": sealed["ciphertext"], "additionalAuthenticatedData": encoded(context)}
    answer = keys.decrypt(name=key, body=opened).execute()
    assert base64.b64decode(answer["plaintext"]) == text
    assert answer["plaintextCrc32c"] == checksum(text)
    assert answer["usedPrimary"] is True


def test_what_was_changed_or_belongs_elsewhere_is_refused(rings: Any, key: str, ring: str) -> None:
    keys = rings.cryptoKeys()
    other = keys.create(parent=ring, cryptoKeyId="other", body={"purpose": "ENCRYPT_DECRYPT"}).execute()["name"]
    sealed = keys.encrypt(name=key, body={"plaintext": encoded(b"x")}).execute()["ciphertext"]
    damaged = bytearray(base64.b64decode(sealed))
    damaged[-1] ^= 1
    wrong: list[tuple[str, dict[str, str]]] = [
        (key, {"ciphertext": encoded(bytes(damaged))}),
        (key, {"ciphertext": encoded(b"short")}),
        (key, {"ciphertext": sealed, "additionalAuthenticatedData": encoded(b"context")}),
        (other, {"ciphertext": sealed}),
    ]
    for name, body in wrong:
        assert refused(keys.decrypt(name=name, body=body)) == (400, "Decryption failed: the ciphertext is invalid.")
    body = {"plaintext": encoded(b"x"), "plaintextCrc32c": checksum(b"y")}
    assert refused(keys.encrypt(name=key, body=body))[0] == 400
    assert refused(keys.encrypt(name=key, body={"plaintext": encoded(bytes(70_000))}))[0] == 400


def test_old_versions_decrypt_after_a_rotation(rings: Any, key: str) -> None:
    keys = rings.cryptoKeys()
    sealed = keys.encrypt(name=key, body={"plaintext": encoded(b"old")}).execute()["ciphertext"]
    second = keys.cryptoKeyVersions().create(parent=key, body={}).execute()
    assert keys.get(name=key).execute()["primary"]["name"].endswith("/1")
    keys.updatePrimaryVersion(name=key, body={"cryptoKeyVersionId": "2"}).execute()
    assert keys.encrypt(name=key, body={"plaintext": encoded(b"new")}).execute()["name"] == second["name"]
    answer = keys.decrypt(name=key, body={"ciphertext": sealed}).execute()
    assert base64.b64decode(answer["plaintext"]) == b"old"
    assert "usedPrimary" not in answer or answer["usedPrimary"] is False


def test_a_disabled_or_destroyed_version_is_not_used(rings: Any, key: str) -> None:
    keys, versions = rings.cryptoKeys(), rings.cryptoKeys().cryptoKeyVersions()
    first = f"{key}/cryptoKeyVersions/1"
    sealed = keys.encrypt(name=key, body={"plaintext": encoded(b"x")}).execute()["ciphertext"]
    versions.patch(name=first, updateMask="state", body={"state": "DISABLED"}).execute()
    code, message = refused(keys.decrypt(name=key, body={"ciphertext": sealed}))
    assert (code, message) == (400, f"{first} is not enabled, current state is: DISABLED.")
    versions.patch(name=first, updateMask="state", body={"state": "ENABLED"}).execute()
    gone = versions.destroy(name=first, body={}).execute()
    assert gone["state"] == "DESTROY_SCHEDULED"
    assert gone["destroyTime"]
    assert keys.get(name=key).execute()["primary"]["state"] == "DESTROY_SCHEDULED"
    assert refused(versions.destroy(name=first, body={}))[0] == 400
    assert refused(keys.encrypt(name=key, body={"plaintext": encoded(b"x")}))[0] == 400
    assert versions.restore(name=first, body={}).execute()["state"] == "DISABLED"
    versions.patch(name=first, updateMask="state", body={"state": "ENABLED"}).execute()
    assert base64.b64decode(keys.decrypt(name=key, body={"ciphertext": sealed}).execute()["plaintext"]) == b"x"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"purpose": "ASYMMETRIC_SIGN"},
        {"purpose": "ENCRYPT_DECRYPT", "rotationPeriod": "7776000s"},
        {"purpose": "ENCRYPT_DECRYPT", "rotationPeriod": "60s", "nextRotationTime": "2027-01-01T00:00:00Z"},
        {"purpose": "ENCRYPT_DECRYPT", "nextRotationTime": "tomorrow"},
        {
            "purpose": "MAC",
            "versionTemplate": {"algorithm": "HMAC_SHA256"},
            "nextRotationTime": "2027-01-01T00:00:00Z",
        },
        {"purpose": "ENCRYPT_DECRYPT", "destroyScheduledDuration": "1s"},
        {"purpose": "ENCRYPT_DECRYPT", "destroyScheduledDuration": "a month"},
    ],
)
def test_a_key_that_google_would_refuse_is_a_400(rings: Any, ring: str, body: dict[str, Any]) -> None:
    assert refused(rings.cryptoKeys().create(parent=ring, cryptoKeyId="data", body=body))[0] == 400


def test_patch(rings: Any, key: str) -> None:
    keys = rings.cryptoKeys()
    rotation = {"rotationPeriod": "7776000s", "nextRotationTime": "2027-02-20T12:00:00Z"}
    mask = "rotationPeriod,nextRotationTime"
    changed = keys.patch(name=key, updateMask=mask + ",labels", body={**rotation, "labels": {"a": "b"}}).execute()
    assert {**rotation, "labels": {"a": "b"}}.items() <= changed.items()
    cleared = keys.patch(name=key, updateMask=mask, body=dict.fromkeys(rotation)).execute()
    assert not rotation.keys() & cleared.keys()
    assert cleared["labels"] == {"a": "b"}
    assert refused(keys.patch(name=key, updateMask="purpose", body={"purpose": "MAC"}))[0] == 400
    template = {"versionTemplate": {"algorithm": "HMAC_SHA256"}}
    assert refused(keys.patch(name=key, updateMask="versionTemplate.algorithm", body=template))[0] == 400
    assert refused(keys.patch(name=key, updateMask="nothing", body={"labels": {}}))[0] == 400


def test_names_are_taken_until_every_version_is_destroyed(rings: Any, ring: str, key: str) -> None:
    keys = rings.cryptoKeys()
    ring_id = ring.rpartition("/")[2]
    body = {"purpose": "ENCRYPT_DECRYPT"}
    assert refused(rings.create(parent=LOCATION, keyRingId=ring_id, body={}))[0] == 409
    assert refused(keys.create(parent=ring, cryptoKeyId="data", body=body))[0] == 409
    sealed = keys.encrypt(name=key, body={"plaintext": encoded(b"x")}).execute()["ciphertext"]
    keys.cryptoKeyVersions().destroy(name=f"{key}/cryptoKeyVersions/1", body={}).execute()
    rings.create(parent=LOCATION, keyRingId=ring_id, body={}).execute()
    again = keys.create(parent=ring, cryptoKeyId="data", body=body).execute()
    assert again["primary"]["name"] == f"{key}/cryptoKeyVersions/2"
    assert refused(keys.decrypt(name=key, body={"ciphertext": sealed}))[0] == 400


def test_missing_names(rings: Any, ring: str) -> None:
    keys = rings.cryptoKeys()
    assert refused(rings.get(name=f"{LOCATION}/keyRings/none"))[0] == 404
    assert refused(keys.get(name=f"{ring}/cryptoKeys/none"))[0] == 404
    body = {"purpose": "ENCRYPT_DECRYPT"}
    assert refused(keys.create(parent=f"{LOCATION}/keyRings/none", cryptoKeyId="k", body=body))[0] == 404
    assert refused(rings.create(parent=LOCATION, keyRingId="no spaces", body={}))[0] == 400


def test_iam(rings: Any, key: str) -> None:
    keys = rings.cryptoKeys()
    member = "serviceAccount:agent@another-project.iam.gserviceaccount.com"
    policy = keys.getIamPolicy(resource=key, options_requestedPolicyVersion=3).execute()
    policy["bindings"] = [{"role": "roles/cloudkms.cryptoKeyEncrypterDecrypter", "members": [member]}]
    keys.setIamPolicy(resource=key, body={"policy": policy}).execute()
    assert keys.getIamPolicy(resource=key).execute()["bindings"] == policy["bindings"]
    assert refused(keys.setIamPolicy(resource=key, body={"policy": policy}))[0] == 409
