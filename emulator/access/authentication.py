"""Who is asking: the owner's token, tokens that the emulator issued, self-signed JWTs of service-account keys.

The token endpoint (/token) exchanges a key's signed assertion for an access token (RFC 7523), as Google's does.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from emulator.access import assertions, certificates
from emulator.access.federated import POOLS, Federated, pool_of
from emulator.access.hierarchy import by_id
from emulator.errors import ApiError, unauthenticated
from emulator.state.private import secret_file
from emulator.state.resources import Resource
from emulator.state.state import State

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

LIFETIME = 3600
MOST_VIA = 16  # that a token names of those by whom it was got: a chain of delegates may be long
ACCOUNTS = "iam.serviceAccounts"
KEYS = "iam.serviceAccountKeys"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CACHE_LIMIT = 10_000
IssueIdToken = Callable[[str, str], tuple[str, int]]
INVALID = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    'authentication credential. For the emulator: eval "$(python -m emulator env)".'
)
MISSING = (
    "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid "
    'authentication credential. For the emulator: eval "$(python -m emulator env)".'
)


NOT_AUTHORIZED = (
    "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the"
    " scopes requested."
)
NO_SCOPE = "Invalid OAuth scope or ID token audience provided."
WRONG_AUDIENCE = "Invalid JWT: Failed audience check. The right audience is https://oauth2.googleapis.com/token"


@dataclass(frozen=True, slots=True)
class Verified:
    """What credentials that hold stand for: a principal, until when (seconds since 1970), and for which scopes only.

    scopes None is all that the principal may do; via are those who act as the principal, the first one first.
    """

    principal: str
    expires: float
    scopes: frozenset[str] | None = None
    via: tuple[str, ...] = ()


NOBODY = Verified("", 0.0)


class Authenticator:
    """Turns an Authorization header into a principal ("user:..." or "serviceAccount:...")."""

    def __init__(self, state: State, folder: Path) -> None:
        self._state = state
        self._owner = secret_file(folder / "owner-token", lambda: "owner-" + secrets.token_urlsafe(32))
        self._secret = bytes.fromhex(secret_file(folder / "signing-secret", lambda: secrets.token_hex(32)))
        self._known: dict[str, Verified] = {}

    @property
    def owner_token(self) -> str:
        """The token with every permission, for the local stack."""
        return self._owner

    def principal(self, headers: Mapping[str, str], query_token: str = "") -> str:
        """The caller; "" where no credentials came. Raises a 401 for credentials that do not hold."""
        return self.verified(headers, query_token).principal

    def verified(self, headers: Mapping[str, str], query_token: str = "") -> Verified:
        """The caller and his scopes; NOBODY where no credentials came. Raises a 401 for those that do not hold."""
        header = headers.get("authorization", "")
        if not header and not query_token:
            return NOBODY
        token = header[7:].strip() if header[:7].lower() == "bearer " else query_token
        if not token:
            raise unauthenticated(INVALID, reason="authError")
        known = self._known.get(token)
        now = self._state.clock.seconds()
        if known is not None and known.expires > now:
            return known
        verified = self._verify(token, now)
        if len(self._known) >= CACHE_LIMIT:
            self._known = {}
        self._known[token] = verified
        return verified

    def forget(self) -> None:
        """Drop what was verified: a key or an account has changed."""
        self._known = {}

    def require_enabled(self, email: str, unique_id: str = "") -> None:
        """A 401 where the service account is disabled or gone, or is not the one with that unique id any more."""
        account = self._state.resources.get(ACCOUNTS, account_name(email))
        if account is None or account.body.get("disabled"):
            raise unauthenticated(INVALID, reason="authError")
        if unique_id and account.body.get("uniqueId") != unique_id:
            raise unauthenticated(INVALID, reason="authError")

    def issue(
        self, email: str, lifetime: int = LIFETIME, scopes: Iterable[str] | None = None, via: Sequence[str] = ()
    ) -> str:
        """An access token for a service account, signed, valid for `lifetime` seconds and over a restart.

        It does what the account may, as far as one of the OAuth scopes covers it; None is everything. It says via whom
        it was got, the first one first, as far as MOST_VIA go.
        """
        account = self._state.resources.require(ACCOUNTS, account_name(email))
        claims = {
            "sub": email,
            "uid": account.body["uniqueId"],
            "exp": int(self._state.clock.seconds()) + lifetime,
            "jti": secrets.token_hex(4),
        }
        if scopes is not None:
            claims["scope"] = " ".join(scopes)
        if via:
            claims["via"] = [str(each) for each in via[:MOST_VIA]]
        payload = base64.urlsafe_b64encode(orjson.dumps(claims)).rstrip(b"=").decode()
        return f"emu.{payload}.{self._signature(payload)}"

    def issue_federated(self, principal: Federated, lifetime: int, scopes: Iterable[str]) -> str:
        """An access token for a federated identity, as `issue` makes them for accounts."""
        claims = {
            "principal": str(principal),
            "sets": sorted(principal.sets),
            "exp": int(self._state.clock.seconds()) + lifetime,
            "jti": secrets.token_hex(4),
            "scope": " ".join(scopes),
        }
        payload = base64.urlsafe_b64encode(orjson.dumps(claims)).rstrip(b"=").decode()
        return f"emu.{payload}.{self._signature(payload)}"

    def exchange(self, form: Mapping[str, str], issue_id_token: IssueIdToken) -> dict[str, Any]:
        """The answer of the token endpoint: an access token, or for a target_audience an ID token.

        Raises a 400 in OAuth's words (RFC 6749 5.2).
        """
        if form.get("grant_type") != JWT_BEARER:
            raise ApiError(400, "INVALID_ARGUMENT", "unsupported_grant_type", "unsupported_grant_type")
        claims = self._verified_claims(form.get("assertion", ""), self._state.clock.seconds())
        if claims.get("sub", claims["iss"]) != claims["iss"]:
            raise ApiError(400, "INVALID_ARGUMENT", NOT_AUTHORIZED, "unauthorized_client")
        if not assertions.is_token_endpoint(claims.get("aud"), self._state.settings.base_url):
            raise ApiError(400, "INVALID_ARGUMENT", WRONG_AUDIENCE, "invalid_grant")
        if audience := claims.get("target_audience"):
            return {"id_token": issue_id_token(claims["iss"], str(audience))[0]}
        scope = claims.get("scope")
        if not isinstance(scope, str) or not scope.split():
            raise ApiError(400, "INVALID_ARGUMENT", NO_SCOPE, "invalid_scope")
        token = self.issue(claims["iss"], scopes=scope.split())
        return {"access_token": token, "expires_in": LIFETIME, "token_type": "Bearer"}

    def _signature(self, payload: str) -> str:
        digest = hmac.new(self._secret, payload.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def _verify(self, token: str, now: float) -> Verified:
        if hmac.compare_digest(token.encode(), self._owner.encode()):
            return Verified(self._state.settings.owner, now + LIFETIME)
        if token.startswith("emu."):
            return self._verify_own(token, now)
        if token.count(".") == 2:
            return self._verify_jwt(token, now)
        raise unauthenticated(INVALID, reason="authError")

    def _verify_own(self, token: str, now: float) -> Verified:
        parts = token.split(".")
        payload = parts[1] if len(parts) == 3 else ""
        if not hmac.compare_digest(parts[-1].encode(), self._signature(payload).encode()):
            raise unauthenticated(INVALID, reason="authError")
        claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        if claims["exp"] <= now:
            raise unauthenticated(INVALID, reason="authError")
        if "principal" in claims:
            return self._federated(claims)
        self.require_enabled(claims["sub"], claims["uid"])
        scope = claims.get("scope")
        return replace(_account(claims["sub"], claims["exp"], scope), via=tuple(claims.get("via", ())))

    def _federated(self, claims: Mapping[str, Any]) -> Verified:
        """Whom a token of a pool stands for. Raises a 401 where the pool is disabled or deleted by now."""
        principal = Federated(claims["principal"], claims["sets"])
        pool = self._state.resources.get(POOLS, by_id(self._state, pool_of(principal)))
        if pool is None or pool.body.get("disabled") or pool.body.get("state") != "ACTIVE":
            raise unauthenticated(INVALID, reason="authError")
        return Verified(principal, claims["exp"], frozenset(claims["scope"].split()))

    def _verify_jwt(self, token: str, now: float) -> Verified:
        """Who signed a JWT for an API by himself, and until when it holds (AIP-4111). Raises a 401."""
        claims = self._verified_claims(token, now)
        own = claims.get("sub") == claims["iss"]
        if not own or not assertions.is_for_an_api(claims, self._state.settings.base_url):
            raise unauthenticated(INVALID, reason="authError")
        scope = claims.get("scope") if claims.get("aud") is None else None
        return _account(claims["iss"], claims["exp"], scope)

    def _verified_claims(self, token: str, now: float) -> dict[str, Any]:
        """The claims of a JWT that a key of the service account `iss` has signed. Raises a 401."""
        try:
            parts = assertions.read(token)
            assertions.check_times(parts.claims, now)
            email = assertions.text(parts.claims, "iss")
            assertions.check_signature(parts, self._public_key(email, assertions.text(parts.header, "kid")))
        except ValueError:
            raise unauthenticated(INVALID, reason="authError") from None
        self.require_enabled(email)
        return parts.claims

    def _public_key(self, email: str, key_id: str) -> str:
        key = self._state.resources.get(KEYS, f"{account_name(email)}/keys/{key_id}")
        if key is None or not holds(key, self._state.clock.seconds()):
            raise unauthenticated(INVALID, reason="authError")
        return str(key.body["publicKeyPem"])


def _account(email: str, expires: float, scope: str | None) -> Verified:
    return Verified(f"serviceAccount:{email}", expires, None if scope is None else frozenset(scope.split()))


def holds(key: Resource, now: float) -> bool:
    """Whether what a service account's key signs counts at a time, in seconds since 1970: not disabled, not expired."""
    expires = key.body.get("validBefore")
    return not key.body.get("disabled") and (not expires or dt.datetime.fromisoformat(expires).timestamp() > now)


