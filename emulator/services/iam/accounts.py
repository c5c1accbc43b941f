"""Service accounts: create, get, list, patch, enable, disable, delete, undelete (IAM v1, projects.serviceAccounts)."""

from __future__ import annotations

import base64
import sqlite3
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from emulator.access.authentication import ACCOUNTS, KEYS
from emulator.access.members import deleted_account
from emulator.errors import ApiError, already_exists, invalid_argument, not_found
from emulator.gateway import paging, validation
from emulator.gateway.collections import apply_path
from emulator.gateway.request import Answer, Request
from emulator.services.iam import members
from emulator.services.iam.names import (
    ACCOUNT_ID,
    DELETED,
    AccountName,
    account_name,
    require_account,
    resource_name,
    unknown_account,
)
from emulator.services.iam.service import SERVICE
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_METHODS = "iam.projects.serviceAccounts"
_LIMITS = {"displayName": 100, "description": 256}
_DEFAULT_PAGE, _MAX_PAGE = 20, 100
RESTORABLE = timedelta(days=30)  # IAM: "Undelete a service account"


def view(account: Resource) -> dict[str, Any]:
    """A service account as IAM answers it."""
    return {
        "name": account.name,
        "oauth2ClientId": account.body["uniqueId"],
        "etag": base64.b64encode(account.etag.encode()).decode(),
        **{key: value for key, value in account.body.items() if value not in ("", False)},
    }


def project_of(request: Request) -> str:
    """projects/ID of the project in a request's path, given by id, by number or (for undelete) as `-`."""
    project = request.name.split("/")[1]
    context = request.context
    return f"projects/{context.settings.project if project == '-' else context.project_id(project)}"


@SERVICE.handles(f"{_METHODS}.create", on=project_of)
async def create(request: Request) -> Answer:
    """Create an account; its id is the part of the address before the @."""
    context = request.context
    account_id = request.body.get("accountId", "")
    if not ACCOUNT_ID.fullmatch(account_id):
        raise invalid_argument(
            f'Invalid account id "{account_id[:40]}": it must be 6 to 30 lower-case letters, digits and hyphens, '
            "start with a letter and not end with a hyphen."
        )
    name = AccountName.of(account_id, project_of(request).partition("/")[2])
    fields = request.body.get("serviceAccount", {})
    body = {
        "projectId": name.project,
        "uniqueId": "1" + context.ids.number()[:20],
        "email": name.email,
        **_checked({key: fields[key] for key in _LIMITS if key in fields}),
    }

    def step(tx: sqlite3.Connection) -> Resource:
        if context.resources.get(ACCOUNTS, str(name), tx) is not None:
            raise already_exists(f"Service account {account_id} already exists within project {name.parent}.")
        return context.resources.insert(tx, ACCOUNTS, str(name), name.parent, body)

    return view(await context.db.write(step))


@SERVICE.handles(f"{_METHODS}.get", on=resource_name)
async def get(request: Request) -> Answer:
    """One account, by address or unique id."""
    return view(require_account(request.context, account_name(request)))


@SERVICE.handles(f"{_METHODS}.list", on=project_of)
async def list_accounts(request: Request) -> Answer:
    """A project's accounts."""
    page = paging.asked(request.query, _DEFAULT_PAGE, _MAX_PAGE, str)
    found, last = request.context.resources.list(ACCOUNTS, project_of(request), page.size, page.name)
    answer: dict[str, Any] = {"accounts": [view(account) for account in found]} if found else {}
    if last:
        answer["nextPageToken"] = paging.encode(last)
    return answer


@SERVICE.handles(f"{_METHODS}.patch", on=resource_name)
async def patch(request: Request) -> Answer:
    """Change display name or description. The body's etag is ignored, as IAM has deprecated it."""
    changes = request.body.get("serviceAccount", {})
    mask = validation.field_mask(request.body.get("updateMask", ""))
    for path in mask:
        if path not in _LIMITS:
            raise validation.unknown_mask(path)
    return await _change(request, changes, mask)


@SERVICE.handles(f"{_METHODS}.update", on=resource_name)
async def update(request: Request) -> Answer:
    """Replace display name and description (the older form of patch)."""
    return await _change(request, request.body, list(_LIMITS))


