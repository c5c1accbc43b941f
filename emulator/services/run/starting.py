"""The method that starts a job: an execution with its tasks, and the operation that runs them."""

from __future__ import annotations

import copy
import sqlite3
import uuid
from typing import TYPE_CHECKING, Any

from emulator.errors import failed_precondition, invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.run import operations, views
from emulator.services.run.jobs import check_template, require_etag
from emulator.services.run.service import EXECUTIONS, JOBS, METHODS, RUNNING, SERVICE, TASKS
from emulator.state.operations import Operation
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
_OVERRIDE = "run.jobs.runWithOverrides"
_SUFFIX = 5  # characters that an execution's name has beyond its job's


@SERVICE.handles(f"{METHODS}.jobs.run")
async def run(request: Request) -> Answer:
    """Start an execution of a job; the operation is done when that has ended."""
    context = request.context
    overrides = request.body.get("overrides") or {}
    if overrides:
        request.require(_OVERRIDE, request.name)

    def step(tx: sqlite3.Connection) -> Operation | Json:
        job = context.resources.require(JOBS, request.name, tx)
        require_etag(request.body.get("etag", ""), job)
        template = _overridden(job.body["template"], overrides)
        if request.body.get("validateOnly"):
            return operations.checked_only(request, "Job", views.job(job))
        return _insert(request, tx, job, template)

    stored = await context.db.write(step)
    if isinstance(stored, dict):
        return stored
    context.operations.run_soon(stored)
    return operations.view(context, stored)


def _overridden(template: Json, overrides: Json) -> Json:
    """A job's template with what a start wants otherwise. Raises a 400 for what can't be."""
    made = copy.deepcopy(template)
    task = made["template"]
    if "taskCount" in overrides:
        made["taskCount"] = overrides["taskCount"]
        made["parallelism"] = min(made.get("parallelism", 0), made["taskCount"])
    if "timeout" in overrides:
        task["timeout"] = overrides["timeout"]
    changes = overrides.get("containerOverrides") or []
    if len(changes) > 1:
        raise invalid_argument("containerOverrides has more entries than the job has containers: 1.")
    for change in changes:
        _override(task["containers"][0], change)
    check_template(made)
    return made


def _override(container: Json, change: Json) -> None:
    if change.get("args") or change.get("clearArgs"):
        container["args"] = change.get("args", [])
    if change.get("env"):
        names = {each["name"] for each in change["env"]}
        container["env"] = [each for each in container.get("env", []) if each["name"] not in names] + change["env"]


def _insert(request: Request, tx: sqlite3.Connection, job: Resource, template: Json) -> Operation:
    """Store an execution, its tasks, what the job says of them, and the operation that is to run them."""
    context = request.context
    name = f"{job.name}/executions/{job.id}-{context.ids.hex(_SUFFIX)}"
    if context.resources.get(EXECUTIONS, name, tx) is not None:
        raise failed_precondition(f"The execution {name} exists already; start the job again.")
    operation = context.operations.insert(
        tx, RUNNING, operations.location_of(name), payload={"execution": name}, principal=request.principal
    )
    execution = context.resources.insert(
        tx, EXECUTIONS, name, job.name, _execution(request, job, template, operation.name)
    )
    for index in range(template["taskCount"]):
        task = _task(request, execution, index)
        context.resources.insert(tx, TASKS, f"{name}/tasks/{execution.id}-task{index}", name, task)
    count = job.body.get("executionCount", 0) + 1
    body = {**job.body, "executionCount": count, "latestCreatedExecution": views.reference(execution)}
    context.resources.replace(tx, JOBS, job.name, body)
    return operation


def _execution(request: Request, job: Resource, template: Json, operation: str) -> Json:
    count = template["taskCount"]
    return {
        "uid": _uid(request.context),
        "generation": "1",
        "creator": request.principal.partition(":")[2],
        "labels": {**job.body.get("labels", {}), **template.get("labels", {})},
        "annotations": template.get("annotations", {}),
        "launchStage": job.body["launchStage"],
        "job": job.id,
        "parallelism": template.get("parallelism") or count,
        "taskCount": count,
        "template": template["template"],
        "phase": "PENDING",
        "operation": operation,
    }


def _task(request: Request, execution: Resource, index: int) -> Json:
    template = execution.body["template"]
    kept = ("containers", "maxRetries", "timeout", "serviceAccount", "executionEnvironment", "volumes", "vpcAccess")
    return {
        **{key: template[key] for key in kept if key in template},
        "uid": _uid(request.context),
        "generation": "1",
        "labels": execution.body["labels"],
        "job": execution.body["job"],
        "execution": execution.id,
        "index": index,
        "phase": "PENDING",
    }


def _uid(context: Context) -> str:
    return str(uuid.UUID(context.ids.hex(32)))
