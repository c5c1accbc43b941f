"""One attempt of a job, what is logged of it, and what follows: a retry, or the next time of the schedule.

Cloud Scheduler never runs two executions of a job at once; a time that comes while one runs is kept for its end
(Job.schedule).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.services.cloudscheduler import schedules, targets
from emulator.services.cloudscheduler.retrying import Retries
from emulator.state.clock import Clock
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

CREATOR = "creator"  # who wrote the job last
EXECUTION = "execution"  # of an execution that is to be tried again: time of the schedule, failures, when it began
_LOG = "cloudscheduler.googleapis.com%2Fexecutions"
_TYPE = "type.googleapis.com/google.cloud.scheduler.logging"
Scheduled = Callable[[dict[str, Any], float], dict[str, Any]]


@dataclass(frozen=True)
class Outcome:
    """How an attempt went: when it began and ended, in seconds since 1970, and the status, {} for well."""

    began: float
    ended: float
    status: dict[str, Any]

    @property
    def shown(self) -> dict[str, Any]:
        """What the job says of it."""
        return {"lastAttemptTime": Clock.stamp_of(self.began), "status": self.status}


def due_at(job: Resource) -> float | None:
    """When a job is to be attempted next, in seconds since 1970; None for never."""
    time = job.body.get("scheduleTime")
    return dt.datetime.fromisoformat(time).timestamp() if time else None


async def attempt(context: Context, job: Resource) -> Outcome:
    """Call a job's target once, and log that."""
    began = context.clock.seconds()
    time = job.body.get(EXECUTION, {}).get("time") or job.body.get("scheduleTime") or Clock.stamp_of(began)
    told = targets.described(job)
    context.logs.write(_entry(job, "AttemptStarted", {**told, "scheduledTime": time}))
    result = await targets.call(context, job, job.body.get(CREATOR, ""), time)
    said = {"debugInfo": result.debug, **({"status": result.word} if result.status else {})}
    severity = "ERROR" if result.status else "INFO"
    context.logs.write({**_entry(job, "AttemptFinished", {**told, **said}), "severity": severity})
    return Outcome(began, context.clock.seconds(), result.status)


def following(body: dict[str, Any], outcome: Outcome, scheduled: Scheduled) -> dict[str, Any]:
    """A job after an attempt of its schedule: with its retry, or the next time that the schedule gives."""
    execution = body.get(EXECUTION) or {"time": body["scheduleTime"], "failures": 0, "first": outcome.began}
    rest = {key: value for key, value in body.items() if key != EXECUTION}
    if outcome.status:
        retries, failures = Retries.of(body.get("retryConfig", {})), execution["failures"] + 1
        if retries.another(failures, outcome.ended - execution["first"]):
            at = Clock.stamp_of(outcome.ended + retries.wait(failures))
            return {**rest, EXECUTION: {**execution, "failures": failures}, "scheduleTime": at}
    if schedules.read(body["schedule"]).after_end:
        return scheduled(rest, outcome.ended)
    planned = dt.datetime.fromisoformat(execution["time"]).timestamp()
    return scheduled(rest, max(planned, outcome.began))


def _entry(job: Resource, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    """A Cloud Logging entry of a job (Cloud Scheduler: "View logs")."""
    _, project, _, location, *_ = job.name.split("/")
    return {
        "logName": f"projects/{project}/logs/{_LOG}",
        "severity": "INFO",
        "resource": {
            "type": "cloud_scheduler_job",
            "labels": {"project_id": project, "location": location, "job_id": job.id},
        },
        "jsonPayload": {"@type": f"{_TYPE}.{kind}", "jobName": job.name, **payload},
    }
