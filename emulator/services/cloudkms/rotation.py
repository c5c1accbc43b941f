"""What happens to keys by the emulator's clock: a new primary version at nextRotationTime, the end of destroyed ones.

Looked for every second, and on demand: POST /_emulator/chores.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError
from emulator.services.cloudkms import erasing
from emulator.services.cloudkms.changes import add_version, change_version, set_primary
from emulator.services.cloudkms.resources import KEYS, VERSIONS, is_abandoned, seconds
from emulator.services.cloudkms.service import SERVICE
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_INTERVAL_SECONDS = 1.0
_DUE = "cloudkms.due"  # when the next thing happens, in seconds since 1970; absent where that is not known
_TASK = "cloudkms.task"
_NEVER = float("inf")
_log = logging.getLogger("emulator")


@SERVICE.on_start
async def start(context: Context) -> None:
    """Do what came due while the emulator was stopped, and look at the clock from now on."""
    await settle_due(context)
    context.extensions[_TASK] = asyncio.create_task(_forever(context))


@SERVICE.on_stop
async def stop(context: Context) -> None:
    """Look at the clock no more."""
    task: asyncio.Task[None] | None = context.extensions.pop(_TASK, None)
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _forever(context: Context) -> None:
    while True:
        await asyncio.sleep(_INTERVAL_SECONDS)
        try:
            await settle_due(context)
        except (ApiError, sqlite3.Error):
            _log.exception("Cloud KMS: keys could not be rotated or destroyed; the next try is in a second")


@SERVICE.chore
async def settle_due(context: Context) -> dict[str, Any]:
    """Rotate keys and destroy versions whose time has come; says how many."""
    due: float | None = context.extensions.get(_DUE)
    if due is None:
        due = context.extensions[_DUE] = min(_times(context), default=_NEVER)
    if context.clock.seconds() < due:
        return {}
    rotated, destroyed = await context.db.write_alone(settle, context)
    changed(context)
    await erasing.erase_later(context, destroyed)
    return {"rotated": rotated, "destroyed": len(destroyed)}


def changed(context: Context) -> None:
    """Keys or versions have changed: when the next thing happens is to be found out anew."""
    context.extensions.pop(_DUE, None)


def settle(tx: sqlite3.Connection, context: Context) -> tuple[int, list[str]]:
    """The same inside a write: how many keys got a new primary version, which versions lost their material."""
    now = context.clock.now()
    ended = [one.name for one in context.resources.every(VERSIONS, tx) if (end := _end(one)) is not None and end <= now]
    for name in ended:
        change_version(context, tx, name, _destroyed)
        tx.execute("DELETE FROM kms_material WHERE version = ?", (name,))
    erasing.erase(context, tx, ended)
    if ended and context.root_key is not None:
        context.db.after_commit(context.db.empty_log)
    due = [key for key in context.resources.every(KEYS, tx) if (time := _next(key)) is not None and time <= now]
    rotated = [key for key in due if not is_abandoned(context, key.name, tx)]
    for key in rotated:
        _rotate(context, tx, key, now)
    return len(rotated), ended


def _rotate(context: Context, tx: sqlite3.Connection, key: Resource, now: datetime) -> None:
    """Make a new version the primary one, once however late it is; the next time lies ahead."""
    body = {name: value for name, value in key.body.items() if name != "nextRotationTime"}
    following = _next(key)
    if following is not None and (period := body.get("rotationPeriod")):
        step = timedelta(seconds=seconds(period, "rotationPeriod"))
        following += step * ((now - following) // step + 1)
        body["nextRotationTime"] = following.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    context.resources.replace(tx, KEYS, key.name, body)
    set_primary(context, tx, key.name, add_version(context, tx, key.name, secrets.token_bytes(32)))


def _destroyed(version: Resource) -> dict[str, Any]:
    return {**version.body, "state": "DESTROYED", "destroyEventTime": version.body["destroyTime"]}


def _times(context: Context) -> list[float]:
    """When something happens to a key or a version, in seconds since 1970."""
    found = [_end(version) for version in context.resources.every(VERSIONS)]
    found += [_next(key) for key in context.resources.every(KEYS) if not is_abandoned(context, key.name)]
    return [time.timestamp() for time in found if time is not None]


def _end(version: Resource) -> datetime | None:
    """When a version that is scheduled for destruction is destroyed."""
    body = version.body
    return datetime.fromisoformat(body["destroyTime"]) if body["state"] == "DESTROY_SCHEDULED" else None


def _next(key: Resource) -> datetime | None:
    """When a key gets a new primary version by itself."""
    time = key.body.get("nextRotationTime")
    return datetime.fromisoformat(time) if time else None
