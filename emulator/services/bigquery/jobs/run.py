"""The life of a job: kept, run, ended; taken up again after a crash; waited for."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError
from emulator.services.bigquery import errors, warehouse
from emulator.services.bigquery.encryption import version_for
from emulator.services.bigquery.jobs import copy, ending, extract, kept_sessions, load, query, sessions, store
from emulator.services.bigquery.jobs.disk import DiskWatch
from emulator.services.bigquery.jobs.store import PENDING, RUNNING, Job
from emulator.services.bigquery.process.ticket import Ticket
from emulator.services.bigquery.service import SERVICE
from emulator.services.bigquery.sql.errors import Interrupted

if TYPE_CHECKING:
    from emulator.context import Context

Runner = Callable[["Context", Job, "Ticket"], Awaitable[None]]
RUNNERS: dict[str, Runner] = {"query": query.run, "load": load.run, "extract": extract.run, "copy": copy.run}
QUERY_SECONDS = 6 * 3600  # BigQuery: query execution-time limit
STARTS = 1  # how often a load, extract or copy job is taken up again
_log = logging.getLogger("emulator.bigquery")


async def submit(context: Context, job: Job, also: Callable[[sqlite3.Connection], Any] | None = None) -> None:
    """Keep a new job, durably, and start it. also runs in the same write. Raises 409 where its id is taken.

    One with an id of ours is started at once: what it does must wait for `Job.kept` where others can see it.
    """
    slots = warehouse.of(context).slots
    owner, opened = _owner(job), sessions.opened_by(context, job)
    has_slot = slots.take_now(owner)
    job.state = RUNNING if has_slot else PENDING
    job.body["status"]["state"] = job.state
    if has_slot:
        job.statistics["startTime"] = str(job.created)

    row = store.row_of(job)

    def change(tx: sqlite3.Connection) -> None:
        store.insert_in(tx, job, row)
        if opened is not None:
            kept_sessions.insert_in(tx, opened)
        if also is not None:
            also(tx)

    if job.has_own_id:
        job.keeping = asyncio.ensure_future(context.db.write(change))
        start(context, job, has_slot=has_slot)
        await job.kept()
        return
    try:
        await context.db.write(change)
    except BaseException:
        if has_slot:
            slots.give_back(owner)
        raise
    start(context, job, has_slot=has_slot)


def _owner(job: Job) -> str:
    return f"{job.project} {job.principal}"


def start(context: Context, job: Job, *, has_slot: bool = False) -> None:
    """Run a job that is kept, as soon as it has a slot."""
    ticket = Ticket()
    work = _run(context, job, ticket, has_slot=has_slot)
    warehouse.of(context).work.spawn((job.project, job.id), ticket, work)


async def _run(context: Context, job: Job, ticket: Ticket, *, has_slot: bool) -> None:
    house, owner = warehouse.of(context), _owner(job)
    problem: ApiError | None = None
    timers = _limits(context, job, ticket)
    try:
        if not has_slot:
            await house.slots.take(owner, ticket)
            has_slot = True
            await _running(context, job)
        if job.kind != "query":
            await job.kept()
        version_for(context, job.project, job.configuration.get("destinationEncryptionConfiguration"), job.location)
        await RUNNERS[job.kind](context, job, ticket)
    except ApiError as error:
        problem = error
    except Interrupted as error:
        problem = errors.of(error)
    except Exception as error:  # noqa: BLE001 whatever goes wrong, the job ends and says so
        _log.exception("job %s failed", job.id)
        problem = errors.of(error)
    finally:
        for timer in timers:
            timer.cancel()
        if has_slot:
            house.slots.give_back(owner)
    if house.work.closing and problem is not None:
        return  # the next start decides about it
    await _end(context, job, problem)


async def _running(context: Context, job: Job) -> None:
    job.state = RUNNING
    job.statistics["startTime"] = str(int(context.clock.seconds() * 1000))
    await context.db.write(store.save_in, job)


def _limits(context: Context, job: Job, ticket: Ticket) -> list[asyncio.TimerHandle | DiskWatch]:
    """What stops a job: its own jobTimeoutMs, counted from its creation, and of queries six hours and the disk."""
    later = asyncio.get_running_loop().call_later
    timers: list[asyncio.TimerHandle | DiskWatch] = []
    wanted = job.body["configuration"].get("jobTimeoutMs")
    if wanted:
        seconds = int(wanted) / 1000
        message = f"Job execution was cancelled: Job timed out after {seconds:g}s"
        left = job.created / 1000 + seconds - context.clock.seconds()
        timers.append(later(max(left, 0), ticket.cancel, Interrupted(message)))
    if job.kind == "query":
        hours = QUERY_SECONDS / 3600
        message = (
            f"Operation timed out after {hours} hours. Consider reducing the amount of work performed by your "
            "operation so that it can complete within this limit."
        )
        timers.append(later(QUERY_SECONDS, ticket.cancel, Interrupted(message, "timeout")))
        timers.append(DiskWatch(context.settings.state, ticket))
    return timers


async def _end(context: Context, job: Job, problem: ApiError | None) -> None:
    ending.finish(context, job, problem)
    await context.db.write(store.save_in, job)
    await load.forget_upload(context, job)


async def wait(context: Context, project: str, identifier: str, seconds: float) -> None:
    """Wait until a job has ended, or for that long."""
    await warehouse.of(context).work.wait((project, identifier), seconds)


@SERVICE.on_start
async def _resume(context: Context) -> None:
    """End or take up what a stop or a crash interrupted.

    A query is not run again: it may be what took the emulator down. What else was under way is, once.
    """
    for job in store.unfinished(context):
        job.body["status"].pop("errors", None)
        starts = int(job.payload.get("starts", 0))
        if job.payload.get("cancelled"):
            await _end(context, job, errors.of(Interrupted()))
        elif job.kind == "query":
            warehouse.of(context).work.spawn((job.project, job.id), Ticket(), _settle(context, job))
        elif starts >= STARTS:
            message = f"The emulator stopped {starts + 1} times while this job ran; it is not taken up again."
            await _end(context, job, errors.error("backendError", message))
        else:
            job.payload["starts"] = starts + 1
            await context.db.write(store.save_in, job)
            start(context, job)


async def _settle(context: Context, job: Job) -> None:
    """End a query job that was under way when the emulator stopped: well if it had had its effect, else failed."""
    problem: ApiError | None = None
    try:
        if not await query.had_effect(context, job):
            problem = _interrupted()
    except Exception as error:  # noqa: BLE001 whatever goes wrong, the job ends and says so
        problem = _interrupted() if job.statistics.get("parentJobId") else errors.of(error)
    if not warehouse.of(context).work.closing:
        await _end(context, job, problem)


def _interrupted() -> ApiError:
    message = (
        "The emulator stopped while this query ran, and did not run it again; a statement that was not "
        "finished was undone."
    )
    return errors.error("backendError", message)
