"""Secrets: created, changed, expired and deleted; global ones and those of a location."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.errors import already_exists, failed_precondition, invalid_argument
from emulator.gateway.collections import Collection, create, crud
from emulator.gateway.request import Answer, Request
from emulator.services.secretmanager import checks, due, keys, telling
from emulator.services.secretmanager.names import require_secret, shown, versions_of
from emulator.services.secretmanager.service import METHODS, SECRETS, SERVICE
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context


def view(secret: Resource) -> dict[str, Any]:
    """A secret as Secret Manager answers it."""
    times = {"createTime": secret.created, "etag": f'"{secret.etag}"'}
    return {"name": shown(secret.name), **secret.body, **times}


def _prepare(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    if body.get("versionAliases"):
        raise invalid_argument("versionAliases name versions, of which a new secret has none.")
    name = f"{request.name}/secrets/{request.query['secretId']}"
    if request.context.resources.get(SECRETS, name) is not None:
        raise already_exists(f"Secret [{shown(name)}] already exists.")
    made = checks.checked(request.context, name, body)
    keys.check(request.context, name, made)
    return made


def _prepare_update(request: Request, old: Resource, body: dict[str, Any]) -> dict[str, Any]:
    _require_etag(request.body.get("etag"), old)
    context = request.context
    numbers = {int(version.id) for version in versions_of(context, old.name)}
    if missing := {int(number) for number in body.get("versionAliases", {}).values()} - numbers:
        raise invalid_argument(f"versionAliases name version {min(missing)}, which {shown(old.name)} does not have.")
    made = checks.checked(context, old.name, body, old.body)
    if sorted(keys.keys(old.name, made)) != sorted(keys.keys(old.name, old.body)):
        keys.check(context, old.name, made)
    if not location_is_same(old.body, made):
        raise invalid_argument("replication can't be changed, but for its keys.")
    return made


def location_is_same(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether two bodies keep a secret in the same places."""

    def places(body: dict[str, Any]) -> list[str] | None:
        managed = body.get("replication", {}).get("userManaged")
        return None if managed is None else [replica["location"] for replica in managed["replicas"]]

    return places(before) == places(after)


def _require_etag(given: str | None, secret: Resource) -> None:
    if given and given.strip('"') != secret.etag:
        raise failed_precondition(f"The etag is not that of {shown(secret.name)}: it was changed meanwhile.")


def _created(context: Context, tx: sqlite3.Connection, secret: Resource) -> None:
    telling.require_topics(context, tx, secret, [])
    due.enter_secret(tx, secret)
    telling.tell(context, tx, secret, "SECRET_CREATE", view(secret))


def _updated(context: Context, tx: sqlite3.Connection, secret: Resource) -> None:
    due.enter_secret(tx, secret)
    telling.tell(context, tx, secret, "SECRET_UPDATE", view(secret))


SECRET = Collection(
    kind=SECRETS,
    segment="secrets",
    id_parameter="secretId",
    id_pattern=re.compile(r"[A-Za-z0-9_-]{1,255}"),
    prepare=_prepare,
    prepare_update=_prepare_update,
    view=view,
    after_create=_created,
    after_update=_updated,
)


async def create_secret(request: Request) -> Answer:
    """Create a secret without versions."""
    return view(await create(SECRET, request))


async def get_secret(request: Request) -> Answer:
    """One secret, without its payloads."""
    return view(require_secret(request.context, request.name))


async def delete_secret(request: Request) -> Answer:
    """Delete a secret with its versions, for good."""
    context = request.context

    def step(tx: sqlite3.Connection) -> None:
        secret = require_secret(context, request.name, tx)
        _require_etag(request.query.get("etag"), secret)
        remove(context, tx, secret, "REQUESTED")

    await context.db.write(step)
    return {}


def remove(context: Context, tx: sqlite3.Connection, secret: Resource, why: str) -> None:
    """Delete a secret with its versions, in the caller's write; `why` is REQUESTED or EXPIRED."""
    telling.tell(context, tx, secret, "SECRET_DELETE", view(secret), deleteType=why)
    due.leave(tx, secret.name)
    context.resources.delete_tree(tx, secret.name)


for _methods in METHODS:
    crud(SERVICE, SECRET, _methods, ("list", "patch", "getIamPolicy", "setIamPolicy", "testIamPermissions"))
    for _verb, _handler in (("create", create_secret), ("get", get_secret), ("delete", delete_secret)):
        SERVICE.handles(f"{_methods}.{_verb}")(_handler)
