"""Executions of jobs: read, cancelled and deleted, and how their tasks add up."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from typing import TYPE_CHECKING, Any

from emulator.errors import failed_precondition
from emulator.gateway.collections import Collection, crud
from emulator.gateway.request import Answer, Request
from emulator.services.run import operations, views
from emulator.services.run.jobs import require_etag
from emulator.services.run.service import EXECUTIONS, JOBS, METHODS, SERVICE, TASKS
from emulator.state.operations import Operation
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_PREFIX = f"{METHODS}.jobs.executions"
COLLECTION = Collection(
    kind=EXECUTIONS,
    segment="executions",
    id_pattern=re.compile(r"[a-z0-9-]{1,63}"),
    parent_kind=JOBS,
    view=views.execution,
)
crud(SERVICE, COLLECTION, _PREFIX, ("get", "list"))


@SERVICE.handles(f"{_PREFIX}.delete")
async def delete(request: Request) -> Answer:
    """Delete an execution that has ended, with its tasks."""
    context, name = request.context, request.name

    def step(tx: sqlite3.Connection) -> Operation | dict[str, Any]:
        execution = context.resources.require(EXECUTIONS, name, tx)
        require_etag(request.query.get("etag", ""), execution)
        if execution.body["phase"] not in views.ENDED:
            raise failed_precondition(f"The execution {name} is running; cancel it first.")
        shown = views.execution(execution)
        if request.query.get("validateOnly"):
            return operations.checked_only(request, "Execution", shown)
        context.resources.delete_tree(tx, name)
        return operations.finished_in(tx, request, "Execution", {**shown, "deleteTime": context.clock.stamp()})

    stored = await context.db.write(step)
    return stored if isinstance(stored, dict) else stored.to_json()


@SERVICE.handles(f"{_PREFIX}.cancel")
async def cancel(request: Request) -> Answer:
    """Stop an execution: tasks that have not ended are cancelled, and their processes told to end."""
    context, name = request.context, request.name

    def step(tx: sqlite3.Connection) -> tuple[Operation | dict[str, Any], str]:
        execution = context.resources.require(EXECUTIONS, name, tx)
        require_etag(request.body.get("etag", ""), execution)
        if execution.body["phase"] in views.ENDED:
            raise failed_precondition(f"The execution {name} has ended already.")
        if request.body.get("validateOnly"):
            return operations.checked_only(request, "Execution", views.execution(execution)), ""
        for task in tasks_of(context, name, tx):
            if task.body["phase"] not in views.ENDED:
                end_task(context, tx, task, "CANCELLED", "The execution was cancelled.")
        execution = refresh(context, tx, name)
        return operations.finished_in(tx, request, "Execution", views.execution(execution)), execution.body["operation"]

    stored, running = await context.db.write(step)
    if running:
        await context.operations.cancel(running)
    return stored if isinstance(stored, dict) else stored.to_json()


def tasks_of(context: Context, execution: str, tx: sqlite3.Connection | None = None) -> list[Resource]:
    """The tasks of an execution by their index."""
    found = context.resources.list(TASKS, execution, tx=tx)[0]
    return sorted(found, key=lambda task: int(task.body["index"]))


def end_task(context: Context, tx: sqlite3.Connection, task: Resource, phase: str, message: str = "") -> None:
    """Take down in the caller's write that a task has ended, and how."""
    body = {**task.body, "phase": phase, "completionTime": context.clock.stamp()}
    if message:
        body["message"] = message
    context.resources.replace(tx, TASKS, task.name, body)


def refresh(context: Context, tx: sqlite3.Connection, name: str) -> Resource:
    """Add up an execution's tasks, and tell its job; once all have ended it has, too."""
    execution = context.resources.require(EXECUTIONS, name, tx)
    tasks = tasks_of(context, name, tx)
    phases = Counter(task.body["phase"] for task in tasks)
    body = {
        **execution.body,
        "runningCount": phases["RUNNING"],
        "succeededCount": phases["SUCCEEDED"],
        "failedCount": phases["FAILED"],
        "cancelledCount": phases["CANCELLED"],
        "retriedCount": sum(1 for task in tasks if task.body.get("retried")),
    }
    if all(task.body["phase"] in views.ENDED for task in tasks):
        if body["phase"] not in views.ENDED:
            body |= _end(context, tasks, phases)
    elif phases["PENDING"] < len(tasks):
        body["phase"] = "RUNNING"
        body.setdefault("startTime", context.clock.stamp())
    execution = context.resources.replace(tx, EXECUTIONS, name, body)
    _tell_job(context, tx, execution)
    return execution


def _end(context: Context, tasks: list[Resource], phases: Counter[str]) -> dict[str, Any]:
    """How an execution ended whose tasks have."""
    ended = {"completionTime": context.clock.stamp()}
    if phases["CANCELLED"]:
        return {**ended, "phase": "CANCELLED", "message": "The execution was cancelled."}
    if phases["FAILED"]:
        first = next(task for task in tasks if task.body["phase"] == "FAILED")
        said = f"Task {first.id} failed: {first.body['message']}"
        return {**ended, "phase": "FAILED", "message": said}
    return {**ended, "phase": "SUCCEEDED", "message": "Execution completed successfully."}


def _tell_job(context: Context, tx: sqlite3.Connection, execution: Resource) -> None:
    job = context.resources.get(JOBS, execution.parent, tx)
    if job is None or job.body.get("latestCreatedExecution", {}).get("name") != execution.id:
        return
    context.resources.replace(tx, JOBS, job.name, {**job.body, "latestCreatedExecution": views.reference(execution)})
