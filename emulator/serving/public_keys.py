"""Public keys where Google publishes them, for whoever verifies what a service account or the emulator has signed.

IAM: "Create self-signed JSON Web Tokens", and the key files' client_x509_cert_url. Anybody may read them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from emulator.access import certificates, id_tokens
from emulator.access.authentication import ACCOUNTS, KEYS, account_name, holds
from emulator.errors import not_found

if TYPE_CHECKING:
    from emulator.context import Context
    from emulator.state.resources import Resource

_PATH = re.compile(r"/(?:robot/v1/metadata|service_accounts/v1(?:/metadata)?)/(x509|jwk)/([^/]+)")
_BEGINNINGS = ("/robot/v1/", "/service_accounts/v1/", "/oauth2/v", "/.well-known/")
_OWN = frozenset((id_tokens.CERTIFICATES, id_tokens.KEYS, id_tokens.CONFIGURATION, "/oauth2/v2/certs"))


def is_path(raw_path: str) -> bool:
    """Whether keys are published at a path."""
    if not raw_path.startswith(_BEGINNINGS):  # asked of every path
        return False
    return raw_path in _OWN or _PATH.fullmatch(raw_path) is not None


def published(context: Context, raw_path: str) -> dict[str, Any]:
    """The keys of an account that hold now: {id: certificate in PEM form} at x509, a JWK set (RFC 7517) at jwk.

    At Google's own paths, the key with which the emulator signs ID tokens. Raises 404 for no such account.
    """
    found = _PATH.fullmatch(raw_path)
    if found is None:
        return _own(context, raw_path)
    form, email = found[1], unquote(found[2])
    account = account_name(email)
    if context.resources.get(ACCOUNTS, account) is None:
        raise not_found(f"Service account {email[:200]} does not exist.")
    now = context.clock.seconds()
    keys = [key for key in context.resources.list(KEYS, account)[0] if holds(key, now)]
    if form == "x509":
        return {key.id: key.body["certificatePem"] for key in keys if "certificatePem" in key.body}
    return {"keys": [_jwk(key) for key in keys]}


def _own(context: Context, raw_path: str) -> dict[str, Any]:
    if raw_path == id_tokens.CONFIGURATION:
        return context.id_tokens.configuration()
    return context.id_tokens.certificates() if raw_path == id_tokens.CERTIFICATES else context.id_tokens.keys()


def _jwk(key: Resource) -> dict[str, str]:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    public = load_pem_public_key(key.body["publicKeyPem"].encode())
    assert isinstance(public, RSAPublicKey)
    numbers = public.public_numbers()
    return certificates.jwk(key.id, numbers.e, numbers.n)
