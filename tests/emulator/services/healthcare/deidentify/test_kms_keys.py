"""Keys of de-identification that are wrapped by a key of Cloud KMS."""

import base64
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pydicom
import pytest

from emulator.deidentify.keys import Secret
from emulator.errors import ApiError
from emulator.services.healthcare.deidentify import kms_keys
from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.instances import made
from tests.emulator.services.healthcare.transfers import run
from tests.support.emulator import RunningEmulator
from tests.support.keys import agent_of, make_key

KEY = b"thirty-two bytes of a secret key"
NAME = "projects/p/locations/us/keyRings/r/cryptoKeys/k"
Names = Callable[[str], str]


@pytest.fixture
def target(make_store: Callable[..., Store]) -> Store:
    return make_store()


def wrapped(emulator: RunningEmulator, key: str, secret: bytes = KEY) -> dict[str, str]:
    """A KmsWrappedCryptoKey, made as Google's page "Creating a wrapped key" does."""
    body = {"plaintext": base64.b64encode(secret).decode()}
    code, answer = emulator.request("POST", f"/v1/{key}:encrypt", body)
    assert code == 200, answer
    return {"cryptoKey": key, "wrappedKey": answer["ciphertext"]}


def hashing(kms: dict[str, str]) -> dict[str, Any]:
    transformations = [{"infoTypes": ["PERSON_NAME"], "cryptoHashConfig": {"kmsWrapped": kms}}]
    return {
        "dicom": {"filterProfile": "DEIDENTIFY_TAG_CONTENTS"},
        "text": {"additionalTransformations": transformations},
    }


def deidentify(emulator: RunningEmulator, source: Store, target: Store, config: dict[str, Any]) -> dict[str, Any]:
    return run(emulator, source.name, "deidentify", {"destinationStore": target.name, "config": config})


def test_a_wrapped_key_hashes_as_the_key_itself(
    emulator: RunningEmulator, store: Store, target: Store, unique: Names
) -> None:
    assert store.post(made(PatientName="Wall^Peter")).status_code == 200
    key = make_key(emulator, unique("ring"), agent_of(emulator, "healthcare"))
    done = deidentify(emulator, store, target, hashing(wrapped(emulator, key)))
    assert done["metadata"]["counter"] == {"success": "1"}, done
    (found,) = target.client.search_for_instances()
    path = f"studies/{found['0020000D']['Value'][0]}/series/{found['0020000E']['Value'][0]}"
    path = f"{path}/instances/{found['00080018']['Value'][0]}"
    answer = target.get(path, "application/dicom; transfer-syntax=*")
    name = pydicom.dcmread(BytesIO(answer.content)).PatientName
    assert f"{name}=" == Secret(KEY).hash("Wall^Peter")  # pydicom drops an empty group behind the last =


def test_a_key_without_a_grant_fails_in_googles_words(
    emulator: RunningEmulator, store: Store, target: Store, unique: Names
) -> None:
    kms = wrapped(emulator, make_key(emulator, unique("ring")))
    error = deidentify(emulator, store, target, hashing(kms))["error"]
    assert error["code"] == 7
    assert error["message"].startswith("Healthcare API doesn't have required Cloud KMS permission.")
    gone = {**kms, "cryptoKey": f"{kms['cryptoKey']}-gone"}
    assert deidentify(emulator, store, target, hashing(gone))["error"] == error


def test_a_wrapped_key_of_another_size_is_refused(
    emulator: RunningEmulator, store: Store, target: Store, unique: Names
) -> None:
    key = make_key(emulator, unique("ring"), agent_of(emulator, "healthcare"))
    error = deidentify(emulator, store, target, hashing(wrapped(emulator, key, b"short")))["error"]
    assert error["code"] == 3
    assert "128, 192 or 256 bits" in error["message"]


def test_what_another_key_wrapped_is_refused(
    emulator: RunningEmulator, store: Store, target: Store, unique: Names
) -> None:
    first, second = (make_key(emulator, unique(name), agent_of(emulator, "healthcare")) for name in ("one", "two"))
    kms = {**wrapped(emulator, first), "cryptoKey": second}
    error = deidentify(emulator, store, target, hashing(kms))["error"]
    assert (error["code"], error["message"]) == (3, "Decryption failed: the ciphertext is invalid.")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "config.a.kmsWrapped.cryptoKey is no key"),
        ({"cryptoKey": "key", "wrappedKey": "AAAA"}, "config.a.kmsWrapped.cryptoKey is no key"),
        ({"cryptoKey": NAME}, "config.a.kmsWrapped.wrappedKey is required"),
        ({"cryptoKey": NAME, "wrappedKey": "!"}, "config.a.kmsWrapped.wrappedKey is not base64"),
    ],
)
def test_a_wrapped_key_without_its_form_is_refused_at_once(given: dict[str, str], sentence: str) -> None:
    with pytest.raises(ApiError, match=sentence):
        kms_keys.check({"a": {"kmsWrapped": given}})


def test_two_keys_are_refused() -> None:
    config = {"a": [{"cryptoKey": "AAAA", "kmsWrapped": {"cryptoKey": NAME, "wrappedKey": "AAAA"}}]}
    with pytest.raises(ApiError, match=r"Only one of config.a\[0\].cryptoKey and config.a\[0\].kmsWrapped"):
        kms_keys.check(config)
