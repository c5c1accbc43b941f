"""One step of an import or export: its work, its counters and its checkpoint in one transaction."""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from emulator.context import Job
from emulator.services.healthcare import agent, keys


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one item failed: a google.rpc.Code and a sentence."""

    code: int
    message: str


async def commit(job: Job, step: Callable[..., None], *arguments: Any) -> None:
    """Run `step(tx, job, *arguments)`, which counts and moves the checkpoint; a step that fails has counted nothing.

    Raises 400 or 403 where the key of the operation's dataset can't be used any more.
    """
    keys.require_open(job.context, job.operation.name)
    counter, checkpoint = dict(job.counter), dict(job.checkpoint)
    try:
        await job.context.db.write(step, job, *arguments)
    except BaseException:
        job.counter, job.checkpoint = counter, checkpoint
        raise


def log_failures(tx: sqlite3.Connection, job: Job, log_entry: str, failed: Iterable[tuple[str, Problem]]) -> None:
    """Log what became of the items of an operation on a store that failed, by their names or URIs.

    `log_entry` is the last word of the entries' type, such as ImportDicomLogEntry.
    """
    for source, problem in failed:
        entry = agent.log_entry(
            job.payload["store"],
            log_entry,
            problem.code,
            problem.message,
            source=source,
            operation=job.operation.name,
        )
        job.context.logs.write_in(tx, entry)


def count(job: Job, success: int, failure: int, pending: int) -> None:
    """Add to the counters of an operation; `pending` is how much less there is to do."""
    job.count("success", success)
    job.count("failure", failure)
    job.counter["pending"] = max(0, job.counter.get("pending", 0) - pending)