def account_name(email: str) -> str:
    """projects/P/serviceAccounts/NAME@P.iam.gserviceaccount.com for that e-mail address."""
    project = email.partition("@")[2].removesuffix(".iam.gserviceaccount.com")
    return f"projects/{project}/serviceAccounts/{email}"


def new_private_key() -> RSAPrivateKey:
    """An RSA key of 2048 bits, as service accounts have."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_record(private: RSAPrivateKey, owner: str) -> dict[str, Any]:
    """What is kept of a key, for an account's unique id: its public half, bare and as a certificate, in PEM form."""
    from cryptography.hazmat.primitives import serialization

    public_pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    certificate = certificates.self_signed(private, owner)
    return {"publicKeyPem": public_pem.decode(), "certificatePem": certificate.decode(), "disabled": False}


def make_key(state: State, tx: sqlite3.Connection, email: str, private: RSAPrivateKey | None = None) -> dict[str, Any]:
    """Create an RSA key for a service account, of `private` where it is made already.

    Returns the JSON of its key file, the private key's only copy.
    """
    from cryptography.hazmat.primitives import serialization

    private = private or new_private_key()
    private_pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key_id = state.ids.hex(40)
    account = account_name(email)
    record = state.resources.get(ACCOUNTS, account, tx)
    owner = record.body["uniqueId"] if record is not None else email
    state.resources.insert(tx, KEYS, f"{account}/keys/{key_id}", account, key_record(private, owner))
    base = state.settings.base_url
    return {
        "type": "service_account",
        "project_id": account.split("/")[1],
        "private_key_id": key_id,
        "private_key": private_pem.decode(),
        "client_email": email,
        "client_id": record.body.get("uniqueId", "") if record is not None else "",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": f"{base}/token",
        "auth_provider_x509_cert_url": f"{base}/oauth2/v1/certs",
        "client_x509_cert_url": f"{base}/robot/v1/metadata/x509/{email.replace('@', '%40')}",
        "universe_domain": "googleapis.com",
    }
