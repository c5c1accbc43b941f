"""The rows of a query job in Arrow's form: the first ones in the answer of jobs.query, the rest as a stream of the job.

A client that asks jobs.query for `queryResultsFormat` ARROW reads what its answer leaves out from
projects/PROJECT/locations/LOCATION/jobs/JOB/streams/_default, without a session. Google's client for Python does so
(google-cloud-bigquery 3.47, `query_and_wait(query_results_format="ARROW")`), and its system tests say what is answered.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from emulator.errors import invalid_argument
from emulator.gateway.request import Request
from emulator.services.bigquery import errors, warehouse
from emulator.services.bigquery.jobs import outcome, run, store
from emulator.services.bigquery.jobs.store import DONE
from emulator.services.bigquery.sql.types import Field
from emulator.services.bigquerystorage.engine import reading
from emulator.services.bigquerystorage.reading import sessions
from emulator.services.bigquerystorage.reading.sessions import Session
from emulator.services.bigquerystorage.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

STREAM = re.compile(r"(projects/([^/]+)/locations/([^/]+)/jobs/([^/]+))/streams/_default\Z")
WAIT_SECONDS = 200  # for a job that runs, as long as jobs.getQueryResults waits at most


def is_of_job(name: str) -> bool:
    """Whether a stream is a job's and not a session's."""
    return STREAM.match(name) is not None


async def prepare(request: Request) -> bool:
    """Have `sessions` know the stream of the job that the request names; whether the job has rows at all.

    Raises 400 for a job whose query named a table for its rows, 403 for one of somebody else, 404, and the error that
    the job ended with.
    """
    match, context = STREAM.match(request.name), request.context
    assert match is not None
    project = context.project_id(match[2])
    job = store.get(context, project, match[4], match[3])
    if job.principal != request.principal:
        raise errors.access_denied("Job", f"{project}:{job.location}.{job.id}", "bigquery.jobs.get")
    await run.wait(context, project, job.id, WAIT_SECONDS)
    job = store.get(context, project, job.id, job.location)
    if job.state != DONE:
        raise invalid_argument(f"Job {job.id} is still running; read its rows when it has ended.")
    if job.error is not None:
        raise job.error
    shown = outcome.with_result(context, job)
    if not outcome.has_rows(shown):
        return False
    found = outcome.of(context, shown)
    if found.result is None:
        raise invalid_argument("This API does not support explicitly-specified destination tables.")
    if not sessions.is_kept(context, match[1]):
        await _keep(context, match[1], found)
    return True


async def _keep(context: Context, name: str, found: outcome.Outcome) -> None:
    first, count, _ = await warehouse.of(context).run(reading.extent, found.table, short=True)
    session = Session(
        name=name,
        table=found.table,
        storage="",  # a result never changes
        columns=found.fields,
        fields=found.fields,
        form="ARROW",
        expires=int((context.clock.seconds() + sessions.SECONDS) * 1000),
        streams={"_default": (first, first + count)},
    )
    await context.db.write(sessions.put_in, session)


async def _page(context: Context, table: str, fields: list[Field], most: int) -> warehouse.ArrowPage:
    return warehouse.ArrowPage(*await warehouse.of(context).run(reading.arrow_page, table, fields, most, short=True))


@SERVICE.on_start
async def serve(context: Context) -> None:
    """Have BigQuery's jobs answered in Arrow's form."""
    warehouse.of(context).arrow_page = partial(_page, context)
