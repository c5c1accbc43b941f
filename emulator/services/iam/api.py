"""What other services ask in-process: whether a caller may have work done as a service account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.gateway.authentication import account_name
from emulator.gateway.errors import permission_denied
from emulator.principals import service_account_exists

if TYPE_CHECKING:
    from emulator.context import Context

_ACT_AS = "iam.serviceAccounts.actAs"


def require_act_as(context: Context, principal: str, email: str | None) -> None:
    """Nothing, or the 403 where `principal` may not attach the service account with that e-mail address.

    Who attaches one to a resource has that resource act with its rights (IAM: "Attach service accounts to resources").
    None or "" names no account and asks for nothing.
    """
    if not email:
        return
    name = account_name(email)
    if not context.policies.allows(principal, _ACT_AS, name) or not service_account_exists(context, email):
        raise permission_denied(
            f'The principal (user or service account) lacks IAM permission "{_ACT_AS}" for the resource '
            f'"{email[:200]}" (or the resource may not exist).'
        )
