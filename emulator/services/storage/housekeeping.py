"""What happens by itself: lifecycle rules, the end of soft-deleted versions and of forgotten uploads.

Runs every minute (Cloud Storage: within a day), and on demand: POST /_emulator/chores.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from emulator.errors import ApiError
from emulator.services.storage.buckets import lifecycle
from emulator.services.storage.buckets import rows as buckets
from emulator.services.storage.buckets.lifecycle import Action
from emulator.services.storage.buckets.rows import Bucket
from emulator.services.storage.objects import rows, sessions
from emulator.services.storage.objects.changes import Change
from emulator.services.storage.objects.rows import StoredObject, Tx
from emulator.services.storage.service import SERVICE
from emulator.services.storage.tables import LIVE, NONCURRENT
from emulator.services.storage.xml import multipart

if TYPE_CHECKING:
    from emulator.context import Context

INTERVAL_SECONDS = 60.0
GROUP = 500
_tasks: WeakKeyDictionary[Any, asyncio.Task[None]] = WeakKeyDictionary()
_log = logging.getLogger("emulator")


@dataclass
class Report:
    """What one run did, in versions and uploads."""

    deleted: int = 0
    reclassified: int = 0
    purged: int = 0
    uploads: int = 0


@SERVICE.on_start
async def start(context: Context) -> None:
    """Begin to look after the buckets."""
    _tasks[context] = asyncio.create_task(_forever(context))


@SERVICE.on_stop
async def stop(context: Context) -> None:
    """Stop looking after them."""
    task = _tasks.pop(context, None)
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@SERVICE.chore
async def on_demand(context: Context) -> dict[str, int]:
    """One run, for POST /_emulator/chores."""
    return asdict(await run(context))


async def _forever(context: Context) -> None:
    while True:
        await asyncio.sleep(INTERVAL_SECONDS)
        try:
            await run(context)
        except (ApiError, OSError, sqlite3.Error):
            _log.exception("storage: the lifecycle run failed; the next one is in %s s", INTERVAL_SECONDS)


async def run(context: Context) -> Report:
    """Apply all lifecycle rules and purge what is over; a second run right after it finds nothing to do."""
    report = Report()
    now = int(context.clock.seconds() * 1_000_000)
    for bucket in buckets.every(context.db):
        rules = bucket.body.get("lifecycle", {}).get("rule") or []
        if rules:
            await _apply(context, bucket, rules, now, report)
    report.purged = await _purge(context, now)
    report.uploads = await _expire(context, now) + await _abort(context, now)
    return report


async def _apply(context: Context, bucket: Bucket, rules: list[dict[str, Any]], now: int, report: Report) -> None:
    group: list[tuple[StoredObject, Action]] = []
    for due in _due(context, bucket, rules, now):
        group.append(due)
        if len(group) >= GROUP:
            await context.db.write(_act, context, bucket.name, group, report)
            group = []
    if group:
        await context.db.write(_act, context, bucket.name, group, report)


def _due(
    context: Context, bucket: Bucket, rules: list[dict[str, Any]], now: int
) -> Iterator[tuple[StoredObject, Action]]:
    versions = rows.iterate(context.db, bucket.name, states=(LIVE, NONCURRENT))
    for _, same_name in groupby(versions, key=lambda version: version.name):
        newest_first = sorted(same_name, key=lambda version: -version.generation)
        for newer, version in enumerate(newest_first):
            action = lifecycle.action_for(rules, version, newer, now)
            if action is not None:
                yield version, action


def _act(
    tx: sqlite3.Connection, context: Context, bucket: str, group: list[tuple[StoredObject, Action]], report: Report
) -> None:
    change = Change(context, tx, bucket)
    for version, action in group:
        current = rows.version(change.reader, bucket, version.name, version.generation)
        if current is None or (current.state, current.metageneration) != (version.state, version.metageneration):
            continue
        if action.type == lifecycle.SET_CLASS:
            change.set_class(current, action.storage_class)
            report.reclassified += 1
            continue
        with contextlib.suppress(ApiError):  # held or retained: it stays
            change.discard(current, for_good=current.state == NONCURRENT)
            report.deleted += 1


async def _abort(context: Context, now: int) -> int:
    """Drop multipart uploads that a lifecycle rule calls too old (AbortIncompleteMultipartUpload)."""
    old = []
    for row in context.db.all("SELECT id, bucket, name, created FROM storage_multipart"):
        rules = buckets.require(context.db, row["bucket"]).body.get("lifecycle", {}).get("rule") or []
        age = lifecycle.abort_age(rules, row["name"])
        if age is not None and row["created"] + age * lifecycle.DAY <= now:
            old.append(row["id"])

    def step(tx: sqlite3.Connection) -> None:
        for upload_id in old:
            multipart.forget(tx, context, upload_id)

    if old:
        await context.db.write(step)
    return len(old)


async def _purge(context: Context, now: int) -> int:
    """Delete soft-deleted versions whose time is over."""
    sql = "SELECT bucket, name, generation FROM storage_objects WHERE state = 2 AND hard_delete <= ? LIMIT ?"
    purged = 0
    while found := context.db.all(sql, (now, GROUP)):

        def step(tx: sqlite3.Connection, found: list[sqlite3.Row] = found) -> None:
            for bucket, name, generation in found:
                version = rows.version(Tx(tx), bucket, name, generation, soft=True)
                if version is not None:
                    Change(context, tx, bucket).purge(version)

        await context.db.write(step)
        purged += len(found)
    return purged


async def _expire(context: Context, now: int) -> int:
    """Forget uploads that nobody went on with for a week, and files of uploads that are no more."""
    before = now - sessions.LIFETIME_SECONDS * 1_000_000
    old = [row["id"] for row in context.db.all("SELECT id FROM storage_uploads WHERE created < ?", (before,))]

    def step(tx: sqlite3.Connection) -> None:
        for upload_id in old:
            sessions.forget(tx, context, upload_id)

    if old:
        await context.db.write(step)
    for path in sessions.folder(context).iterdir():
        if context.db.one("SELECT 1 FROM storage_uploads WHERE id = ?", (path.name,)) is None:
            path.unlink(missing_ok=True)
    return len(old)
