"""Jobs as they are kept: one row each, whose body is the REST resource.

https://cloud.google.com/bigquery/docs/reference/rest/v2/Job.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from emulator.errors import ApiError
from emulator.services.bigquery import errors
from emulator.services.bigquery.jobs import results
from emulator.services.bigquery.jobs.results import Result

if TYPE_CHECKING:
    from emulator.context import Context

JOB_ID = re.compile(r"[A-Za-z0-9_\-]{1,1024}\Z")
KINDS = ("query", "load", "extract", "copy")
PENDING, RUNNING, DONE = "PENDING", "RUNNING", "DONE"


@dataclass
class Job:
    """One job. payload is what it needs beside its configuration (the uploaded file of a load).

    result is an anonymous table that it has filled, kept with its end; keeping is the write that keeps a new job, while
    that is under way.
    """

    project: str
    id: str
    location: str
    principal: str
    created: int
    body: dict[str, Any]
    payload: dict[str, Any] = field(default_factory=dict)
    state: str = PENDING
    result: Result | None = None
    keeping: asyncio.Future[Any] | None = None
    has_own_id: bool = False  # one that nobody else can ask for

    async def kept(self) -> None:
        """Wait until a new job is kept, durably. Raises what that write raised."""
        if self.keeping is not None:
            await asyncio.shield(self.keeping)

    @property
    def kind(self) -> str:
        """query, load, extract or copy."""
        return next(kind for kind in KINDS if kind in self.body["configuration"])

    @property
    def configuration(self) -> dict[str, Any]:
        """The part of the configuration that is about its kind."""
        part: dict[str, Any] = self.body["configuration"][self.kind]
        return part

    @property
    def statistics(self) -> dict[str, Any]:
        """Its statistics, to be filled."""
        statistics: dict[str, Any] = self.body["statistics"]
        return statistics

    @property
    def key(self) -> str:
        """One word that names the job, for what is noted in DuckDB."""
        return f"{self.project}:{self.id}"

    @property
    def error(self) -> ApiError | None:
        """Why it failed, if it did."""
        proto = self.body["status"].get("errorResult")
        return None if proto is None else errors.from_proto(proto)


def new(context: Context, project: str, body: dict[str, Any], principal: str) -> Job:
    """A job from what a caller sends. Raises a 400 for a configuration that is none."""
    configuration = body.get("configuration") or {}
    kinds = [kind for kind in KINDS if configuration.get(kind) is not None]
    if len(kinds) != 1:
        raise errors.invalid(
            "Job configuration must contain exactly one job-specific configuration object "
            "(e.g., query, load, extract, copy)."
        )
    reference = body.get("jobReference") or {}
    if reference.get("projectId") and context.project_id(reference["projectId"]) != project:
        raise errors.invalid(f"The project of the job's reference, {reference['projectId']}, is not that of the path.")
    try:
        orjson.dumps(configuration)
    except TypeError:
        raise errors.invalid("The job configuration is nested too deeply.") from None
    if not str(configuration.get("jobTimeoutMs") or 0).isdigit():
        raise errors.invalid(f"jobTimeoutMs is a number of milliseconds, not {configuration['jobTimeoutMs']}.")
    identifier = reference.get("jobId") or f"job_{context.ids.hex(28)}"
    if not JOB_ID.match(identifier):
        raise errors.invalid(
            f'Invalid job ID "{identifier[:80]}": letters, digits, dashes and underscores, at most 1024.'
        )
    location = reference.get("location") or "US"
    created = int(context.clock.seconds() * 1000)
    shown = {
        "kind": "bigquery#job",
        "configuration": {**configuration, "jobType": kinds[0].upper()},
        "jobReference": {"projectId": project, "jobId": identifier, "location": location},
        "status": {"state": PENDING},
        "statistics": {"creationTime": str(created)},
        "user_email": principal.partition(":")[2],
        "principal_subject": principal,
    }
    return Job(project, identifier, location, principal, created, shown, has_own_id=not reference.get("jobId"))


def row_of(job: Job) -> tuple[Any, ...]:
    """A new job as `insert_in` keeps it: as it is now, whatever becomes of it meanwhile."""
    about = (job.project, job.id, job.location, job.state, job.created, job.principal)
    return (*about, orjson.dumps(job.body), orjson.dumps(job.payload))


def insert_in(tx: sqlite3.Connection, job: Job, row: tuple[Any, ...]) -> None:
    """Keep a new job inside a write. Raises 409 where its id is taken."""
    try:
        tx.execute(
            "INSERT INTO bigquery_jobs(project, id, location, state, created, principal, body, payload) "
            "VALUES(?,?,?,?,?,?,?,?)",
            row,
        )
    except sqlite3.IntegrityError:
        raise errors.duplicate("Job", f"{job.project}:{job.location}.{job.id}") from None


def insert_child_in(tx: sqlite3.Connection, child: Job, parent: Job) -> None:
    """Note inside a write that a job is a statement of a script's job."""
    tx.execute("INSERT INTO bigquery_child_jobs VALUES(?,?,?)", (child.project, child.id, parent.id))


