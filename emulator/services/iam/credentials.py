"""Short-lived credentials of service accounts that the caller may impersonate (IAM Credentials v1).

Access tokens, ID tokens, and signatures by the key that IAM keeps of an account.
"""

from __future__ import annotations

import base64
import re
from datetime import timedelta

import orjson

from emulator.access.authentication import LIFETIME
from emulator.access.authorization import denied
from emulator.errors import failed_precondition, invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.iam.names import account_name, find_account, require_account, resource_name
from emulator.services.iam.service import SERVICE
from emulator.services.iam.system_keys import key_of, sign
from emulator.state.resources import Resource

_METHODS = "iamcredentials.projects.serviceAccounts"
_DURATION = re.compile(r"(\d{1,6})(?:\.\d+)?s")
_DELEGATE = re.compile(r"projects/-/serviceAccounts/[^/]+")
_DELEGATION = "iam.serviceAccounts.implicitDelegation"
_LONGEST_JWT = 12 * 3600  # IAM Credentials: signJwt, exp


@SERVICE.handles(f"{_METHODS}.generateAccessToken", permission="")
async def generate_access_token(request: Request) -> Answer:
    """An OAuth 2.0 access token, good for the scopes asked for."""
    account = _impersonated(request, "getAccessToken")
    scopes = request.body.get("scope")
    if not scopes:
        raise invalid_argument("scope is required: name at least one OAuth 2.0 scope.")
    context = request.context
    lifetime = _seconds(request.body.get("lifetime", f"{LIFETIME}s"))
    expires = context.clock.now() + timedelta(seconds=lifetime)
    return {
        "accessToken": context.authenticator.issue(account.body["email"], lifetime, scopes, _via(request)),
        "expireTime": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


@SERVICE.handles(f"{_METHODS}.generateIdToken", permission="")
async def generate_id_token(request: Request) -> Answer:
    """An OpenID Connect ID token for an audience; it has the account's address only with includeEmail."""
    account = _impersonated(request, "getOpenIdToken")
    audience = request.body.get("audience")
    if not audience:
        raise invalid_argument("audience is required: name who is to accept the token.")
    with_email = request.body.get("includeEmail", False)
    return {"token": request.context.id_tokens.issue(account.body["email"], audience, with_email=with_email)[0]}


@SERVICE.handles(f"{_METHODS}.signBlob", permission="")
async def sign_blob(request: Request) -> Answer:
    """A signature of bytes."""
    account = _impersonated(request, "signBlob")
    payload = request.body.get("payload")
    if not payload:
        raise invalid_argument("payload is required: the bytes to sign, in base64.")
    key_id, signature = await sign(request.context, account, base64.b64decode(payload, altchars=b"-_"))
    return {"keyId": key_id, "signedBlob": base64.b64encode(signature).decode()}


@SERVICE.handles(f"{_METHODS}.signJwt", permission="")
async def sign_jwt(request: Request) -> Answer:
    """A JSON Web Token of the claims in the payload (RFC 7519); without `exp` it holds for an hour."""
    account = _impersonated(request, "signJwt")
    context = request.context
    claims = _claims(request.body.get("payload", ""), context.clock.seconds())
    key = await key_of(context, account)
    head = {"alg": "RS256", "kid": key.id, "typ": "JWT"}
    text = b".".join(_encoded(orjson.dumps(part)) for part in (head, claims))
    _, signature = await sign(context, account, text)
    return {"keyId": key.id, "signedJwt": (text + b"." + _encoded(signature)).decode()}


def _impersonated(request: Request, right: str) -> Resource:
    """The account that a request names, if the caller, or the last of the delegates, has the right on it.

    Each delegate must be one that the one before it may act through (IAM: "Delegated requests"). Raises 403 where one
    may not, 404 for no account, 400 for a disabled one.
    """
    context = request.context
    caller = request.principal
    for delegate in request.body.get("delegates", []):
        if not _DELEGATE.fullmatch(delegate):
            raise invalid_argument(
                f'Invalid delegate "{delegate[:200]}": it is projects/-/serviceAccounts/ACCOUNT_EMAIL_OR_UNIQUEID, with'
                " the hyphen in place of the project."
            )
        name = find_account(context, delegate)
        _require(request, caller, _DELEGATION, str(name))
        _require_enabled(require_account(context, name))
        caller = f"serviceAccount:{name.email}"
    _require(request, caller, f"iam.serviceAccounts.{right}", resource_name(request))
    return _require_enabled(require_account(context, account_name(request)))


def _require(request: Request, caller: str, permission: str, account: str) -> None:
    """Raise a 403 where the caller, or a delegate, lacks a permission on an account; the audit log says of which."""
    granted = request.context.policies.allows(caller, permission, account)
    request.asked[permission, account] = granted
    if not granted:
        raise denied(permission, account)


def _via(request: Request) -> tuple[str, ...]:
    """By whom a token is got: who acts as the caller, the caller, and the delegates, in their order."""
    delegates = [find_account(request.context, each).email for each in request.body.get("delegates", [])]
    return (*request.via, request.principal, *(f"serviceAccount:{each}" for each in delegates))


def _require_enabled(account: Resource) -> Resource:
    if account.body.get("disabled"):
        raise failed_precondition(f"The service account {account.body['email']} is disabled; enable it first.")
    return account


def _seconds(text: str) -> int:
    """The lifetime asked for; IAM Credentials: at most one hour unless the organization's policy allows more."""
    found = _DURATION.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= LIFETIME:
        raise invalid_argument(f'Invalid lifetime "{text[:40]}": it must be from 1s to {LIFETIME}s.')
    return int(found[1])


def _claims(payload: str, now: float) -> dict[str, object]:
    """The claims of a JWT to be signed, with their end. Raises a 400 for none, or an end that is not to be had."""
    try:
        claims = orjson.loads(payload)
    except orjson.JSONDecodeError:
        claims = None
    if not isinstance(claims, dict):
        raise invalid_argument("payload must be a serialized JSON object that contains a JWT Claims Set.")
    expires = claims.setdefault("exp", int(now) + LIFETIME)
    if not isinstance(expires, int) or isinstance(expires, bool) or not now <= expires <= now + _LONGEST_JWT:
        raise invalid_argument("exp must be an integer timestamp that is not in the past and at most 12 hours away.")
    return claims


def _encoded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")
