"""Exchange of another issuer's token for one of Google's (RFC 8693; IAM: "Workload Identity Federation").

What is refused is refused in OAuth's words (RFC 6749 5.2), which `reason` of the ApiError has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.access import assertions, conditions, federated
from emulator.access.federated import POOLS, Federated
from emulator.access.hierarchy import by_id, by_number
from emulator.errors import ApiError
from emulator.services.iam.federation.issuers import ALGORITHMS, keys_of, verify
from emulator.services.iam.federation.pools import PROVIDERS
from emulator.services.iam.federation.resources import is_usable

if TYPE_CHECKING:
    from emulator.context import Context

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  the name of a type
SUBJECT_TYPES = ("urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token")
LONGEST = 12_288  # characters of a token (chosen; claims are read by expressions)
_AUDIENCE = re.compile(
    r"//iam\.googleapis\.com/(projects/[^/]+/locations/global/workloadIdentityPools/[^/]+)/providers/([^/]+)"
)
_DAY = 24 * 3600
_LONGEST_SUBJECT = 127
_NO_TARGET = (
    'The target service indicated by the "audience" parameters is invalid. This might either be because the pool or'
    " provider is disabled or deleted or because it doesn't exist."
)


@dataclass(frozen=True)
class Asked:
    """What an exchange asks for: the provider by its audience, with the token of its issuer."""

    audience: str
    token: str


def refusal(reason: str, text: str) -> ApiError:
    """A 400 in OAuth's words."""
    return ApiError(400, "INVALID_ARGUMENT", text, reason)


async def exchange(context: Context, asked: Asked) -> Federated:
    """The principal that a token stands for. Raises a 400 for a token or provider that does not hold."""
    found = _AUDIENCE.fullmatch(asked.audience)
    if found is None:
        raise refusal("invalid_request", 'Invalid value for "audience".')
    pool = by_id(context, found[1])
    name = f"{pool}/providers/{found[2]}"
    if not (is_usable(context, POOLS, pool) and is_usable(context, PROVIDERS, name)):
        raise refusal("invalid_target", _NO_TARGET)
    provider = context.resources.require(PROVIDERS, name).body
    claims = await _verified(context, provider["oidc"], asked, name)
    mapped = _mapped(provider, claims)
    attributes = [(key[10:], value) for key, value in mapped.items() if key.startswith("attribute.")]
    groups = mapped.get("google.groups", [])
    return federated.principal(by_number(context, pool), mapped["google.subject"], groups, attributes)


async def _verified(context: Context, oidc: dict[str, Any], asked: Asked, provider: str) -> dict[str, Any]:
    """The claims of a token that the provider's issuer made for it, and that holds now."""
    try:
        if len(asked.token) > LONGEST:
            raise ValueError(f"it has more than {LONGEST} characters")
        parts = assertions.read(asked.token, ALGORITHMS)
        _check_times(parts.claims, context.clock.seconds())
    except ValueError as problem:
        raise refusal("invalid_grant", f"The ID Token is malformed or does not hold: {problem}.") from None
    if parts.claims.get("iss") != oidc["issuerUri"]:
        raise refusal("invalid_grant", "The issuer in ID Token does not match the expected ones: " + oidc["issuerUri"])
    _check_audience(parts.claims.get("aud"), oidc, asked, by_number(context, provider))
    try:
        keys = await keys_of(context, oidc)
    except (ValueError, KeyError, TypeError) as problem:
        raise refusal("invalid_grant", f"Error connecting to the given credential's issuer: {problem}") from None
    if not verify(keys, parts.header, parts.signed, parts.signature):
        raise refusal("invalid_grant", "Invalid ID Token: its signature is by none of the issuer's keys.")
    return parts.claims


def _check_times(claims: dict[str, Any], now: float) -> None:
    """Raise ValueError unless a token holds now, and for a day at most."""
    issued, expires = assertions.moment(claims, "iat"), assertions.moment(claims, "exp")
    if not issued - assertions.SKEW <= now < expires or not 0 < expires - issued <= _DAY:
        raise ValueError("it is expired, of the future, or for more than a day")


def _check_audience(given: Any, oidc: dict[str, Any], asked: Asked, provider: str) -> None:
    full = f"//iam.googleapis.com/{provider}"
    allowed = oidc.get("allowedAudiences") or [full, f"https:{full}", asked.audience, f"https:{asked.audience}"]
    audiences = given if isinstance(given, list) else [given]
    if not set(map(str, audiences)) & set(allowed):
        shown = ", ".join(str(each)[:200] for each in audiences[:5])
        raise refusal(
            "invalid_grant", f"The audience in ID Token [{shown}] does not match the expected audience {allowed[0]}."
        )


def _mapped(provider: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
    """The attributes that the provider's mapping makes of claims, if its condition holds for them."""
    mapping = provider["attributeMapping"]
    mapped = {target: _value(target, expression, claims) for target, expression in mapping.items()}
    variables = {
        "assertion": claims,
        "google": {key[7:]: value for key, value in mapped.items() if key.startswith("google.")},
        "attribute": {key[10:]: value for key, value in mapped.items() if key.startswith("attribute.")},
    }
    if (condition := provider.get("attributeCondition")) and conditions.value_of(condition, variables) is not True:
        raise refusal("unauthorized_client", "The given credential is rejected by the attribute condition.")
    return mapped


def _value(target: str, expression: str, claims: dict[str, Any]) -> Any:
    value = conditions.value_of(expression, {"assertion": claims})
    if target == "google.groups":
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise refusal("invalid_grant", "The mapped attribute google.groups must be a list of texts.")
        return value
    if isinstance(value, bool):
        value = str(value).lower()
    if not isinstance(value, str) or not value or (target == "google.subject" and len(value) > _LONGEST_SUBJECT):
        raise refusal(
            "invalid_grant",
            f"The mapped attribute {target} must be a text, and google.subject of 127 characters at most.",
        )
    return value
