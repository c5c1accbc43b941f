"""One step of an import or export: its work, its counters and its checkpoint in one transaction."""

from collections.abc import Callable
from typing import Any

from emulator.context import Job


async def commit(job: Job, step: Callable[..., None], *arguments: Any) -> None:
    """Run `step(tx, job, *arguments)`, which counts and moves the checkpoint; a step that fails has counted nothing."""
    counter, checkpoint = dict(job.counter), dict(job.checkpoint)
    try:
        await job.context.db.write(step, job, *arguments)
    except BaseException:
        job.counter, job.checkpoint = counter, checkpoint
        raise
