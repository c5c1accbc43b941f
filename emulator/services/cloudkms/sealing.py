"""Ciphertexts of symmetric keys, and what is in them.

A ciphertext is our own form (Google's is not documented): a format byte, the number of the version, the nonce, then
what AES-GCM gives.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from emulator.errors import failed_precondition, invalid_argument
from emulator.services.cloudkms import algorithms
from emulator.services.cloudkms.algorithms import Algorithm
from emulator.services.cloudkms.resources import SYMMETRIC, VERSIONS, not_enabled, state_of
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_FORMAT = b"\x01"
_NONCE = 12
_HEADER = len(_FORMAT) + 4 + _NONCE


def sealed(context: Context, key: Resource, plaintext: bytes, additional: bytes) -> tuple[Resource, bytes]:
    """The primary version of a key, and the ciphertext that it makes; 400 for a key that can't encrypt."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    _require_symmetric(key)
    if "primary" not in key.body:
        raise failed_precondition(f"{key.name} has no primary version.")
    version = context.resources.require(VERSIONS, key.body["primary"]["name"])
    secret = _material(context, version)
    nonce = secrets.token_bytes(_NONCE)
    data = AESGCM(secret).encrypt(nonce, plaintext, additional or None)
    return version, _FORMAT + int(version.id).to_bytes(4, "big") + nonce + data


def opened(context: Context, key: Resource, ciphertext: bytes, additional: bytes = b"") -> tuple[Resource, bytes]:
    """The version of a key that made a ciphertext, and the plaintext; 400 for one of another key."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    _require_symmetric(key)
    invalid = invalid_argument("Decryption failed: the ciphertext is invalid.")
    if len(ciphertext) <= _HEADER or ciphertext[:1] != _FORMAT:
        raise invalid
    name = f"{key.name}/cryptoKeyVersions/{int.from_bytes(ciphertext[1:5], 'big')}"
    version = context.resources.get(VERSIONS, name)
    if version is None:
        raise invalid
    secret = _material(context, version)
    try:
        return version, AESGCM(secret).decrypt(ciphertext[5:_HEADER], ciphertext[_HEADER:], additional or None)
    except InvalidTag:
        raise invalid from None


def _require_symmetric(key: Resource) -> None:
    if key.body["purpose"] != SYMMETRIC:
        raise failed_precondition(f"{key.name} has purpose {key.body['purpose']}; this method needs {SYMMETRIC}.")


def usable(context: Context, name: str, *purposes: str) -> tuple[Resource, Algorithm, bytes]:
    """A version of a key of one of these purposes, its algorithm, and its key material.

    Raises 404 where there is none of that name, 400 for another purpose, and while it is not enabled.
    """
    version = context.resources.require(VERSIONS, name)
    algorithm = algorithms.of(version.body["algorithm"])
    if algorithm is None or algorithm.purpose not in purposes:
        raise failed_precondition(
            f"{name} has the algorithm {version.body['algorithm']}; this method needs a key of purpose "
            f"{' or '.join(purposes)}."
        )
    return version, algorithm, _material(context, version)


def _material(context: Context, version: Resource) -> bytes:
    row = context.db.one("SELECT secret FROM kms_material WHERE version = ?", (version.name,))
    if state_of(context, version) != "ENABLED" or row is None:
        raise not_enabled(version)
    secret: bytes = row["secret"]
    return secret if context.root_key is None else context.root_key.open(secret, version.name.encode())


def protecting_material(context: Context, name: str) -> bytes:
    """The key material of a version, by name, that encrypts what services keep; 404, and 400 for one not enabled."""
    return _material(context, context.resources.require(VERSIONS, name))
