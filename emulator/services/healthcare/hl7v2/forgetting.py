"""Forgets deleted messages that no rollback can bring back: at the start, and with POST /_emulator/chores."""

import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.services.healthcare import times
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.transfer.rollbacks import DAY, DAYS

if TYPE_CHECKING:
    from emulator.context import Context

_GONE = "FROM hl7v2_messages WHERE live = 0 AND changed < ?"


@SERVICE.on_start
async def start(context: "Context") -> None:
    """Forget what became too old while the emulator was stopped."""
    await forget(context)


@SERVICE.chore
async def forget(context: "Context") -> dict[str, Any]:
    """Forget messages that were deleted longer ago than rollbacks reach; how many."""
    before = times.now(context) - DAYS * DAY
    if context.db.one(f"SELECT 1 {_GONE} LIMIT 1", (before,)) is None:
        return {"messages": 0}
    return {"messages": await context.db.write(_forget, before)}


def _forget(tx: sqlite3.Connection, before: int) -> int:
    for table in ("hl7v2_bodies", "hl7v2_past", "hl7v2_patients"):
        tx.execute(f"DELETE FROM {table} WHERE number IN (SELECT number {_GONE})", (before,))  # noqa: S608 (ours)
    return tx.execute(f"DELETE {_GONE}", (before,)).rowcount
