"""Where the rows of a query job are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.services.bigquery import catalog, decorators, encryption, errors
from emulator.services.bigquery.jobs import results, store
from emulator.services.bigquery.jobs.results import Result
from emulator.services.bigquery.jobs.store import Job
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql.engine import stored
from emulator.services.bigquery.sql.types import Field

if TYPE_CHECKING:
    from emulator.context import Context


@dataclass(frozen=True)
class Outcome:
    """The full name in the engine of the table with a job's rows, its columns, and the stored result, if it is one."""

    table: str
    fields: list[Field]
    result: Result | None


def with_result(context: Context, job: Job) -> Job:
    """The job that has a job's rows and counts: of a script, its last statement's."""
    identifier = job.payload.get("result")
    return store.get(context, job.project, identifier) if identifier else job


def has_rows(job: Job) -> bool:
    """Whether a job of `with_result` that has ended has rows: other statements than SELECT have none."""
    return bool(job.statistics.get("query", {}).get("statementType") == "SELECT")


def of(context: Context, job: Job) -> Outcome:
    """The rows of a job that has some. Raises a 404 for a result that has expired, a 400 where a key is closed."""
    name = TableName.from_reference(job.configuration["destinationTable"], job.project)
    anonymous = results.find(context, name)
    if anonymous is not None:
        encryption.version_for(context, job.project, job.configuration.get("destinationEncryptionConfiguration"), None)
        return Outcome(anonymous.table, list(anonymous.fields), anonymous)
    if name.dataset.startswith("_"):
        raise errors.error("notFound", f"The results of job {job.id} have expired: they are kept for a day.")
    body = encryption.open_table(context, decorators.split(name)[0]).body
    return Outcome(stored(catalog.storage_of(body)), catalog.fields_of(body), None)
