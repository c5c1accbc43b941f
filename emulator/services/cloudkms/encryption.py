"""encrypt and decrypt with symmetric keys: AES-256-GCM, with the checksums that Google's clients verify."""

from __future__ import annotations

import base64
from typing import Any

import google_crc32c

from emulator.errors import invalid_argument, not_found
from emulator.gateway.request import Answer, Request
from emulator.services.cloudkms.resources import KEYS, METHODS
from emulator.services.cloudkms.sealing import opened, sealed
from emulator.services.cloudkms.service import SERVICE
from emulator.state.resources import Resource

_KEYS = f"{METHODS}.cryptoKeys"
# EncryptRequest.plaintext: "for SOFTWARE keys, the plaintext must be no larger than 64KiB".
_LIMIT = 64 << 10


@SERVICE.handles(f"{_KEYS}.encrypt", permission="cloudkms.cryptoKeyVersions.useToEncrypt")
async def encrypt(request: Request) -> Answer:
    """Encrypt with the primary version."""
    plaintext, plain_checked = _field(request, "plaintext")
    additional, additional_checked = _field(request, "additionalAuthenticatedData")
    version, ciphertext = sealed(request.context, _key(request), plaintext, additional)
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
    ciphertext, _ = _field(request, "ciphertext", limit=_LIMIT + 64)
    additional, _ = _field(request, "additionalAuthenticatedData")
    key = _key(request)
    version, plaintext = opened(request.context, key, ciphertext, additional)
    return {
        "plaintext": base64.b64encode(plaintext).decode(),
        "plaintextCrc32c": _crc32c(plaintext),
        "usedPrimary": key.body.get("primary", {}).get("name") == version.name,
        "protectionLevel": version.body["protectionLevel"],
    }


def _key(request: Request) -> Resource:
    key = request.context.resources.get(KEYS, request.name)
    if key is None:
        raise not_found(f"CryptoKey {request.name} not found.")
    return key


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
