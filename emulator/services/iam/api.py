"""What others ask in-process: whether a service account exists, and whether a caller may have work done as one."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from emulator.access.authentication import ACCOUNTS, account_name
from emulator.errors import permission_denied
from emulator.services.serviceusage import api as serviceusage

if TYPE_CHECKING:
    from emulator.context import Context

ACCOUNT_DOMAIN = ".iam.gserviceaccount.com"
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


def service_account_exists(context: Context, email: str, tx: sqlite3.Connection | None = None) -> bool:
    """Whether a service account or service agent of a project here exists; those of other projects count as existing.

    A service agent exists once its API is enabled or its identity was generated (IAM: "Service agents").
    """
    name, _, domain = email.partition("@")
    if name == f"service-{context.settings.project_number}":
        return serviceusage.agent_exists(context, email, tx)
    if not context.project_exists(domain.removesuffix(ACCOUNT_DOMAIN)):
        return True
    return context.resources.get(ACCOUNTS, account_name(email), tx) is not None
