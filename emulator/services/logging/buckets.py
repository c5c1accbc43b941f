"""Log buckets: where sinks keep entries, for how long, and whether that can be changed any more."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.errors import failed_precondition, invalid_argument
from emulator.gateway import validation
from emulator.gateway.collections import Collection, create, crud, update
from emulator.gateway.request import Answer, Request
from emulator.services.logging import keys
from emulator.services.logging.service import SERVICE
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

BUCKETS = "logging.buckets"
_METHODS = "logging.projects.locations.buckets"
_TYPE = "type.googleapis.com/google.logging.v2.LogBucket"
_DEFAULTS = {"_Default": {"retentionDays": 30}, "_Required": {"retentionDays": 400, "locked": True}}
_MAX_DAYS = 3650


def _view(bucket: Resource) -> dict[str, Any]:
    times = {"createTime": bucket.created, "updateTime": bucket.updated}
    return {"name": bucket.name, "lifecycleState": "ACTIVE", "retentionDays": 30, **bucket.body, **times}


def _check(request: Request, body: dict[str, Any], old: dict[str, Any] | None = None) -> dict[str, Any]:
    """Check a bucket's body, old being the one before; a key must be usable by Logging's agent (Logging: "CMEK")."""
    body = keys.settings_of(request, body, old or {})
    if not 1 <= body.get("retentionDays", 30) <= _MAX_DAYS:
        raise invalid_argument(f"retentionDays must be from 1 to {_MAX_DAYS}.")
    return body


def _check_update(request: Request, old: Resource, body: dict[str, Any]) -> dict[str, Any]:
    if old.body.get("locked") and body != old.body:
        raise failed_precondition(f"The bucket {old.name} is locked: it can't be changed.")
    return _check(request, body, old.body)


BUCKET = Collection(
    kind=BUCKETS,
    segment="buckets",
    id_parameter="bucketId",
    id_pattern=re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}"),
    prepare=_check,
    prepare_update=_check_update,
    view=_view,
)
crud(SERVICE, BUCKET, _METHODS, ("create", "get", "list", "patch"))


@SERVICE.handles(f"{_METHODS}.createAsync", permission="logging.buckets.create")
async def create_async(request: Request) -> Answer:
    """Create a bucket; the operation in the answer is done."""
    return await _done(request, await create(BUCKET, request))


@SERVICE.handles(f"{_METHODS}.updateAsync", permission="logging.buckets.update")
async def update_async(request: Request) -> Answer:
    """Change a bucket; the operation in the answer is done."""
    mask = validation.field_mask(request.query.get("updateMask", ""))
    return await _done(request, await update(BUCKET, request, request.body, mask))


@SERVICE.handles(f"{_METHODS}.delete")
async def delete(request: Request) -> Answer:
    """Mark a bucket for deletion; undelete takes that back."""
    if request.name.endswith(("/_Default", "/_Required")):
        raise invalid_argument(f"The bucket {request.name.rpartition('/')[2]} can't be deleted.")
    return await _set_lifecycle(request, "DELETE_REQUESTED")


@SERVICE.handles(f"{_METHODS}.undelete")
async def undelete(request: Request) -> Answer:
    """Keep a bucket that was marked for deletion."""
    return await _set_lifecycle(request, "ACTIVE")


@SERVICE.handles("logging.projects.locations.operations.get")
async def get_operation(request: Request) -> Answer:
    """An operation on a bucket."""
    return request.context.operations.require(request.name).to_json()


async def _set_lifecycle(request: Request, state: str) -> Answer:
    context = request.context

    def step(tx: sqlite3.Connection) -> None:
        bucket = context.resources.require(BUCKETS, request.name, tx)
        if bucket.body.get("locked"):
            raise failed_precondition(f"The bucket {bucket.name} is locked: it can't be deleted.")
        context.resources.replace(tx, BUCKETS, bucket.name, {**bucket.body, "lifecycleState": state})

    await context.db.write(step)
    return {}


async def _done(request: Request, bucket: Resource) -> Answer:
    context = request.context
    response = {"@type": _TYPE, **_view(bucket)}
    operation = await context.db.write(
        lambda tx: context.operations.insert(
            tx, "logging.buckets", bucket.parent, principal=request.principal, response=response
        )
    )
    return operation.to_json()


@SERVICE.on_start
async def ensure_defaults(context: Context) -> None:
    """The two buckets that every project has."""
    parent = f"projects/{context.settings.project}/locations/global"

    missing = [name for name in _DEFAULTS if context.resources.get(BUCKETS, f"{parent}/buckets/{name}") is None]

    def step(tx: sqlite3.Connection) -> None:
        for name in missing:
            context.resources.insert(tx, BUCKETS, f"{parent}/buckets/{name}", parent, dict(_DEFAULTS[name]))

    if missing:
        await context.db.write(step)
