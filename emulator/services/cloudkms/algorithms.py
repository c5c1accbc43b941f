"""Algorithms of versions: which purpose each is for, and the key material that it needs.

https://cloud.google.com/kms/docs/algorithms; post-quantum ones, KEM, AES_256_KWP and external keys are not emulated.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from emulator.errors import invalid_argument, not_implemented

_HASH_BYTES = {"SHA1": 20, "SHA224": 28, "SHA256": 32, "SHA384": 48, "SHA512": 64}
_FORMS = {  # by purpose; of an algorithm the groups are its kind, its size or curve, its digest
    "ENCRYPT_DECRYPT": r"(?P<kind>GOOGLE_SYMMETRIC_ENCRYPTION)",
    "RAW_ENCRYPT_DECRYPT": r"AES_(?P<size>128|256)_(?P<kind>GCM|CBC|CTR)",
    "ASYMMETRIC_SIGN": (
        r"RSA_SIGN_(?P<kind>PSS|PKCS1)_(?:(?P<size>2048|3072)_SHA256|4096_(?P<digest>SHA256|SHA512))"
        r"|RSA_SIGN_(?P<raw>RAW_PKCS1)_(?P<bits>2048|3072|4096)"
        r"|EC_SIGN_(?P<curve>P256_SHA256|P384_SHA384|SECP256K1_SHA256|ED25519)"
    ),
    "ASYMMETRIC_DECRYPT": (
        r"RSA_DECRYPT_(?P<kind>OAEP)_(?:(?P<size>2048|3072)_(?P<digest>SHA256|SHA1)|4096_(?P<large>SHA256|SHA512|SHA1))"
    ),
    "MAC": r"(?P<kind>HMAC)_(?P<digest>SHA1|SHA224|SHA256|SHA384|SHA512)",
}


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One algorithm.

    kind is GOOGLE_SYMMETRIC_ENCRYPTION, GCM, CBC, CTR, PSS, PKCS1, RAW_PKCS1, OAEP, HMAC or a curve (P256, P384,
    SECP256K1, ED25519); bits the size of an AES or RSA key, else 0; digest a hash (SHA256), "" where none is used.
    """

    purpose: str
    kind: str
    bits: int = 0
    digest: str = ""


def of(name: str) -> Algorithm | None:
    """The algorithm of that name, None for one that is not emulated."""
    for purpose, form in _FORMS.items():
        found = re.fullmatch(form, name)
        if found is not None:
            return _read(purpose, name, found.groupdict())
    return None


def check(name: str, purpose: str) -> None:
    """Raise 501 for an algorithm that is not emulated, 400 for one that is not for keys of that purpose."""
    algorithm = of(name)
    if algorithm is None:
        raise not_implemented(f"Keys with the algorithm {name[:80]} are not emulated.")
    if algorithm.purpose != purpose:
        raise invalid_argument(f"The algorithm {name} is not for keys of purpose {purpose}.")


def material(name: str) -> bytes:
    """New key material: random bytes of a symmetric key, PKCS #8 in DER of a private key.

    That of a large RSA key takes seconds.
    """
    algorithm = of(name)
    if algorithm is None or algorithm.kind == "GOOGLE_SYMMETRIC_ENCRYPTION":
        return secrets.token_bytes(32)
    if algorithm.kind == "HMAC":
        return secrets.token_bytes(_HASH_BYTES[algorithm.digest])
    if algorithm.purpose == "RAW_ENCRYPT_DECRYPT":
        return secrets.token_bytes(algorithm.bits // 8)
    return _private_key(algorithm)


def _read(purpose: str, name: str, parts: dict[str, str | None]) -> Algorithm:
    if curve := parts.get("curve"):
        kind, _, digest = curve.partition("_")
        return Algorithm(purpose, kind, digest=digest)
    if parts.get("raw"):
        return Algorithm(purpose, "RAW_PKCS1", int(parts["bits"] or 0))
    digest = parts.get("digest") or parts.get("large") or ("SHA256" if purpose == "ASYMMETRIC_SIGN" else "")
    size = parts.get("size") or ("4096" if name.startswith("RSA") else "0")
    return Algorithm(purpose, str(parts["kind"]), int(size), digest)


def _private_key(algorithm: Algorithm) -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    curves: dict[str, Callable[[], ec.EllipticCurve]] = {
        "P256": ec.SECP256R1,
        "P384": ec.SECP384R1,
        "SECP256K1": ec.SECP256K1,
    }
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
    if algorithm.kind in curves:
        key = ec.generate_private_key(curves[algorithm.kind]())
    elif algorithm.kind == "ED25519":
        key = ed25519.Ed25519PrivateKey.generate()
    else:
        key = rsa.generate_private_key(65537, algorithm.bits)
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
