"""rawEncrypt and rawDecrypt: AES in a mode that other programs speak, with the vector that the caller keeps."""

from __future__ import annotations

import secrets

from emulator.errors import invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.cloudkms import checksums
from emulator.services.cloudkms.resources import METHODS
from emulator.services.cloudkms.sealing import usable
from emulator.services.cloudkms.service import SERVICE

_VERSIONS = f"{METHODS}.cryptoKeys.cryptoKeyVersions"
_PURPOSE = "RAW_ENCRYPT_DECRYPT"
_VECTOR, _ADDITIONAL = "initializationVector", "additionalAuthenticatedData"
_BLOCK, _NONCE, _TAG = 16, 12, 16


@SERVICE.handles(f"{_VERSIONS}.rawEncrypt", permission="cloudkms.cryptoKeyVersions.useToEncrypt")
async def raw_encrypt(request: Request) -> Answer:
    """Encrypt: GCM takes no vector of the caller's, CBC and CTR make one where he sends none."""
    plaintext, given = checksums.read(request, "plaintext"), checksums.read(request, _VECTOR)
    additional = checksums.read(request, _ADDITIONAL)
    version, algorithm, secret = usable(request.context, request.name, _PURPOSE)
    if algorithm.kind == "GCM":
        if given:
            raise invalid_argument(f"{_VECTOR} can't be chosen for {version.body['algorithm']}.")
        vector = secrets.token_bytes(_NONCE)
    else:
        vector = given or secrets.token_bytes(_BLOCK)
    ciphertext = _crypt(algorithm.kind, secret, vector, plaintext, additional, encrypting=True)
    return {
        "name": version.name,
        **checksums.shown("ciphertext", ciphertext),
        **checksums.shown(_VECTOR, vector),
        **({"tagLength": _TAG} if algorithm.kind == "GCM" else {}),
        "protectionLevel": version.body["protectionLevel"],
        **checksums.verified(request, "plaintext", _ADDITIONAL, _VECTOR),
    }


@SERVICE.handles(f"{_VERSIONS}.rawDecrypt", permission="cloudkms.cryptoKeyVersions.useToDecrypt")
async def raw_decrypt(request: Request) -> Answer:
    """Decrypt with the vector that encryption gave."""
    ciphertext = checksums.read(request, "ciphertext", limit=checksums.LIMIT + _TAG)
    vector, additional = checksums.read(request, _VECTOR), checksums.read(request, _ADDITIONAL)
    version, algorithm, secret = usable(request.context, request.name, _PURPOSE)
    if request.body.get("tagLength") not in (None, 0, _TAG):
        raise invalid_argument(f"tagLength must be {_TAG}.")
    plaintext = _crypt(algorithm.kind, secret, vector, ciphertext, additional, encrypting=False)
    return {
        **checksums.shown("plaintext", plaintext),
        "protectionLevel": version.body["protectionLevel"],
        **checksums.verified(request, "ciphertext", _ADDITIONAL, _VECTOR),
    }


def _crypt(mode: str, secret: bytes, vector: bytes, data: bytes, additional: bytes, *, encrypting: bool) -> bytes:
    """What AES in that mode makes of data. Raises 400 for a wrong vector or tag, and for CBC of broken blocks."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    length = _NONCE if mode == "GCM" else _BLOCK
    if len(vector) != length:
        raise invalid_argument(f"{_VECTOR} must have {length} bytes for AES-{mode}.")
    if mode == "GCM":
        cipher = AESGCM(secret)
        try:
            return (cipher.encrypt if encrypting else cipher.decrypt)(vector, data, additional or None)
        except InvalidTag:
            raise invalid_argument("Decryption failed: the ciphertext is invalid.") from None
    if additional:
        raise invalid_argument(f"{_ADDITIONAL} can't be used with AES-{mode}.")
    if mode == "CBC" and len(data) % _BLOCK:
        raise invalid_argument(f"AES-CBC works on whole blocks of {_BLOCK} bytes: pad the data.")
    wanted = Cipher(algorithms.AES(secret), modes.CBC(vector) if mode == "CBC" else modes.CTR(vector))
    context = wanted.encryptor() if encrypting else wanted.decryptor()
    return context.update(data) + context.finalize()
