"""Public keys of service accounts where Google publishes them, for whoever verifies what an account has signed.

IAM: "Create self-signed JSON Web Tokens", and the key files' client_x509_cert_url. Anybody may read them.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from emulator.access.authentication import ACCOUNTS, KEYS, account_name, holds
from emulator.errors import not_found, not_implemented

if TYPE_CHECKING:
    from emulator.context import Context
    from emulator.state.resources import Resource

_PATH = re.compile(r"/(?:robot/v1/metadata|service_accounts/v1(?:/metadata)?)/(x509|jwk)/([^/]+)")
_BEGINNINGS = ("/robot/v1/", "/service_accounts/v1/", "/oauth2/v")
_GOOGLES_OWN = frozenset(("/oauth2/v1/certs", "/oauth2/v2/certs", "/oauth2/v3/certs"))


def is_path(raw_path: str) -> bool:
    """Whether keys are published at a path."""
    if not raw_path.startswith(_BEGINNINGS):  # asked of every path
        return False
    return raw_path in _GOOGLES_OWN or _PATH.fullmatch(raw_path) is not None


def published(context: Context, raw_path: str) -> dict[str, Any]:
    """The keys of an account that hold now: {id: certificate in PEM form} at x509, a JWK set (RFC 7517) at jwk.

    Raises 404 for no such account, 501 for the keys with which Google signs ID tokens.
    """
    found = _PATH.fullmatch(raw_path)
    if found is None:
        raise not_implemented(
            f"The keys at {raw_path} are not emulated: they are of ID tokens, which are not made here."
        )
    form, email = found[1], unquote(found[2])
    account = account_name(email)
    if context.resources.get(ACCOUNTS, account) is None:
        raise not_found(f"Service account {email[:200]} does not exist.")
    now = context.clock.seconds()
    keys = [key for key in context.resources.list(KEYS, account)[0] if holds(key, now)]
    if form == "x509":
        return {key.id: key.body["certificatePem"] for key in keys if "certificatePem" in key.body}
    return {"keys": [_jwk(key) for key in keys]}


def _jwk(key: Resource) -> dict[str, str]:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    public = load_pem_public_key(key.body["publicKeyPem"].encode())
    assert isinstance(public, RSAPublicKey)
    numbers = public.public_numbers()
    return {"kid": key.id, "kty": "RSA", "alg": "RS256", "use": "sig", "n": _text(numbers.n), "e": _text(numbers.e)}


def _text(number: int) -> str:
    """Base64urlUInt of RFC 7518 2."""
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()
