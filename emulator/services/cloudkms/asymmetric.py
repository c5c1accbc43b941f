"""asymmetricSign, asymmetricDecrypt and getPublicKey: keys whose public half leaves Cloud KMS."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from emulator.errors import failed_precondition, invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.cloudkms import checksums
from emulator.services.cloudkms.algorithms import Algorithm
from emulator.services.cloudkms.resources import METHODS
from emulator.services.cloudkms.sealing import usable
from emulator.services.cloudkms.service import SERVICE

_VERSIONS = f"{METHODS}.cryptoKeys.cryptoKeyVersions"
_SIGN, _DECRYPT = "ASYMMETRIC_SIGN", "ASYMMETRIC_DECRYPT"


@SERVICE.handles(f"{_VERSIONS}.getPublicKey", permission="cloudkms.cryptoKeyVersions.viewPublicKey")
async def get_public_key(request: Request) -> Answer:
    """The public key: in PEM, or as publicKeyFormat says in DER."""
    version, _, secret = usable(request.context, request.name, _SIGN, _DECRYPT)
    form = request.query.get("publicKeyFormat") or "PEM"
    if form not in ("PEM", "DER"):
        raise invalid_argument(f"The public key of {version.body['algorithm']} can't be shown as {form[:40]}.")
    data = _public_key(secret, form)
    answer: dict[str, Any] = {
        "name": version.name,
        "algorithm": version.body["algorithm"],
        "protectionLevel": version.body["protectionLevel"],
    }
    if form == "PEM":
        answer |= {"pem": data.decode(), "pemCrc32c": checksums.of(data)}
    if request.query.get("publicKeyFormat"):
        summed = {"data": base64.b64encode(data).decode(), "crc32cChecksum": checksums.of(data)}
        answer |= {"publicKeyFormat": form, "publicKey": summed}
    return answer


@SERVICE.handles(f"{_VERSIONS}.asymmetricSign", permission="cloudkms.cryptoKeyVersions.useToSign")
async def asymmetric_sign(request: Request) -> Answer:
    """Sign a digest, or data, which is hashed here where the algorithm wants a digest."""
    version, algorithm, secret = usable(request.context, request.name, _SIGN)
    digest, data = _digest(request, algorithm), checksums.read(request, "data")
    if digest is not None and request.body.get("data"):
        raise invalid_argument("Only one of digest and data can be sent.")
    if digest is None and algorithm.digest and not request.body.get("data"):
        raise invalid_argument(f"{version.body['algorithm']} needs digest.{algorithm.digest.lower()}, or data.")
    signature = await asyncio.to_thread(_signature, secret, algorithm, data, digest)
    return {
        **checksums.shown("signature", signature),
        "name": version.name,
        "protectionLevel": version.body["protectionLevel"],
        **checksums.verified(request, "data", "digest"),
    }


@SERVICE.handles(f"{_VERSIONS}.asymmetricDecrypt", permission="cloudkms.cryptoKeyVersions.useToDecrypt")
async def asymmetric_decrypt(request: Request) -> Answer:
    """Decrypt what was encrypted with the public key (RSA-OAEP)."""
    ciphertext = checksums.read(request, "ciphertext")
    version, algorithm, secret = usable(request.context, request.name, _DECRYPT)
    plaintext = await asyncio.to_thread(_decrypted, secret, algorithm, ciphertext)
    return {
        **checksums.shown("plaintext", plaintext),
        "protectionLevel": version.body["protectionLevel"],
        **checksums.verified(request, "ciphertext"),
    }


def _digest(request: Request, algorithm: Algorithm) -> bytes | None:
    """The digest that is to be signed, of the algorithm's hash; None where none is sent."""
    given = request.body.get("digest")
    if not given:
        return None
    wanted = algorithm.digest.lower()
    if not wanted or wanted not in given:
        raise invalid_argument(f"The digest must be {algorithm.digest}." if wanted else "Send data: it is not hashed.")
    digest = base64.b64decode(given[wanted])
    if len(digest) * 8 != int(wanted[len("sha") :]):
        raise invalid_argument(f"digest.{wanted} has {len(digest)} bytes.")
    checksums.check(request, "digest", digest)
    return digest


def _public_key(secret: bytes, form: str) -> bytes:
    from cryptography.hazmat.primitives import serialization

    encoding = serialization.Encoding.PEM if form == "PEM" else serialization.Encoding.DER
    public = serialization.load_der_private_key(secret, None).public_key()
    return public.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


def _signature(secret: bytes, algorithm: Algorithm, data: bytes, digest: bytes | None) -> bytes:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

    key = serialization.load_der_private_key(secret, None)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    if algorithm.kind == "RAW_PKCS1":
        assert isinstance(key, rsa.RSAPrivateKey)
        if len(data) > algorithm.bits // 8 - 11:  # RFC 8017 9.2: eleven bytes of padding
            raise invalid_argument(f"data has {len(data)} bytes, too many for {algorithm.bits} bits.")
        return key.sign(data, padding.PKCS1v15(), utils.NoDigestInfo())
    plain: hashes.HashAlgorithm = getattr(hashes, algorithm.digest)()
    hashed = plain if digest is None else utils.Prehashed(plain)
    message = data if digest is None else digest
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(hashed))
    assert isinstance(key, rsa.RSAPrivateKey)
    if algorithm.kind == "PSS":
        return key.sign(message, padding.PSS(padding.MGF1(plain), plain.digest_size), hashed)
    return key.sign(message, padding.PKCS1v15(), hashed)


def _decrypted(secret: bytes, algorithm: Algorithm, ciphertext: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = serialization.load_der_private_key(secret, None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise failed_precondition("The key can't decrypt.")
    digest: hashes.HashAlgorithm = getattr(hashes, algorithm.digest)()
    try:
        return key.decrypt(ciphertext, padding.OAEP(padding.MGF1(digest), digest, None))
    except ValueError:
        raise invalid_argument("Decryption failed: the ciphertext is invalid.") from None
