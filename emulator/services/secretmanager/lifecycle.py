"""What happens to secrets as time goes by: they expire, are to be rotated, and versions are destroyed."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING

from emulator.services.secretmanager import due, secrets, telling, versions
from emulator.services.secretmanager.service import SECRETS, SERVICE, VERSIONS
from emulator.state.clock import Clock
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

TICK_SECONDS = 0.1  # the clock may be moved at any time
_CLOCK = "secretmanager.clock"
_log = logging.getLogger("emulator")


@SERVICE.on_start
async def start(context: Context) -> None:
    """Begin to look at the clock."""
    context.extensions[_CLOCK] = asyncio.create_task(_run(context), name="secrets by the clock")


@SERVICE.on_stop
async def stop(context: Context) -> None:
    """Stop looking at the clock; what is due then is done at the next start."""
    clock: asyncio.Task[None] = context.extensions.pop(_CLOCK)
    clock.cancel()
    await asyncio.gather(clock, return_exceptions=True)


async def _run(context: Context) -> None:
    while True:
        try:
            sql = "SELECT 1 FROM secret_due WHERE at <= ? LIMIT 1"
            if context.db.one(sql, (context.clock.seconds(),)) is not None:
                await context.db.write(_do_due, context)
        except sqlite3.Error:
            _log.exception("what was due of secrets could not be done; trying again")
        await asyncio.sleep(TICK_SECONDS)


def _do_due(tx: sqlite3.Connection, context: Context) -> None:
    """Do all that is due."""
    sql = "SELECT resource, what FROM secret_due WHERE at <= ? ORDER BY at"
    for row in tx.execute(sql, (context.clock.seconds(),)).fetchall():
        kind = VERSIONS if row["what"] == due.DESTROY else SECRETS
        resource = context.resources.get(kind, row["resource"], tx)
        if resource is None:  # gone with a secret that has just expired
            due.enter(tx, row["resource"], row["what"], None)
        elif row["what"] == due.EXPIRE:
            secrets.remove(context, tx, resource, "EXPIRED")
        elif row["what"] == due.ROTATE:
            _rotate(context, tx, resource)
        else:
            versions.destroy_in(context, tx, resource)


def _rotate(context: Context, tx: sqlite3.Connection, secret: Resource) -> None:
    """Tell a secret's topics that it is to be rotated, and when the next time is; missed times are told of once."""
    rotation = dict(secret.body["rotation"])
    at = datetime.fromisoformat(rotation.pop("nextRotationTime")).timestamp()
    if period := rotation.get("rotationPeriod"):
        step, now = float(period[:-1]), context.clock.seconds()
        rotation["nextRotationTime"] = Clock.stamp_of(at + (int((now - at) // step) + 1) * step)
    body = {**secret.body, "rotation": rotation}
    if not rotation:
        del body["rotation"]
    changed = context.resources.replace(tx, SECRETS, secret.name, body)
    due.enter_secret(tx, changed)
    telling.tell(context, tx, changed, "SECRET_ROTATE", secrets.view(changed))
