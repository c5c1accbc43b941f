"""The end of a job: its state, times and error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.errors import ApiError
from emulator.services.bigquery import errors
from emulator.services.bigquery.jobs.store import DONE, Job

if TYPE_CHECKING:
    from emulator.context import Context


def finish(context: Context, job: Job, problem: ApiError | None) -> None:
    """Give a job its final state."""
    job.state = DONE
    job.body["status"]["state"] = DONE
    ended = int(context.clock.seconds() * 1000)
    job.statistics["endTime"] = str(ended)
    job.statistics["finalExecutionDurationMs"] = str(ended - int(job.statistics.get("startTime", ended)))
    if problem is not None:
        proto = errors.to_proto(problem)
        job.body["status"]["errorResult"] = proto
        job.body["status"]["errors"] = [proto, *job.body["status"].get("errors", [])]
