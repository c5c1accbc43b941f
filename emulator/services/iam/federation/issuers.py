"""Keys of issuers: uploaded with a provider, or fetched from an issuer on this machine (OpenID Connect Discovery)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import orjson

from emulator.errors import invalid_argument
from emulator.outgoing import RefusedEndpoint, endpoint_of, fetch

if TYPE_CHECKING:
    from emulator.context import Context

ALGORITHMS = ("RS256", "ES256")
_SECONDS = 5.0
_MOST_KEYS = 100


def check_jwks(text: str) -> list[dict[str, Any]]:
    """The keys of a JSON Web Key Set (RFC 7517). Raises a 400 for what is none."""
    try:
        keys = orjson.loads(text)["keys"]
        right = isinstance(keys, list) and all(isinstance(key, dict) and key.get("kty") for key in keys)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        right = False
    if not right or len(keys) > _MOST_KEYS:
        raise invalid_argument("oidc.jwksJson is no JSON Web Key Set (RFC 7517).")
    found: list[dict[str, Any]] = keys
    return found


async def keys_of(context: Context, oidc: dict[str, Any]) -> list[dict[str, Any]]:
    """The keys by which an issuer's tokens are checked. Raises ValueError where they can't be had."""
    if uploaded := oidc.get("jwksJson"):
        return check_jwks(uploaded)
    issuer = oidc["issuerUri"].rstrip("/")
    found = orjson.loads(await _get(context, f"{issuer}/.well-known/openid-configuration"))
    keys = orjson.loads(await _get(context, str(found["jwks_uri"])))["keys"]
    return [key for key in keys if isinstance(key, dict)][:_MOST_KEYS]


async def _get(context: Context, url: str) -> bytes:
    settings = context.settings
    own = settings.ports
    try:
        status, body = await fetch(endpoint_of(url, own), _SECONDS)
    except RefusedEndpoint as problem:
        raise ValueError(f"{problem} Give the provider its keys as oidc.jwksJson.") from None
    except (OSError, TimeoutError) as problem:
        raise ValueError(f"{url[:200]} does not answer.") from problem
    if status != 200:
        raise ValueError(f"{url[:200]} answered {status}.")
    return body


def verify(keys: list[dict[str, Any]], header: dict[str, Any], signed: bytes, signature: bytes) -> bool:
    """Whether one of the keys made the signature of a token with that header."""
    from cryptography.exceptions import InvalidSignature

    for key in keys:
        if header.get("kid") in (None, key.get("kid")) or key.get("kid") is None:
            try:
                _verify_one(key, header["alg"], signed, signature)
            except (InvalidSignature, ValueError, KeyError, TypeError):
                continue
            return True
    return False


def _verify_one(key: dict[str, Any], algorithm: str, signed: bytes, signature: bytes) -> None:
    """Raise unless a key (JWK) made the signature."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    if algorithm == "RS256" and key["kty"] == "RSA":
        public = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
        public.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    elif algorithm == "ES256" and key["kty"] == "EC" and len(signature) == 64:
        numbers = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), ec.SECP256R1())
        both = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
        numbers.public_key().verify(both, signed, ec.ECDSA(hashes.SHA256()))
    else:
        raise ValueError("another kind of key")


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
