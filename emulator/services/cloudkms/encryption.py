"""encrypt and decrypt with symmetric keys: AES-256-GCM, with the checksums that Google's clients verify."""

from __future__ import annotations

from emulator.errors import not_found
from emulator.gateway.request import Answer, Request
from emulator.services.cloudkms import checksums
from emulator.services.cloudkms.resources import KEYS, METHODS
from emulator.services.cloudkms.sealing import opened, sealed
from emulator.services.cloudkms.service import SERVICE
from emulator.state.resources import Resource

_KEYS = f"{METHODS}.cryptoKeys"
_ADDITIONAL = "additionalAuthenticatedData"


@SERVICE.handles(f"{_KEYS}.encrypt", permission="cloudkms.cryptoKeyVersions.useToEncrypt")
async def encrypt(request: Request) -> Answer:
    """Encrypt with the primary version."""
    plaintext, additional = checksums.read(request, "plaintext"), checksums.read(request, _ADDITIONAL)
    version, ciphertext = sealed(request.context, _key(request), plaintext, additional)
    return {
        "name": version.name,
        **checksums.shown("ciphertext", ciphertext),
        "protectionLevel": version.body["protectionLevel"],
        **checksums.verified(request, "plaintext", _ADDITIONAL),
    }


@SERVICE.handles(f"{_KEYS}.decrypt", permission="cloudkms.cryptoKeyVersions.useToDecrypt")
async def decrypt(request: Request) -> Answer:
    """Decrypt with the version that encrypted."""
    ciphertext = checksums.read(request, "ciphertext", limit=checksums.LIMIT + 64)
    additional = checksums.read(request, _ADDITIONAL)
    key = _key(request)
    version, plaintext = opened(request.context, key, ciphertext, additional)
    return {
        **checksums.shown("plaintext", plaintext),
        "usedPrimary": key.body.get("primary", {}).get("name") == version.name,
        "protectionLevel": version.body["protectionLevel"],
    }


def _key(request: Request) -> Resource:
    key = request.context.resources.get(KEYS, request.name)
    if key is None:
        raise not_found(f"CryptoKey {request.name} not found.")
    return key
