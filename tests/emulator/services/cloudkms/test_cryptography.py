"""Signatures, decryption, MACs and raw encryption: what comes out is what other programs make and understand."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from tests.conftest import PROJECT
from tests.emulator.services.clients import refused
from tests.emulator.services.cloudkms.test_kms import checksum, encoded

Names = Callable[[str], str]
LOCATION = f"projects/{PROJECT}/locations/us-central1"
DATA = b"what is signed"


@pytest.fixture
def keys(google_api: Callable[[str, str], Any]) -> Any:
    """projects.locations.keyRings.cryptoKeys of Cloud KMS v1."""
    return google_api("cloudkms", "v1").projects().locations().keyRings().cryptoKeys()


@pytest.fixture
def make(google_api: Callable[[str, str], Any], keys: Any, unique: Names) -> Callable[[str, str], str]:
    """Makes a key of a purpose and algorithm; gives its first version's name."""
    rings = google_api("cloudkms", "v1").projects().locations().keyRings()
    ring = rings.create(parent=LOCATION, keyRingId=unique("ring"), body={}).execute()["name"]

    def made(purpose: str, algorithm: str) -> str:
        body = {"purpose": purpose, "versionTemplate": {"algorithm": algorithm}}
        key = keys.create(parent=ring, cryptoKeyId=unique("key"), body=body).execute()
        return f"{key['name']}/cryptoKeyVersions/1"

    return made


def public_key(keys: Any, version: str) -> Any:
    """The public key that the version shows."""
    shown = keys.cryptoKeyVersions().getPublicKey(name=version).execute()
    assert shown["pemCrc32c"] == checksum(shown["pem"].encode())
    return serialization.load_pem_public_key(shown["pem"].encode())


def sign(keys: Any, version: str, body: dict[str, Any]) -> bytes:
    """The signature, its checksum looked at."""
    answer = keys.cryptoKeyVersions().asymmetricSign(name=version, body=body).execute()
    signature = base64.b64decode(answer["signature"])
    assert (answer["name"], answer["signatureCrc32c"]) == (version, checksum(signature))
    return signature


