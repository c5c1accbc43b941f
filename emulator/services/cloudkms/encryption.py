"""encrypt and decrypt with symmetric keys: AES-256-GCM, with the checksums that Google's clients verify.

A ciphertext is our own form (Google's is not documented): a format byte, the number of the version, the nonce, then
what AES-GCM gives.
"""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, Any

import google_crc32c

from emulator.errors import failed_precondition, invalid_argument, not_found
from emulator.gateway.request import Answer, Request
from emulator.services.cloudkms.resources import KEYS, METHODS, SYMMETRIC, VERSIONS, not_enabled
from emulator.services.cloudkms.service import SERVICE
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_KEYS = f"{METHODS}.cryptoKeys"
_FORMAT = b"\x01"
_NONCE = 12
_HEADER = len(_FORMAT) + 4 + _NONCE
# EncryptRequest.plaintext: "for SOFTWARE keys, the plaintext must be no larger than 64KiB".
_LIMIT = 64 << 10


@SERVICE.handles(f"{_KEYS}.encrypt", permission="cloudkms.cryptoKeyVersions.useToEncrypt")
async def encrypt(request: Request) -> Answer:
    """Encrypt with the primary version."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    plaintext, plain_checked = _field(request, "plaintext")
    additional, additional_checked = _field(request, "additionalAuthenticatedData")
    key = _symmetric(request)
    if "primary" not in key.body:
        raise failed_precondition(f"{key.name} has no primary version.")
    version, secret = _usable(request.context, key.body["primary"]["name"])
    nonce = secrets.token_bytes(_NONCE)
    sealed = AESGCM(secret).encrypt(nonce, plaintext, additional or None)
    ciphertext = _FORMAT + int(version.id).to_bytes(4, "big") + nonce + sealed
    answer: dict[str, Any] = {
        "name": version.name,
        "ciphertext": base64.b64encode(ciphertext).decode(),
        "ciphertextCrc32c": _crc32c(ciphertext),
        "protectionLevel": version.body["protectionLevel"],
    }
    if plain_checked:
        answer["verifiedPlaintextCrc32c"] = True
    if additional_checked:
        answer["verifiedAdditionalAuthenticatedDataCrc32c"] = True
    return answer


@SERVICE.handles(f"{_KEYS}.decrypt", permission="cloudkms.cryptoKeyVersions.useToDecrypt")
async def decrypt(request: Request) -> Answer:
    """Decrypt with the version that encrypted."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    ciphertext, _ = _field(request, "ciphertext", limit=_LIMIT + 64)
    additional, _ = _field(request, "additionalAuthenticatedData")
    key = _symmetric(request)
    invalid = invalid_argument("Decryption failed: the ciphertext is invalid.")
    if len(ciphertext) <= _HEADER or ciphertext[:1] != _FORMAT:
        raise invalid
    number = int.from_bytes(ciphertext[1:5], "big")
    name = f"{key.name}/cryptoKeyVersions/{number}"
    if request.context.resources.get(VERSIONS, name) is None:
        raise invalid
    version, secret = _usable(request.context, name)
    try:
        plaintext = AESGCM(secret).decrypt(ciphertext[5:_HEADER], ciphertext[_HEADER:], additional or None)
    except InvalidTag:
        raise invalid from None
    return {
        "plaintext": base64.b64encode(plaintext).decode(),
        "plaintextCrc32c": _crc32c(plaintext),
        "usedPrimary": key.body.get("primary", {}).get("name") == name,
        "protectionLevel": version.body["protectionLevel"],
    }


def _symmetric(request: Request) -> Resource:
    key = request.context.resources.get(KEYS, request.name)
    if key is None:
        raise not_found(f"CryptoKey {request.name} not found.")
    if key.body["purpose"] != SYMMETRIC:
        raise failed_precondition(f"{key.name} has purpose {key.body['purpose']}; this method needs {SYMMETRIC}.")
    return key


def _usable(context: Context, name: str) -> tuple[Resource, bytes]:
    version = context.resources.require(VERSIONS, name)
    row = context.db.one("SELECT secret FROM kms_material WHERE version = ?", (name,))
    if version.body["state"] != "ENABLED" or row is None:
        raise not_enabled(version)
    return version, row["secret"]


def _field(request: Request, name: str, limit: int = _LIMIT) -> tuple[bytes, bool]:
    """The bytes of a field, and whether the caller sent a checksum of it that fits; a 400 for one that does not."""
    data = base64.b64decode(request.body.get(name, ""))
    if len(data) > limit:
        raise invalid_argument(f"{name} has {len(data)} bytes; at most {limit} are allowed.")
    checksum = request.body.get(f"{name}Crc32c")
    if checksum is not None and checksum != _crc32c(data):
        raise invalid_argument(f"{name}Crc32c does not fit {name}: it was damaged on the way.")
    return data, checksum is not None


def _crc32c(data: bytes) -> str:
    return str(google_crc32c.value(data))
