"""Jobs that somebody stops: by jobs.cancel, and by the procedure BQ.JOBS.CANCEL of a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.services.bigquery import errors, warehouse
from emulator.services.bigquery.jobs import store
from emulator.services.bigquery.jobs.session import Session
from emulator.services.bigquery.jobs.store import DONE, Job

if TYPE_CHECKING:
    from emulator.context import Context

CANCEL_SECONDS = 10.0  # jobs.cancel answers after that at the latest; an engine that does not heed is ended before
PERMISSION = "bigquery.jobs.update"  # to stop a job of somebody else


async def cancel(context: Context, job: Job) -> Job:
    """Stop a job, durably: it ends with the reason `stopped`, also where the emulator crashes now. One that has ended
    stays as it is. Gives the job as it is then. A statement of a script takes the whole script along.
    """
    if job.state == DONE:
        return job
    await _stop(context, job)
    await warehouse.of(context).work.wait(_key(job), CANCEL_SECONDS)
    return store.get(context, job.project, job.id)


async def call(session: Session, written: str) -> None:
    """Do as BQ.JOBS.CANCEL asks, by "JOB" or "PROJECT.JOB"; who stops the job that it is in ends with it.

    Raises 403, and 404 where there is no such job, also for one of another location.
    https://cloud.google.com/bigquery/docs/reference/system-procedures#bqjobscancel
    """
    context, own = session.context, session.job
    project, _, identifier = written.replace("`", "").rpartition(".")
    job = store.get(context, project or own.project, identifier, own.location)
    if job.principal != own.principal and not context.policies.allows(
        own.principal, PERMISSION, f"projects/{job.project}"
    ):
        raise errors.access_denied("Job", f"{job.project}:{job.location}.{job.id}", PERMISSION)
    if _key(job) == _key(own) and job.state != DONE:
        await _stop(context, job)
        session.ticket.check()
    await cancel(context, job)


async def _stop(context: Context, job: Job) -> None:
    await context.db.write(store.mark_cancelled_in, job)
    ticket = warehouse.of(context).work.handle(_key(job))
    if ticket is not None:
        ticket.cancel()


def _key(job: Job) -> tuple[str, str]:
    """Under which the work of a job, or of the script that it is a statement of, is found."""
    return job.project, str(job.statistics.get("parentJobId", job.id))
