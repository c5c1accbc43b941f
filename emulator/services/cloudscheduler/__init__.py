"""Cloud Scheduler: jobs, kept as declared. A job runs when `run` is called, never by the clock."""

from __future__ import annotations

import base64
import re
import sqlite3
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from emulator.errors import ApiError, failed_precondition, invalid_argument, not_implemented
from emulator.gateway.collections import Collection, crud
from emulator.gateway.request import Answer, Request
from emulator.gateway.service import Service
from emulator.services.iam.api import require_act_as
from emulator.services.pubsub import api as pubsub
from emulator.state.resources import Resource

SERVICE = Service("cloudscheduler", documents=("cloudscheduler.v1",))
JOBS = "cloudscheduler.jobs"
_METHODS = "cloudscheduler.projects.locations.jobs"
_TARGETS = ("pubsubTarget", "httpTarget", "appEngineHttpTarget")
_TOPIC = re.compile(r"projects/[^/]+/topics/[^/]+")
_PUBLISH = "pubsub.topics.publish"
_CREATOR = "creator"  # who wrote the job last: a stored field that no answer shows
_FIELD = r"(\*|[0-9A-Za-z]+(-[0-9A-Za-z]+)?)(/\d+)?"
_CRON = re.compile(rf"{_FIELD}(,{_FIELD})*(\s+{_FIELD}(,{_FIELD})*){{4}}")
_ENGLISH = re.compile(r"every\s+.+|(\d+(st|nd|rd|th),?\s*)+.+|(first|second|third|fourth|fifth)\b.+")


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
    _check(body)
    _check_rights(request, request.name, body)
    body = {"timeZone": "Etc/UTC", **body}
    if "httpTarget" in body:
        body.setdefault("attemptDeadline", "180s")
    return {
        **body,
        "state": "ENABLED",
        "userUpdateTime": request.context.clock.stamp(),
        _CREATOR: request.principal,
    }


def _prepare_update(request: Request, old: Resource, body: dict[str, Any]) -> dict[str, Any]:
    _check(body)
    _check_rights(request, old.name, body)
    return {**body, "userUpdateTime": request.context.clock.stamp(), _CREATOR: request.principal}


def _check_rights(request: Request, name: str, body: dict[str, Any]) -> None:
    """A job publishes to a topic of its own project (PubsubTarget.topicName), to which its creator may.

    Else whoever may write jobs could publish to any topic by the rights of Cloud Scheduler's service agent. Likewise
    he may act as the service account whose token a call over HTTP bears (Cloud Scheduler: "Use authentication with
    HTTP targets").
    """
    for token in ("oidcToken", "oauthToken"):
        email = body.get("httpTarget", {}).get(token, {}).get("serviceAccountEmail")
        require_act_as(request.context, request.principal, email)
    topic = body.get("pubsubTarget", {}).get("topicName")
    if topic is None:
        return
    context = request.context
    if context.project_id(topic.split("/")[1]) != context.project_id(name.split("/")[1]):
        raise invalid_argument(f'Topic "{topic[:120]}" is invalid: it must be in the same project as the job.')
    context.policies.require(request.principal, _PUBLISH, topic)


def _check(body: dict[str, Any]) -> None:
    """One target, a schedule in cron or English form, a time zone of the IANA database."""
    targets = [name for name in _TARGETS if name in body]
    if len(targets) != 1:
        raise invalid_argument(f"Job has {len(targets)} targets; it must have exactly one of {', '.join(_TARGETS)}.")
    schedule = body.get("schedule", "").strip()
    if not _CRON.fullmatch(schedule) and not _ENGLISH.match(schedule.lower()):
        raise invalid_argument(f'Schedule "{schedule[:80]}" is invalid: give five cron fields, such as "0 2 * * *".')
    try:
        ZoneInfo(body.get("timeZone") or "Etc/UTC")
    except (ZoneInfoNotFoundError, ValueError):
        raise invalid_argument(
            f'Time zone "{body["timeZone"][:80]}" is invalid: name one such as Europe/Berlin.'
        ) from None
    topic = body.get("pubsubTarget", {}).get("topicName")
    if topic is not None and not _TOPIC.fullmatch(topic):
        raise invalid_argument(f'Topic "{topic[:120]}" is invalid: it must look like projects/ID/topics/TOPIC.')


def _view(job: Resource) -> dict[str, Any]:
    return {"name": job.name, **{key: value for key, value in job.body.items() if key != _CREATOR}}


JOB = Collection(
    kind=JOBS,
    segment="jobs",
    id_of=_job_id,
    id_pattern=re.compile(r"[A-Za-z0-9_-]{1,500}"),
    mutable=frozenset(("description", "schedule", "timeZone", "attemptDeadline", "retryConfig", *_TARGETS)),
    prepare=_prepare,
    prepare_update=_prepare_update,
    view=_view,
)
crud(SERVICE, JOB, _METHODS, ("create", "get", "list", "patch", "delete"))


@SERVICE.handles(f"{_METHODS}.pause")
async def pause(request: Request) -> Answer:
    """Stop a job from running; pausing it again changes nothing."""
    return await _set(request, {"state": "PAUSED"})


@SERVICE.handles(f"{_METHODS}.resume", permission="cloudscheduler.jobs.enable")
async def resume(request: Request) -> Answer:
    """Let a paused job run again; resuming one that is enabled changes nothing."""
    return await _set(request, {"state": "ENABLED"})


@SERVICE.handles(f"{_METHODS}.run")
async def run(request: Request) -> Answer:
    """Run a job now: publish its message. Calling other machines (HTTP, App Engine) is not emulated."""
    context = request.context
    job = context.resources.require(JOBS, request.name)
    if job.body["state"] != "ENABLED":
        raise failed_precondition(f"The job {job.name} is {job.body['state']}; resume it first.")
    target = job.body.get("pubsubTarget")
    if target is None:
        raise not_implemented("Only jobs with a Pub/Sub target can be run here: the emulator calls no other machine.")
    message = base64.b64decode(target.get("data", "")), target.get("attributes", {})
    status: dict[str, Any] = {}
    try:
        context.policies.require(job.body.get(_CREATOR, ""), _PUBLISH, target["topicName"])
        await pubsub.publish(context, target["topicName"], [message])
    except ApiError as error:
        status = error.to_status()
    return await _set(request, {"lastAttemptTime": context.clock.stamp(), "status": status})


async def _set(request: Request, fields: dict[str, Any]) -> Answer:
    context = request.context

    def step(tx: sqlite3.Connection) -> Resource:
        job = context.resources.require(JOBS, request.name, tx)
        return context.resources.replace(tx, JOBS, job.name, {**job.body, **fields})

    return JOB.view(await context.db.write(step))
