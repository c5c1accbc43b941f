"""JSON Web Tokens that service accounts sign: read and checked as strictly as Google does.

RFC 7519; Google Identity: "Using OAuth 2.0 for server to server applications"; AIP-4111 (self-signed JWTs).
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from emulator.hosts import host_of, is_loopback

LONGEST = 3600  # seconds from iat to exp
EVERYTHING = "https://www.googleapis.com/auth/cloud-platform"
SKEW = 60  # seconds by which the clocks of caller and server may differ
# What Google's clients, old and new, write as the audience of an assertion for an access token.
_TOKEN_ENDPOINTS = frozenset(
    (
        "https://oauth2.googleapis.com/token",
        "https://accounts.google.com/o/oauth2/token",
        "https://www.googleapis.com/oauth2/v3/token",
        "https://www.googleapis.com/oauth2/v4/token",
    )
)
TOKEN_PATHS = frozenset(urlsplit(each).path for each in _TOKEN_ENDPOINTS)


@dataclass(frozen=True)
class Parts:
    """A token taken apart: header and claims, and what was signed with which signature."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def read(token: str, algorithms: Collection[str] = ("RS256",)) -> Parts:
    """The parts of a token, nothing verified. Raises ValueError for what is none, or signed in another way."""
    try:
        head, payload, signature = token.encode("ascii").split(b".")
        header, claims = orjson.loads(_decoded(head)), orjson.loads(_decoded(payload))
    except (ValueError, binascii.Error):
        raise ValueError("no token") from None
    if not isinstance(header, dict) or not isinstance(claims, dict) or header.get("alg") not in algorithms:
        raise ValueError(f"no token that is signed with {' or '.join(algorithms)}")
    if "crit" in header:  # RFC 7515 4.1.11: extensions that have to be understood
        raise ValueError("a token with extensions")
    return Parts(header, claims, head + b"." + payload, _decoded(signature))


def sign(key: Mapping[str, str], now: float) -> str:
    """A token for all of Google's APIs that the account of a key file signs itself (AIP-4111), good for an hour."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    private = serialization.load_pem_private_key(key["private_key"].encode(), None)
    assert isinstance(private, RSAPrivateKey)
    email, issued = key["client_email"], int(now)
    header = {"alg": "RS256", "typ": "JWT", "kid": key["private_key_id"]}
    claims = {"iss": email, "sub": email, "scope": EVERYTHING, "iat": issued, "exp": issued + LONGEST}
    signed = b".".join(_encoded(orjson.dumps(part)) for part in (header, claims))
    return (signed + b"." + _encoded(private.sign(signed, PKCS1v15(), hashes.SHA256()))).decode()


def check_signature(parts: Parts, public_key: str) -> None:
    """Raise ValueError unless the key (PEM) made the signature."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    key = serialization.load_pem_public_key(public_key.encode())
    assert isinstance(key, RSAPublicKey)
    try:
        key.verify(parts.signature, parts.signed, PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise ValueError("another signature") from None


def check_times(claims: Mapping[str, Any], now: float) -> None:
    """Raise ValueError unless the token holds now, and for an hour at most: iat and exp in seconds since 1970."""
    issued, expires = moment(claims, "iat"), moment(claims, "exp")
    if not issued - SKEW <= now < expires + SKEW or not 0 < expires - issued <= LONGEST:
        raise ValueError("not now, or for more than an hour")
    if claims.get("nbf") is not None and now + SKEW < moment(claims, "nbf"):  # RFC 7519 4.1.5
        raise ValueError("not yet")


def text(claims: Mapping[str, Any], name: str) -> str:
    """A claim that must be a text. Raises ValueError."""
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"no {name}")
    return value


def is_token_endpoint(audience: object, base_url: str) -> bool:
    """Whether an assertion is meant for the token endpoint: Google's, or the one here."""
    if not isinstance(audience, str):
        return False
    if audience in _TOKEN_ENDPOINTS:
        return True
    return _is_here(audience, base_url) and urlsplit(audience).path in TOKEN_PATHS


def is_for_an_api(claims: Mapping[str, Any], base_url: str) -> bool:
    """Whether a self-signed token is meant for a Google API, or one here: by its audience, or by scopes instead."""
    audience = claims.get("aud")
    if audience is None:
        scope = claims.get("scope")
        return isinstance(scope, str) and bool(scope.split())
    if not isinstance(audience, str) or audience in _TOKEN_ENDPOINTS:
        return False
    of_google = audience.startswith("https://") and host_of(audience).endswith(".googleapis.com")
    return of_google or _is_here(audience, base_url)


def _is_here(audience: str, base_url: str) -> bool:
    return is_loopback(audience) or host_of(audience) == host_of(base_url)


def moment(claims: Mapping[str, Any], name: str) -> float:
    """A claim that must be a time in seconds since 1970. Raises ValueError."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{name} is no number of seconds")
    return value


def _decoded(part: bytes) -> bytes:
    return base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
