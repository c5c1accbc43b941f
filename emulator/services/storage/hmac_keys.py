"""storage.projects.hmacKeys.*: pairs of an access id and a secret with which clients of S3 sign for a service account.

https://cloud.google.com/storage/docs/authentication/hmackeys. The secret is shown once, when the key is made.
"""

from __future__ import annotations

import base64
import secrets
import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.access.authentication import ACCOUNTS, account_name
from emulator.errors import ApiError
from emulator.gateway import paging
from emulator.gateway.request import Answer, Request, Response
from emulator.services.storage import access, errors
from emulator.services.storage.service import handles
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

KIND = "storage.hmacKeys"
ACTIVE, INACTIVE, DELETED = "ACTIVE", "INACTIVE", "DELETED"
MOST_OF_AN_ACCOUNT = 10
PAGE = 250
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def secret_of(context: Context, access_id: str) -> tuple[str, str] | None:
    """The e-mail address of the account that an active key signs for, and the key's secret; None for no such key."""
    if not access_id.isalnum():
        return None
    sql = "SELECT name FROM resources WHERE kind = ? AND name LIKE 'projects/%/hmacKeys/' || ?"
    row = context.db.one(sql, (KIND, access_id))
    key = context.resources.get(KIND, row["name"]) if row is not None else None
    if key is None or key.id != access_id or key.body["state"] != ACTIVE:
        return None
    account = context.resources.get(ACCOUNTS, account_name(key.body["serviceAccountEmail"]))
    if account is None or account.body.get("disabled"):
        return None
    return key.body["serviceAccountEmail"], key.body["secret"]


@handles("storage.projects.hmacKeys.create")
async def create(request: Request) -> Answer:
    """Make a key for a service account of the project: 61 characters of id, 40 of secret."""
    context, project = request.context, _project(request, "create")
    email = request.query.get("serviceAccountEmail") or ""
    if not email:
        raise ApiError(400, "INVALID_ARGUMENT", "Required parameter: serviceAccountEmail", "required")
    account = context.resources.get(ACCOUNTS, account_name(email))
    if account is None or account.parent != f"projects/{project}":
        raise ApiError(404, "NOT_FOUND", f"Service Account '{email[:200]}' not found.", "notFound")
    access_id = "GOOG1E" + "".join(secrets.choice(_LETTERS) for _ in range(55))
    secret = base64.b64encode(secrets.token_bytes(30)).decode()
    body = {"serviceAccountEmail": email, "state": ACTIVE, "secret": secret}
    parent = f"projects/{project}"

    def step(tx: sqlite3.Connection) -> Resource:
        keys = context.resources.list(KIND, parent, tx=tx)[0]
        own = [key for key in keys if key.body["serviceAccountEmail"] == email and key.body["state"] != DELETED]
        if len(own) >= MOST_OF_AN_ACCOUNT:
            raise errors.invalid(f"A service account has at most {MOST_OF_AN_ACCOUNT} HMAC keys; delete one of them.")
        return context.resources.insert(tx, KIND, f"{parent}/hmacKeys/{access_id}", parent, body)

    made = await context.db.write(step)
    return {"kind": "storage#hmacKey", "metadata": _view(request, made), "secret": secret}


@handles("storage.projects.hmacKeys.get")
async def get(request: Request) -> Answer:
    """Read a key's metadata; those of a deleted key stay."""
    return _view(request, _require(request, _project(request, "get")))


@handles("storage.projects.hmacKeys.list")
async def list_keys(request: Request) -> Answer:
    """The keys of a project, without deleted ones unless showDeletedKeys asks for them."""
    project, query = _project(request, "list"), request.query
    page = paging.asked(query, PAGE, PAGE, str, size="maxResults", refuse=errors.invalid)
    email = query.get("serviceAccountEmail")

    def keep(key: Resource) -> bool:
        shown = key.body["state"] != DELETED or query.get("showDeletedKeys", False)
        return bool(shown) and email in (None, key.body["serviceAccountEmail"])

    found, last = request.context.resources.list(KIND, f"projects/{project}", page.size, page.name, keep)
    answer: dict[str, Any] = {"kind": "storage#hmacKeysMetadata", "items": [_view(request, key) for key in found]}
    return answer | ({"nextPageToken": paging.encode(last)} if last else {})


@handles("storage.projects.hmacKeys.update")
async def update(request: Request) -> Answer:
    """Make a key ACTIVE or INACTIVE; an etag that the caller sends must be the key's."""
    context, project = request.context, _project(request, "update")
    name, state = _require(request, project).name, request.body.get("state")
    if state not in (ACTIVE, INACTIVE):
        raise errors.invalid(f"Invalid state '{str(state)[:40]}': an HMAC key can be made {ACTIVE} or {INACTIVE}.")

    def step(tx: sqlite3.Connection) -> Resource:
        key = context.resources.require(KIND, name, tx)
        if request.body.get("etag") not in (None, "", key.etag):
            raise errors.condition_not_met()
        if key.body["state"] == DELETED:
            raise errors.invalid("A deleted HMAC key can't be changed.")
        return context.resources.replace(tx, KIND, name, {**key.body, "state": state})

    return _view(request, await context.db.write(step))


@handles("storage.projects.hmacKeys.delete")
async def delete(request: Request) -> Answer:
    """Delete a key, which must be inactive."""
    context, project = request.context, _project(request, "delete")
    name = _require(request, project).name

    def step(tx: sqlite3.Connection) -> None:
        key = context.resources.require(KIND, name, tx)
        if key.body["state"] != INACTIVE:
            raise errors.invalid(f"Cannot delete keys in '{key.body['state']}' state.")
        context.resources.replace(tx, KIND, name, {**key.body, "state": DELETED, "secret": ""})

    await context.db.write(step)
    return Response(204)


def _project(request: Request, verb: str) -> str:
    project = request.context.project_id(request.path["projectId"])
    access.require_on_project(request, project, f"storage.hmacKeys.{verb}")
    return project


def _require(request: Request, project: str) -> Resource:
    name = f"projects/{project}/hmacKeys/{request.path['accessId']}"
    key = request.context.resources.get(KIND, name)
    if key is None:
        raise ApiError(404, "NOT_FOUND", f"Access ID not found in project {project}.", "notFound")
    return key


def _view(request: Request, key: Resource) -> dict[str, Any]:
    project = key.parent.removeprefix("projects/")
    return {
        "kind": "storage#hmacKeyMetadata",
        "id": f"{project}/{key.id}",
        "selfLink": f"{request.base_url}/storage/v1/{key.name}",
        "accessId": key.id,
        "projectId": project,
        "serviceAccountEmail": key.body["serviceAccountEmail"],
        "state": key.body["state"],
        "timeCreated": key.created,
        "updated": key.updated,
        "etag": key.etag,
    }