def save_in(tx: sqlite3.Connection, job: Job) -> None:
    """Keep a job's new state, and its result, inside a write."""
    job.body["status"]["state"] = job.state
    if job.result is not None:
        results.insert_in(tx, job.result)
    tx.execute(
        "UPDATE bigquery_jobs SET state = ?, body = ?, payload = ? WHERE project = ? AND id = ?",
        (job.state, orjson.dumps(job.body), orjson.dumps(job.payload), job.project, job.id),
    )


def mark_cancelled_in(tx: sqlite3.Connection, job: Job) -> None:
    """Note inside a write that a job is to stop, unless it has ended."""
    row = tx.execute(
        "SELECT payload FROM bigquery_jobs WHERE project = ? AND id = ? AND state != ?", (job.project, job.id, DONE)
    ).fetchone()
    if row is not None:
        payload = {**(orjson.loads(row["payload"]) if row["payload"] else {}), "cancelled": True}
        tx.execute(
            "UPDATE bigquery_jobs SET payload = ? WHERE project = ? AND id = ?",
            (orjson.dumps(payload), job.project, job.id),
        )


def delete_in(tx: sqlite3.Connection, job: Job) -> None:
    """Forget a job, and its child jobs, inside a write."""
    own = (job.project, job.id)
    tx.execute(
        "DELETE FROM bigquery_jobs WHERE project = ? AND id IN "
        "(SELECT id FROM bigquery_child_jobs WHERE project = ? AND parent = ?)",
        (job.project, *own),
    )
    tx.execute("DELETE FROM bigquery_child_jobs WHERE project = ? AND parent = ?", own)
    tx.execute("DELETE FROM bigquery_jobs WHERE project = ? AND id = ?", own)


def get(context: Context, project: str, identifier: str, location: str = "") -> Job:
    """The job of that id. Raises 404, also for another location."""
    row = context.db.one("SELECT * FROM bigquery_jobs WHERE project = ? AND id = ?", (project, identifier))
    if row is None or (location and location.lower() != row["location"].lower()):
        raise errors.no_job(project, identifier, location)
    return _job(row)


def unfinished(context: Context) -> list[Job]:
    """The jobs that a stop or a crash interrupted, oldest first."""
    rows = context.db.all("SELECT * FROM bigquery_jobs WHERE state IN (?, ?) ORDER BY number", (PENDING, RUNNING))
    return [_job(row) for row in rows]


def page(
    context: Context,
    project: str,
    principal: str,
    states: list[str],
    times: tuple[int, int],
    before: int,
    size: int,
    parent: str | None = None,
) -> list[tuple[int, Job]]:
    """Jobs with their numbers, newest first, below the number `before`; principal "" is everybody's.

    parent is the script whose statements are asked for; "" leaves out the statements of scripts.
    """
    sql = "SELECT * FROM bigquery_jobs WHERE project = ? AND number < ? AND created BETWEEN ? AND ?"
    arguments: list[Any] = [project, before, *times]
    if principal:
        sql += " AND principal = ?"
        arguments.append(principal)
    if parent is not None:
        children = "SELECT id FROM bigquery_child_jobs WHERE project = ?"
        sql += f" AND id IN ({children} AND parent = ?)" if parent else f" AND id NOT IN ({children})"
        arguments += [project, parent] if parent else [project]
    if states:
        sql += f" AND state IN ({', '.join('?' * len(states))})"
        arguments += [state.upper() for state in states]
    rows = context.db.all(sql + " ORDER BY number DESC LIMIT ?", [*arguments, size])
    return [(row["number"], _job(row)) for row in rows]


def _job(row: sqlite3.Row) -> Job:
    return Job(
        row["project"], row["id"], row["location"], row["principal"], row["created"], orjson.loads(row["body"]),
        orjson.loads(row["payload"]) if row["payload"] else {}, row["state"],
    )  # fmt: skip


def view(context: Context, job: Job) -> dict[str, Any]:
    """A job as the API shows it."""
    return {
        **job.body,
        "id": f"{job.project}:{job.location}.{job.id}",
        "etag": f"{job.id[-12:]}-{job.state}",
        "selfLink": f"{context.settings.base_url}/bigquery/v2/projects/{job.project}/jobs/{job.id}"
        f"?location={job.location}",
    }
