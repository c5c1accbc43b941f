"""Names of service accounts and their keys: parsed here, formatted here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.access.authentication import ACCOUNTS, KEYS
from emulator.errors import ApiError, not_found

if TYPE_CHECKING:
    from emulator.context import Context
    from emulator.gateway.request import Request
    from emulator.state.resources import Resource

DELETED = "iam.deletedServiceAccounts"
ACCOUNT_ID = re.compile(r"[a-z](?:[-a-z0-9]{4,28}[a-z0-9])")
_DOMAIN = ".iam.gserviceaccount.com"


@dataclass(frozen=True, slots=True)
class AccountName:
    """A service account: the project that owns it and its e-mail address."""

    project: str
    email: str

    @staticmethod
    def of(account_id: str, project: str) -> AccountName:
        """The account that `account_id` (the part before the @) names in a project."""
        return AccountName(project, f"{account_id}@{project}{_DOMAIN}")

    @property
    def parent(self) -> str:
        """projects/PROJECT."""
        return f"projects/{self.project}"

    def __str__(self) -> str:
        return f"projects/{self.project}/serviceAccounts/{self.email}"


def account_name(request: Request) -> AccountName:
    """The account that a request's path names.

    IAM accepts `-` for the project, and the numeric unique id in place of the e-mail address. A unique id that no
    account has gives a name that does not exist.
    """
    return find_account(request.context, request.name)


def find_account(context: Context, name: str) -> AccountName:
    """The same for projects/PROJECT/serviceAccounts/ACCOUNT."""
    segments = name.split("/")
    project, account = context.project_id(segments[1]), segments[3]
    if account.isdigit():
        known = context.resources.list(ACCOUNTS, f"projects/{context.settings.project if project == '-' else project}")[
            0
        ]
        account = next((a.id for a in known if a.body.get("uniqueId") == account), account)
    owner = account.partition("@")[2].removesuffix(_DOMAIN) or context.settings.project
    return AccountName(owner if project == "-" else project, account)


def resource_name(request: Request) -> str:
    """The full name of the account or key on which a request's permission is checked."""
    key = request.name.split("/")[4:]
    return "/".join([str(account_name(request)), *key])


def require_account(context: Context, name: AccountName) -> Resource:
    """The account of that name; IAM's 404 where there is none."""
    found = context.resources.get(ACCOUNTS, str(name))
    if found is None:
        raise unknown_account(name)
    return found


def require_key(request: Request) -> Resource:
    """The key that a request's path names; IAM's 404 where there is none."""
    name = resource_name(request)
    found = request.context.resources.get(KEYS, name)
    if found is None:
        raise not_found(f"Service account key {name.rsplit('/', 1)[-1]} does not exist.")
    return found


def unknown_account(name: AccountName) -> ApiError:
    """IAM's 404 for an account that does not exist."""
    return not_found(f"Service account {name} does not exist.")