def test_elliptic_curves_sign_a_digest(keys: Any, make: Callable[[str, str], str]) -> None:
    version = make("ASYMMETRIC_SIGN", "EC_SIGN_P256_SHA256")
    digest = hashlib.sha256(DATA).digest()
    body = {"digest": {"sha256": encoded(digest)}, "digestCrc32c": checksum(digest)}
    key = public_key(keys, version)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(sign(keys, version, body), DATA, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(sign(keys, version, body), b"other", ec.ECDSA(hashes.SHA256()))
    code, _ = refused(
        keys.cryptoKeyVersions().asymmetricSign(name=version, body={"digest": {"sha384": encoded(digest)}})
    )
    assert code == 400
    damaged = {**body, "digestCrc32c": "1"}
    assert refused(keys.cryptoKeyVersions().asymmetricSign(name=version, body=damaged))[0] == 400
    assert refused(keys.cryptoKeyVersions().asymmetricSign(name=version, body={}))[0] == 400


def test_ed25519_signs_data(keys: Any, make: Callable[[str, str], str]) -> None:
    version = make("ASYMMETRIC_SIGN", "EC_SIGN_ED25519")
    key = public_key(keys, version)
    assert isinstance(key, ed25519.Ed25519PublicKey)
    key.verify(sign(keys, version, {"data": encoded(DATA)}), DATA)


def test_rsa_signs_with_both_paddings(keys: Any, make: Callable[[str, str], str]) -> None:
    for algorithm, wanted in (
        ("RSA_SIGN_PSS_2048_SHA256", padding.PSS(padding.MGF1(hashes.SHA256()), 32)),
        ("RSA_SIGN_PKCS1_2048_SHA256", padding.PKCS1v15()),
    ):
        version = make("ASYMMETRIC_SIGN", algorithm)
        key = public_key(keys, version)
        assert isinstance(key, rsa.RSAPublicKey)
        digest = {"digest": {"sha256": encoded(hashlib.sha256(DATA).digest())}}
        for body in (digest, {"data": encoded(DATA)}):
            key.verify(sign(keys, version, body), DATA, wanted, hashes.SHA256())


def test_raw_pkcs1_signs_what_it_is_given(keys: Any, make: Callable[[str, str], str]) -> None:
    """RFC 8017 9.2: the DigestInfo of SHA-256 before the hash is what a signature of PKCS #1 v1.5 holds."""
    version = make("ASYMMETRIC_SIGN", "RSA_SIGN_RAW_PKCS1_2048")
    info = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(DATA).digest()
    signature = sign(keys, version, {"data": encoded(info)})
    public_key(keys, version).verify(signature, DATA, padding.PKCS1v15(), hashes.SHA256())


def test_rsa_decrypts_what_the_public_key_encrypted(keys: Any, make: Callable[[str, str], str]) -> None:
    version = make("ASYMMETRIC_DECRYPT", "RSA_DECRYPT_OAEP_2048_SHA256")
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    sealed = public_key(keys, version).encrypt(DATA, oaep)
    body = {"ciphertext": encoded(sealed), "ciphertextCrc32c": checksum(sealed)}
    answer = keys.cryptoKeyVersions().asymmetricDecrypt(name=version, body=body).execute()
    assert base64.b64decode(answer["plaintext"]) == DATA
    assert (answer["plaintextCrc32c"], answer["verifiedCiphertextCrc32c"]) == (checksum(DATA), True)
    wrong = {"ciphertext": encoded(sealed[:-1] + b"x")}
    assert refused(keys.cryptoKeyVersions().asymmetricDecrypt(name=version, body=wrong))[0] == 400


def test_macs(keys: Any, make: Callable[[str, str], str]) -> None:
    version = make("MAC", "HMAC_SHA256")
    body = {"data": encoded(DATA), "dataCrc32c": checksum(DATA)}
    made = keys.cryptoKeyVersions().macSign(name=version, body=body).execute()
    assert len(base64.b64decode(made["mac"])) == hmac.new(b"", b"", "sha256").digest_size
    assert made["verifiedDataCrc32c"] is True
    for data, right in ((DATA, True), (b"other", False)):
        wish = {"data": encoded(data), "mac": made["mac"]}
        answer = keys.cryptoKeyVersions().macVerify(name=version, body=wish).execute()
        assert (answer["success"], answer["verifiedSuccessIntegrity"]) == (right, right)


@pytest.mark.parametrize("mode", ["GCM", "CBC", "CTR"])
def test_raw_encryption_comes_back(keys: Any, make: Callable[[str, str], str], mode: str) -> None:
    version = make("RAW_ENCRYPT_DECRYPT", f"AES_256_{mode}")
    text = b"two whole blocks of sixteen each"
    sealed = keys.cryptoKeyVersions().rawEncrypt(name=version, body={"plaintext": encoded(text)}).execute()
    vector = base64.b64decode(sealed["initializationVector"])
    assert (len(vector), sealed.get("tagLength")) == ((12, 16) if mode == "GCM" else (16, None))
    body = {"ciphertext": sealed["ciphertext"], "initializationVector": sealed["initializationVector"]}
    opened = keys.cryptoKeyVersions().rawDecrypt(name=version, body=body).execute()
    assert base64.b64decode(opened["plaintext"]) == text
    assert len(base64.b64decode(sealed["ciphertext"])) == len(text) + (16 if mode == "GCM" else 0)
    short = {**body, "initializationVector": encoded(b"short")}
    assert refused(keys.cryptoKeyVersions().rawDecrypt(name=version, body=short))[0] == 400


def test_what_google_would_refuse(keys: Any, make: Callable[[str, str], str]) -> None:
    signing = make("ASYMMETRIC_SIGN", "EC_SIGN_P256_SHA256")
    assert refused(keys.cryptoKeyVersions().macSign(name=signing, body={"data": encoded(DATA)}))[0] == 400
    gcm = make("RAW_ENCRYPT_DECRYPT", "AES_128_GCM")
    chosen = {"plaintext": encoded(DATA), "initializationVector": encoded(bytes(12))}
    assert refused(keys.cryptoKeyVersions().rawEncrypt(name=gcm, body=chosen))[0] == 400
    disable = {"name": signing, "updateMask": "state", "body": {"state": "DISABLED"}}
    keys.cryptoKeyVersions().patch(**disable).execute()
    code, message = refused(keys.cryptoKeyVersions().getPublicKey(name=signing))
    assert (code, message) == (400, f"{signing} is not enabled, current state is: DISABLED.")


@pytest.mark.parametrize(
    ("purpose", "algorithm", "code"),
    [("MAC", "EC_SIGN_P256_SHA256", 400), ("ASYMMETRIC_SIGN", "PQ_SIGN_ML_DSA_65", 501)],
)
def test_algorithms_fit_the_purpose(keys: Any, make: Any, purpose: str, algorithm: str, code: int) -> None:
    body = {"purpose": purpose, "versionTemplate": {"algorithm": algorithm}}
    ring = make("MAC", "HMAC_SHA1").partition("/cryptoKeys/")[0]
    assert refused(keys.create(parent=ring, cryptoKeyId="none", body=body))[0] == code


def test_random_bytes(google_api: Callable[[str, str], Any]) -> None:
    locations = google_api("cloudkms", "v1").projects().locations()
    body = {"lengthBytes": 32, "protectionLevel": "HSM"}
    answer = locations.generateRandomBytes(location=LOCATION, body=body).execute()
    data = base64.b64decode(answer["data"])
    assert (len(data), answer["dataCrc32c"]) == (32, checksum(data))
    assert refused(locations.generateRandomBytes(location=LOCATION, body={**body, "lengthBytes": 7}))[0] == 400
