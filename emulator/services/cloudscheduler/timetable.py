"""What is due when, and the clock that looks at it.

A row of scheduler_due is the next attempt of a job. It stays until the attempt has ended, so that one that a crash
interrupted is made again (Cloud Scheduler: "at least once"). What fell due while the emulator was stopped, or its clock
was moved, runs once and not as often as it was missed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.services.cloudscheduler import firing, schedules
from emulator.services.cloudscheduler.checks import zone_of
from emulator.services.cloudscheduler.service import JOBS
from emulator.state.clock import Clock
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

TICK_SECONDS = 0.1  # the clock may be moved at any time
ANSWER_SECONDS = 1.0
_KEY = "cloudscheduler.timetable"
_log = logging.getLogger("emulator")


def scheduled(body: dict[str, Any], after: float) -> dict[str, Any]:
    """A job with the time at which its schedule lets it run next after a time, in seconds since 1970."""
    rest = {key: value for key, value in body.items() if key != "scheduleTime"}
    if body["state"] != "ENABLED":
        return rest
    at = schedules.read(body["schedule"]).next(after, zone_of(body))
    return rest if at is None else {**rest, "scheduleTime": Clock.stamp_of(at)}


def enter(context: Context, tx: sqlite3.Connection, job: Resource) -> None:
    """Take down when a job runs next, in the caller's write."""
    at = firing.due_at(job)
    if at is None:
        leave(context, tx, job)
        return
    tx.execute("INSERT OR REPLACE INTO scheduler_due VALUES(?,?)", (job.name, at))
    context.db.after_commit(of(context).look)


def leave(context: Context, tx: sqlite3.Connection, job: Resource) -> None:
    """Forget that a job was to run, in the caller's write."""
    tx.execute("DELETE FROM scheduler_due WHERE job = ?", (job.name,))
    context.db.after_commit(of(context).look)


class Timetable:
    """The attempts of one emulator that are due or under way."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._by_hand: set[asyncio.Task[None]] = set()
        self._next = 0.0  # when to look at the table again

    def look(self) -> None:
        """Look at the table at the next tick: it has changed."""
        self._next = 0.0

    async def run(self) -> None:
        """Begin what is due, until cancelled."""
        while True:
            with contextlib.suppress(sqlite3.Error):
                self._tick(self._context.clock.seconds())
            await asyncio.sleep(TICK_SECONDS)

    def _tick(self, now: float) -> None:
        if now < self._next:
            return
        self._next = float("inf")
        for row in self._context.db.all("SELECT job, at FROM scheduler_due ORDER BY at"):
            if row["at"] > now:
                self._next = min(self._next, row["at"])
                break
            if row["job"] not in self._under_way:
                self._begin(row["job"])

    def _begin(self, name: str) -> None:
        task = asyncio.create_task(self._attempt(name), name=f"attempt {name}")
        self._under_way[name] = task
        task.add_done_callback(lambda _: self._ended(name))

    def _ended(self, name: str) -> None:
        self._under_way.pop(name, None)
        self.look()

    async def _attempt(self, name: str, *, by_hand: bool = False) -> None:
        """One attempt, and what follows of it for the job."""
        context = self._context
        job = context.resources.get(JOBS, name)
        if job is None or job.body["state"] != "ENABLED":
            await context.db.write(lambda tx: leave(context, tx, job or _gone(name)))
            return
        try:
            outcome = await firing.attempt(context, job)
            await context.db.write(self._store, job, outcome, by_hand)
        except Exception:  # noqa: BLE001  the other jobs go on, and this one is due still
            _log.exception("the attempt of %s failed in the emulator itself", name)
            await asyncio.sleep(ANSWER_SECONDS)

    def _store(self, tx: sqlite3.Connection, before: Resource, outcome: firing.Outcome, by_hand: bool) -> None:
        """Keep how an attempt went and when the next is, unless the job was changed meanwhile: how it went."""
        context = self._context
        job = context.resources.get(JOBS, before.name, tx)
        if job is None:
            return
        body = {**job.body, **outcome.shown}
        unchanged = all(job.body.get(key) == before.body.get(key) for key in ("userUpdateTime", "state"))
        if unchanged and not by_hand:
            body = firing.following(body, outcome, scheduled)
        job = context.resources.replace(tx, JOBS, job.name, body)
        if not by_hand:
            enter(context, tx, job)

    async def run_now(self, name: str) -> None:
        """Make an attempt at once; return when it has ended, or after a second."""
        task = asyncio.create_task(self._attempt(name, by_hand=True), name=f"attempt {name} by hand")
        self._by_hand.add(task)
        task.add_done_callback(self._by_hand.discard)
        await asyncio.wait([task], timeout=ANSWER_SECONDS)

    async def stop(self) -> None:
        """Interrupt what is under way; it is due again after the next start."""
        tasks = [*self._under_way.values(), *self._by_hand]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _gone(name: str) -> Resource:
    return Resource(JOBS, name, "", {"state": "DISABLED"}, "", "", "")


def of(context: Context) -> Timetable:
    """The timetable of that emulator."""
    found: Timetable = context.extensions[_KEY]
    return found


def install(context: Context) -> Timetable:
    """Make the emulator's timetable, at its start."""
    made = context.extensions[_KEY] = Timetable(context)
    return made
