"""Public keys as others read them: X.509 certificates, and JSON Web Keys."""

from __future__ import annotations

import base64
import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_FOREVER = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)  # as validBeforeTime of a key that never expires


def self_signed(key: RSAPrivateKey, name: str) -> bytes:
    """A certificate in PEM form that a key signs for itself, as Google gives for a user-managed key.

    name becomes the common name: the unique id of the service account.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5))
        .not_valid_after(_FOREVER)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=True)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def jwk(key_id: str, exponent: int, modulus: int) -> dict[str, str]:
    """An RSA public key for signatures by RS256 as a JSON Web Key (RFC 7517, RFC 7518 6.3.1)."""
    numbers = {"e": _number(exponent), "n": _number(modulus)}
    return {"kid": key_id, "kty": "RSA", "alg": "RS256", "use": "sig", **numbers}


def _number(number: int) -> str:
    """Base64urlUInt of RFC 7518 2."""
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()
