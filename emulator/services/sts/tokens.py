"""The exchange itself (RFC 8693): a token of a workload identity pool's provider for an access token."""

from __future__ import annotations

from emulator.access.authentication import LIFETIME
from emulator.gateway.request import Answer, Request
from emulator.services.iam.federation.exchanging import ACCESS_TOKEN, GRANT, SUBJECT_TYPES, Asked, exchange, refusal
from emulator.services.sts.service import SERVICE


@SERVICE.handles("sts.token", permission="")
async def token(request: Request) -> Answer:
    """An access token for the principal that another issuer's token stands for, good for an hour."""
    body = request.body
    if body.get("grantType") != GRANT:
        raise refusal("unsupported_grant_type", f"grantType must be {GRANT}.")
    if body.get("requestedTokenType") != ACCESS_TOKEN:
        raise refusal("invalid_request", f"requestedTokenType must be {ACCESS_TOKEN}.")
    if body.get("subjectTokenType") not in SUBJECT_TYPES:
        raise refusal("invalid_request", f"subjectTokenType must be one of {', '.join(SUBJECT_TYPES)}.")
    scopes = str(body.get("scope", "")).split()
    if not scopes:
        raise refusal("invalid_request", "scope is required: name at least one OAuth 2.0 scope.")
    asked = Asked(str(body.get("audience", "")), str(body.get("subjectToken", "")))
    principal = await exchange(request.context, asked)
    request.noted["principalSubject"] = str(principal)
    issued = request.context.authenticator.issue_federated(principal, LIFETIME, scopes)
    return {
        "access_token": issued,
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": LIFETIME,
    }
