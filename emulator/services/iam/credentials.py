"""Short-lived credentials: access tokens of service accounts that the caller may impersonate (IAM Credentials v1)."""

from __future__ import annotations

import re
from datetime import timedelta

from emulator.access.authentication import LIFETIME
from emulator.errors import failed_precondition, invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.iam.names import AccountName, account_name, require_account, resource_name
from emulator.services.iam.service import SERVICE

_DURATION = re.compile(r"(\d{1,6})(?:\.\d+)?s")
_GET_TOKEN = "iam.serviceAccounts.getAccessToken"  # noqa: S105 - the name of a permission
_DELEGATE = "iam.serviceAccounts.implicitDelegation"


@SERVICE.handles("iamcredentials.projects.serviceAccounts.generateAccessToken", permission="")
async def generate_access_token(request: Request) -> Answer:
    """A token of the account named; the caller, or the last delegate, must hold getAccessToken on it.

    Each delegate must be one that the one before it may act through (implicitDelegation), as in a chain of accounts.
    """
    context = request.context
    caller = request.principal
    for delegate in request.body.get("delegates", []):
        email = delegate.rsplit("/", 1)[-1]
        name = AccountName(email.partition("@")[2].removesuffix(".iam.gserviceaccount.com"), email)
        context.policies.require(caller, _DELEGATE, str(name))
        caller = f"serviceAccount:{email}"
    context.policies.require(caller, _GET_TOKEN, resource_name(request))
    account = require_account(context, account_name(request))
    if account.body.get("disabled"):
        raise failed_precondition("The service account is disabled; enable it first.")
    if not request.body.get("scope"):
        raise invalid_argument("scope is required: name at least one OAuth 2.0 scope.")
    lifetime = _seconds(request.body.get("lifetime", f"{LIFETIME}s"))
    expires = context.clock.now() + timedelta(seconds=lifetime)
    return {
        "accessToken": context.authenticator.issue(account.body["email"], lifetime),
        "expireTime": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _seconds(text: str) -> int:
    """The lifetime asked for; IAM Credentials: at most one hour unless the organization's policy allows more."""
    found = _DURATION.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= LIFETIME:
        raise invalid_argument(f'Invalid lifetime "{text[:40]}": it must be from 1s to {LIFETIME}s.')
    return int(found[1])