@SERVICE.handles(f"{_METHODS}.enable", on=resource_name)
async def enable(request: Request) -> Answer:
    """Let a disabled account authenticate again."""
    await _change(request, {"disabled": None}, ["disabled"])
    return {}


@SERVICE.handles(f"{_METHODS}.disable", on=resource_name)
async def disable(request: Request) -> Answer:
    """Refuse the account's tokens and keys from now on."""
    await _change(request, {"disabled": True}, ["disabled"])
    return {}


@SERVICE.handles(f"{_METHODS}.delete", on=resource_name)
async def delete(request: Request) -> Answer:
    """Delete an account with its keys; undelete brings both back, and what policies granted it.

    Until then they name it as deleted, so that a new account of the same address gets nothing of it.
    """
    context = request.context
    name = account_name(request)

    def step(tx: sqlite3.Connection) -> None:
        account = context.resources.get(ACCOUNTS, str(name), tx)
        if account is None:
            raise unknown_account(name)
        keys = context.resources.list(KEYS, str(name), tx=tx)[0]
        kept = {
            "account": account.body,
            "keys": {key.name: key.body for key in keys},
            "policy": context.policies.get(str(name), tx),
        }
        unique = account.body["uniqueId"]
        context.resources.insert(tx, DELETED, f"{name.parent}/deletedServiceAccounts/{unique}", name.parent, kept)
        context.resources.delete_tree(tx, str(name))
        members.rename(tx, context, _member(account.body), deleted_account(name.email, unique))
        _forget(context)

    await context.db.write(step)
    return {}


@SERVICE.handles(f"{_METHODS}.undelete", on=project_of)
async def undelete(request: Request) -> Answer:
    """Bring an account back that was deleted in the last 30 days, by its unique id, unless its address is taken."""
    context = request.context
    unique = request.name.rsplit("/", 1)[-1]
    parent = project_of(request)

    def step(tx: sqlite3.Connection) -> Resource:
        deleted = context.resources.get(DELETED, f"{parent}/deletedServiceAccounts/{unique}", tx)
        if deleted is None or context.clock.now() - datetime.fromisoformat(deleted.created) > RESTORABLE:
            raise not_found(f"No deleted service account with unique id {unique[:40]}.")
        name = f"{parent}/serviceAccounts/{deleted.body['account']['email']}"
        account = context.resources.insert(tx, ACCOUNTS, name, parent, deleted.body["account"])
        for key, body in deleted.body["keys"].items():
            context.resources.insert(tx, KEYS, key, name, body)
        policy = deleted.body["policy"]
        if policy.get("bindings"):
            context.policies.restore(tx, name, policy)
        context.resources.delete(tx, DELETED, deleted.name)
        members.rename(tx, context, deleted_account(account.body["email"], unique), _member(account.body))
        _forget(context)
        return account

    return {"restoredAccount": view(await context.db.write(step))}


def _member(account: dict[str, Any]) -> str:
    return f"serviceAccount:{account['email']}"


async def _change(request: Request, changes: dict[str, Any], fields: list[str]) -> Answer:
    """Copy `fields` from `changes` to the account that the request names."""
    context = request.context
    name = account_name(request)
    _checked(changes)

    def step(tx: sqlite3.Connection) -> Resource:
        account = context.resources.get(ACCOUNTS, str(name), tx)
        if account is None:
            raise unknown_account(name)
        body = dict(account.body)
        for field in fields:
            apply_path(body, changes, field)
        _forget(context)
        return context.resources.replace(tx, ACCOUNTS, str(name), body)

    return view(await context.db.write(step))


def _forget(context: Context) -> None:
    """Inside a write: once it is on disk, verify every token and every permission anew."""
    context.db.after_commit(context.authenticator.forget)
    context.db.after_commit(context.policies.forget)


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    for key, limit in _LIMITS.items():
        if len((fields.get(key) or "").encode()) > limit:
            raise _too_long(key, limit)
    return fields


def _too_long(field: str, limit: int) -> ApiError:
    return invalid_argument(f"{field} of a service account may have at most {limit} bytes of UTF-8.")
