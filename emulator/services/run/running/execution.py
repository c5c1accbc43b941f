"""An execution as an operation: tasks beside each other, tried again when they fail, taken up after a crash.

A task that had not ended when the emulator crashed is run again (Cloud Run: a task may be run more than once).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emulator.context import Job
from emulator.errors import ApiError, failed_precondition
from emulator.services.iam.api import service_account_exists
from emulator.services.run import executions, views
from emulator.services.run.jobs import seconds
from emulator.services.run.running import images, process
from emulator.services.run.running.environment import variables
from emulator.services.run.running.lines import entry
from emulator.services.run.running.metadata import Metadata
from emulator.services.run.service import EXECUTIONS, RUNNING, SERVICE, TASKS, TYPES
from emulator.state.operations import Cancelled
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

AT_ONCE = 8  # tasks of an execution: they share this machine
TIMED_OUT = "The task was ended because it ran longer than its timeout, {timeout}."


@SERVICE.job(RUNNING)
async def run(job: Job) -> dict[str, Any]:
    """Run an execution's tasks that have not ended; gives the execution. Raises ApiError for one that failed."""
    context, name = job.context, job.payload["execution"]
    execution = context.resources.get(EXECUTIONS, name)
    if execution is None:
        raise Cancelled
    try:
        command = images.command_of(context, execution.body["template"]["containers"][0])
        email = _account(context, execution)
    except ApiError as problem:
        await context.db.write(_refuse, context, name, problem.message)
        raise
    async with Metadata(context, email).serving() as metadata:
        await _Tasks(job, execution, command, metadata).run()
    return _ended(job, name)


def _account(context: Context, execution: Resource) -> str:
    """The address of the account that an execution runs as. Raises a 400 for one that does not exist here."""
    email: str = execution.body["template"]["serviceAccount"]
    if email.endswith("@developer.gserviceaccount.com") or not service_account_exists(context, email):
        raise failed_precondition(
            f"The service account {email} does not exist here: name one of the project's in the job's serviceAccount."
        )
    return email


def _refuse(tx: sqlite3.Connection, context: Context, name: str, message: str) -> None:
    """Let all tasks of an execution fail that can't be run."""
    for task in executions.tasks_of(context, name, tx):
        if task.body["phase"] not in views.ENDED:
            executions.end_task(context, tx, task, "FAILED", message)
    executions.refresh(context, tx, name)


def _ended(job: Job, name: str) -> dict[str, Any]:
    """The execution as its operation's response. Raises ApiError where it failed, Cancelled where that was asked."""
    execution = job.context.resources.get(EXECUTIONS, name)
    if execution is None or execution.body["phase"] == "CANCELLED":
        raise Cancelled
    if execution.body["phase"] == "FAILED":
        raise failed_precondition(execution.body["message"])
    return {"@type": f"{TYPES}.Execution", **views.execution(execution)}


class _Tasks:
    """The tasks of one execution that are to be run."""

    def __init__(self, job: Job, execution: Resource, command: list[str], metadata: str) -> None:
        self._job = job
        self._context = job.context
        self._execution = execution
        self._command = command
        self._metadata = metadata
        self._room = asyncio.Semaphore(min(AT_ONCE, execution.body["parallelism"]))

    async def run(self) -> None:
        waiting = [
            task
            for task in executions.tasks_of(self._context, self._execution.name)
            if task.body["phase"] not in views.ENDED
        ]
        async with asyncio.TaskGroup() as group:
            for task in waiting:
                group.create_task(self._task(task))

    async def _task(self, task: Resource) -> None:
        async with self._room:
            attempt, failure = task.body.get("retried", 0), ""
            while attempt <= task.body["maxRetries"]:
                if not await self._store(task.name, _begin, attempt):
                    return
                code = await self._attempt(task, attempt)
                failure = await self._store(task.name, _attempted, code, task.body["timeout"])
                if not failure:
                    return
                attempt += 1
            await self._store(task.name, _fail, failure)

    async def _attempt(self, task: Resource, attempt: int) -> int | None:
        """The exit code of one attempt of a task; None where it took too long, or was cancelled."""
        environment = variables(self._context, self._execution, task, attempt, self._metadata)
        work = asyncio.create_task(process.run(self._command, environment, self._log(task, attempt)))
        limit = asyncio.create_task(self._job.delay(seconds(task.body["timeout"])))
        try:
            await asyncio.wait([work, limit], return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else None
        finally:
            for each in (work, limit):
                each.cancel()
            await asyncio.gather(work, limit, return_exceptions=True)

    def _log(self, task: Resource, attempt: int) -> process.Line:
        def line(stream: str, text: str) -> None:
            self._context.logs.write(entry(self._execution, task, attempt, stream, text))

        return line

    async def _store(self, name: str, change: Any, *arguments: Any) -> Any:
        """Change a task and add up its execution, in one write; None where it is gone, ended or cancelled."""
        context = self._context

        def step(tx: sqlite3.Connection) -> Any:
            task = context.resources.get(TASKS, name, tx)
            if task is None or task.body["phase"] in views.ENDED:
                return None
            result = change(context, tx, task, *arguments)
            executions.refresh(context, tx, self._execution.name)
            return result

        return await context.db.write(step)


def _begin(context: Context, tx: sqlite3.Connection, task: Resource, attempt: int) -> bool:
    body = {"startTime": context.clock.stamp(), **task.body, "phase": "RUNNING"}
    if attempt:
        body["retried"] = attempt
    context.resources.replace(tx, TASKS, task.name, body)
    return True


def _attempted(context: Context, tx: sqlite3.Connection, task: Resource, code: int | None, timeout: str) -> str:
    """Keep how an attempt ended; gives why it failed, "" where it did not."""
    failure = _failure(code, timeout)
    result = _result(code, failure)
    body = {**task.body, "lastAttemptResult": result}
    if failure:
        context.resources.replace(tx, TASKS, task.name, body)
    else:
        changed = context.resources.replace(tx, TASKS, task.name, body)
        executions.end_task(context, tx, changed, "SUCCEEDED")
    return failure


def _fail(context: Context, tx: sqlite3.Connection, task: Resource, failure: str) -> None:
    executions.end_task(context, tx, task, "FAILED", failure)


def _failure(code: int | None, timeout: str) -> str:
    if code is None:
        return TIMED_OUT.format(timeout=timeout)
    if code < 0:
        return f"The task was ended by signal {-code}."
    return f"The task exited with code {code}." if code else ""


def _result(code: int | None, failure: str) -> Mapping[str, Any]:
    """A TaskAttemptResult."""
    status = {"code": 2, "message": failure} if failure else {}
    if code is None:
        return {"status": {"code": 4, "message": failure}}
    return {"termSignal": -code, "status": status} if code < 0 else {"exitCode": code, "status": status}
