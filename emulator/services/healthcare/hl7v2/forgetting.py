"""Forgets deleted messages that no rollback can bring back: at the start, and with POST /_emulator/chores."""

import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.services.healthcare.hl7v2.rollback import DAYS
from emulator.services.healthcare.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

_MICROSECONDS = 86_400_000_000
_GONE = "FROM hl7v2_messages WHERE live = 0 AND changed < ?"


@SERVICE.on_start
async def start(context: "Context") -> None:
    """Forget what became too old while the emulator was stopped."""
    await forget(context)


@SERVICE.chore
async def forget(context: "Context") -> dict[str, Any]:
    """Forget messages that were deleted longer ago than rollbacks reach; how many."""
    before = int(context.clock.seconds() * 1_000_000) - DAYS * _MICROSECONDS
    if context.db.one(f"SELECT 1 {_GONE} LIMIT 1", (before,)) is None:
        return {"messages": 0}
    return {"messages": await context.db.write(_forget, before)}


def _forget(tx: sqlite3.Connection, before: int) -> int:
    for table in ("hl7v2_bodies", "hl7v2_past", "hl7v2_patients"):
        tx.execute(f"DELETE FROM {table} WHERE number IN (SELECT number {_GONE})", (before,))  # noqa: S608 (ours)
    return tx.execute(f"DELETE {_GONE}", (before,)).rowcount
