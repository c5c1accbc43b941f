"""ID tokens: what the emulator signs so that others know which service account calls them (OpenID Connect Core 2).

They have the claims of Google's (Google Cloud: "ID tokens"), but the emulator as their issuer and a key of its own.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from emulator.access import certificates
from emulator.access.authentication import ACCOUNTS, LIFETIME, account_name, new_private_key
from emulator.state.private import secret_file
from emulator.state.state import State

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

CERTIFICATES = "/oauth2/v1/certs"
KEYS = "/oauth2/v3/certs"
CONFIGURATION = "/.well-known/openid-configuration"


class IdTokens:
    """The tokens of one emulator, and the key behind them, made when first used."""

    def __init__(self, state: State, folder: Path) -> None:
        self._state = state
        self._file = folder / "id-token-key.pem"

    def issue(self, email: str, audience: str, *, with_email: bool = True) -> tuple[str, int]:
        """A token for an audience that names a service account, and when it expires, in seconds since 1970.

        Raises ApiError 404 for no such account.
        """
        account = self._state.resources.require(ACCOUNTS, account_name(email))
        now = int(self._state.clock.seconds())
        claims = {
            "aud": audience,
            "azp": account.body["uniqueId"],
            **({"email": email, "email_verified": True} if with_email else {}),
            "exp": now + LIFETIME,
            "iat": now,
            "iss": self._state.settings.base_url,
            "sub": account.body["uniqueId"],
        }
        return self._signed(claims), now + LIFETIME

    def certificates(self) -> dict[str, str]:
        """The key's certificate in PEM form, by the key's id, as Google's clients verify with."""
        return {self._id: certificates.self_signed(self._key, "id-tokens").decode()}

    def keys(self) -> dict[str, Any]:
        """The key as a JWK set (RFC 7517)."""
        numbers = self._key.public_key().public_numbers()
        return {"keys": [certificates.jwk(self._id, numbers.e, numbers.n)]}

    def configuration(self) -> dict[str, Any]:
        """What OpenID Connect Discovery 1.0 tells of the issuer."""
        issuer = self._state.settings.base_url
        return {
            "issuer": issuer,
            "jwks_uri": f"{issuer}{KEYS}",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": ["aud", "azp", "email", "email_verified", "exp", "iat", "iss", "sub"],
        }

    @functools.cached_property
    def _key(self) -> RSAPrivateKey:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

        form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        text = secret_file(self._file, lambda: new_private_key().private_bytes(*form).decode())
        key = serialization.load_pem_private_key(text.encode(), None)
        assert isinstance(key, RSAPrivateKey)
        return key

    @functools.cached_property
    def _id(self) -> str:
        numbers = self._key.public_key().public_numbers()
        return hashlib.sha256(str(numbers.n).encode()).hexdigest()[:40]

    def _signed(self, claims: dict[str, Any]) -> str:
        """Claims as a JSON Web Token (RFC 7519), signed with RS256."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        head = {"alg": "RS256", "kid": self._id, "typ": "JWT"}
        text = b".".join(_encoded(orjson.dumps(part)) for part in (head, claims))
        return (text + b"." + _encoded(self._key.sign(text, PKCS1v15(), SHA256()))).decode()


def _encoded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")
