"""Jobs: what Google keeps of them, paused and resumed, and run by hand."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from emulator.errors import failed_precondition, invalid_argument
from emulator.gateway.collections import Collection, crud
from emulator.gateway.request import Answer, Request
from emulator.services.cloudscheduler import timetable
from emulator.services.cloudscheduler.checks import TARGETS, UTC, check, check_rights
from emulator.services.cloudscheduler.firing import CREATOR, EXECUTION
from emulator.services.cloudscheduler.service import JOBS, SERVICE
from emulator.services.cloudscheduler.targets import require_callable
from emulator.state.resources import Resource

_METHODS = "cloudscheduler.projects.locations.jobs"
_HIDDEN = frozenset((CREATOR, EXECUTION))  # stored fields that no answer shows


def _job_id(request: Request) -> str:
    """The id in the name that the body of `create` has in full; the server makes one up where it is missing."""
    name: str = request.body.get("name", "")
    if not name:
        return request.context.ids.number()
    parent, _, job = name.rpartition("/jobs/")
    if parent.split("/")[2:] != request.name.split("/")[2:]:
        raise invalid_argument(f'Job name "{name[:120]}" must start with {request.name}/jobs/.')
    return job


def _prepare(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Check a new job and add what Google adds."""
    return _written(request, request.name, {**body, "state": "ENABLED"})


def _prepare_update(request: Request, old: Resource, body: dict[str, Any]) -> dict[str, Any]:
    """Check a changed job; what was left to do of the old one is forgotten."""
    return _written(request, old.name, {key: value for key, value in body.items() if key != EXECUTION})


def _written(request: Request, name: str, body: dict[str, Any]) -> dict[str, Any]:
    check(body)
    check_rights(request, name, body)
    body = {"timeZone": UTC, **body}
    if "httpTarget" in body:
        body.setdefault("attemptDeadline", "180s")
        body["httpTarget"] = {"httpMethod": "POST", **body["httpTarget"]}
    return timetable.scheduled(
        {**body, "userUpdateTime": request.context.clock.stamp(), CREATOR: request.principal},
        request.context.clock.seconds(),
    )


def _view(job: Resource) -> dict[str, Any]:
    return {"name": job.name, **{key: value for key, value in job.body.items() if key not in _HIDDEN}}


JOB = Collection(
    kind=JOBS,
    segment="jobs",
    id_of=_job_id,
    id_pattern=re.compile(r"[A-Za-z0-9_-]{1,500}"),
    mutable=frozenset(("description", "schedule", "timeZone", "attemptDeadline", "retryConfig", *TARGETS)),
    prepare=_prepare,
    prepare_update=_prepare_update,
    view=_view,
    after_create=timetable.enter,
    after_update=timetable.enter,
    after_delete=timetable.leave,
)
crud(SERVICE, JOB, _METHODS, ("create", "get", "list", "patch", "delete"))


@SERVICE.handles(f"{_METHODS}.pause")
async def pause(request: Request) -> Answer:
    """Stop a job from running; pausing it again changes nothing."""
    return await _switch(request, "PAUSED")


@SERVICE.handles(f"{_METHODS}.resume", permission="cloudscheduler.jobs.enable")
async def resume(request: Request) -> Answer:
    """Let a paused job run again, next when its schedule says; resuming one that is enabled changes nothing."""
    return await _switch(request, "ENABLED")


async def _switch(request: Request, state: str) -> Answer:
    context = request.context

    def step(tx: sqlite3.Connection) -> Resource:
        job = context.resources.require(JOBS, request.name, tx)
        if job.body["state"] == state:
            return job
        kept = {key: value for key, value in job.body.items() if key not in (EXECUTION, "scheduleTime")}
        body = timetable.scheduled({**kept, "state": state}, context.clock.seconds())
        job = context.resources.replace(tx, JOBS, job.name, body)
        timetable.enter(context, tx, job)
        return job

    return _view(await context.db.write(step))


@SERVICE.handles(f"{_METHODS}.run")
async def run(request: Request) -> Answer:
    """Run a job now, beside its schedule; gives the job once the attempt has ended, or a second after it began."""
    context = request.context
    job = context.resources.require(JOBS, request.name)
    if job.body["state"] != "ENABLED":
        raise failed_precondition(f"The job {job.name} is {job.body['state']}; resume it first.")
    require_callable(context, job)
    await timetable.of(context).run_now(job.name)
    return _view(context.resources.require(JOBS, request.name))
