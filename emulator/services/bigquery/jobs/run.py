"""The life of a job: kept, run, ended; taken up again after a crash; waited for; cancelled."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from emulator.gateway.errors import ApiError
from emulator.services.bigquery import errors, warehouse
from emulator.services.bigquery.jobs import copy, extract, load, query, store
from emulator.services.bigquery.jobs.store import DONE, RUNNING, Job
from emulator.services.bigquery.service import SERVICE

if TYPE_CHECKING:
    from emulator.app import Emulator
    from emulator.services.bigquery.process.ticket import Ticket

Runner = Callable[["Emulator", Job, "Ticket"], Awaitable[None]]
RUNNERS: dict[str, Runner] = {"query": query.run, "load": load.run, "extract": extract.run, "copy": copy.run}
_log = logging.getLogger("emulator.bigquery")


async def submit(emulator: Emulator, job: Job, also: Callable[[sqlite3.Connection], Any] | None = None) -> None:
    """Keep a new job, durably, and start it. also runs in the same write. Raises 409 where its id is taken."""
    job.state = RUNNING
    job.body["status"]["state"] = RUNNING
    job.statistics["startTime"] = str(job.created)

    def change(tx: sqlite3.Connection) -> None:
        store.insert_in(tx, job)
        if also is not None:
            also(tx)

    await emulator.db.write(change)
    start(emulator, job)


def start(emulator: Emulator, job: Job) -> None:
    """Run a job that is kept."""
    house = warehouse.of(emulator)
    key = (job.project, job.id)
    ticket = house.new_ticket(key)
    task = asyncio.create_task(_run(emulator, job, ticket))
    house.tasks[key] = task

    def forget(_: asyncio.Task[None]) -> None:
        house.tasks.pop(key, None)
        house.tickets.pop(key, None)

    task.add_done_callback(forget)


async def _run(emulator: Emulator, job: Job, ticket: Ticket) -> None:
    problem: ApiError | None = None
    try:
        await RUNNERS[job.kind](emulator, job, ticket)
    except ApiError as error:
        problem = error
    except Exception as error:  # noqa: BLE001 whatever goes wrong, the job ends and says so
        _log.exception("job %s failed", job.id)
        problem = errors.of(error)
    if warehouse.of(emulator).closing and problem is not None:
        return  # it goes on after the next start
    finish(emulator, job, problem)
    await emulator.db.write(store.save_in, job)
    await load.forget_upload(emulator, job)


def finish(emulator: Emulator, job: Job, problem: ApiError | None) -> None:
    """Give a job its final state."""
    job.state = DONE
    job.body["status"]["state"] = DONE
    ended = int(emulator.clock.seconds() * 1000)
    job.statistics["endTime"] = str(ended)
    job.statistics["finalExecutionDurationMs"] = str(ended - int(job.statistics.get("startTime", ended)))
    if problem is not None:
        proto = errors.to_proto(problem)
        job.body["status"]["errorResult"] = proto
        job.body["status"]["errors"] = [proto, *job.body["status"].get("errors", [])]


async def wait(emulator: Emulator, project: str, identifier: str, seconds: float) -> None:
    """Wait until a job has ended, or for that long."""
    task = warehouse.of(emulator).tasks.get((project, identifier))
    if task is not None and seconds > 0:
        await asyncio.wait([task], timeout=seconds)


def cancel(emulator: Emulator, job: Job) -> None:
    """Ask a running job to stop; it ends with the reason `stopped`."""
    ticket = warehouse.of(emulator).tickets.get((job.project, job.id))
    if ticket is not None:
        ticket.cancel()


@SERVICE.on_start
async def _resume(emulator: Emulator) -> None:
    """Take up what a stop or a crash interrupted."""
    for job in store.unfinished(emulator):
        job.body["status"].pop("errors", None)
        start(emulator, job)
