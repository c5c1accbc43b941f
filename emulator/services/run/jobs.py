"""Jobs: created, read, replaced and deleted by operations that are done when answered (Cloud Run: "Create jobs")."""

from __future__ import annotations

import copy
import re
import sqlite3
import uuid
from typing import TYPE_CHECKING, Any

from emulator.errors import aborted, invalid_argument, not_found
from emulator.gateway.collections import Collection, crud, new_name
from emulator.gateway.request import Answer, Request
from emulator.services.iam.api import require_act_as
from emulator.services.run import operations, views
from emulator.services.run.service import EXECUTIONS, JOBS, METHODS, SERVICE
from emulator.state.operations import Operation
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
MOST_TASKS = 10_000  # Cloud Run: "Quotas and limits"
MOST_RETRIES = 10
LONGEST_SECONDS = 168 * 3600
_PREFIX = f"{METHODS}.jobs"
_LIMITS = {"cpu": "1000m", "memory": "512Mi"}
_OWN = ("uid", "creator", "executionCount", "latestCreatedExecution")


COLLECTION = Collection(
    kind=JOBS,
    segment="jobs",
    id_parameter="jobId",
    id_pattern=re.compile(r"[a-z](?:[a-z0-9-]{0,47}[a-z0-9])?"),
    view=views.job,
)
crud(SERVICE, COLLECTION, _PREFIX, ("get", "list", "getIamPolicy", "setIamPolicy", "testIamPermissions"))


@SERVICE.handles(f"{_PREFIX}.create")
async def create(request: Request) -> Answer:
    """Create a job."""
    name, parent = new_name(COLLECTION, request)
    body = _checked(request, dict(request.body))
    return await _store(request, name, parent, body)


@SERVICE.handles(f"{_PREFIX}.patch")
async def patch(request: Request) -> Answer:
    """Replace a job, whole; make it where `allowMissing` says so."""
    body = _checked(request, dict(request.body))
    name = request.name
    if request.context.resources.get(JOBS, name) is None and not request.query.get("allowMissing"):
        raise not_found(f"Resource not found: {name}.")
    return await _store(request, name, operations.location_of(name), body, replacing=True)


async def _store(request: Request, name: str, parent: str, body: Json, *, replacing: bool = False) -> Answer:
    """Store a job and the operation that says so; with `validateOnly` only say what would be."""
    context = request.context
    etag = body.pop("etag", "")

    def step(tx: sqlite3.Connection) -> Operation | Json:
        old = context.resources.get(JOBS, name, tx) if replacing else None
        require_etag(etag, old)
        full = _full(request, body, old)
        if request.query.get("validateOnly"):
            now = context.clock.stamp()
            return operations.checked_only(request, "Job", views.job(Resource(JOBS, name, parent, full, "", now, now)))
        if old is None:
            job = context.resources.insert(tx, JOBS, name, parent, full)
        else:
            job = context.resources.replace(tx, JOBS, name, full)
        return operations.finished_in(tx, request, "Job", views.job(job))

    stored = await context.db.write(step)
    return stored if isinstance(stored, dict) else stored.to_json()


def require_etag(etag: str, old: Resource | None) -> None:
    """Raise a 409 where the etag given, if any, is not that of the resource as it is."""
    if etag and old is not None and etag.strip('"') != old.etag:
        raise aborted(f"The etag of {old.name} does not match: it was changed meanwhile; read it and try again.")


def _full(request: Request, body: Json, old: Resource | None) -> Json:
    """A job with what the server adds: who wrote it, and how often."""
    caller = request.principal.partition(":")[2]
    if old is None:
        return {
            **body,
            "uid": str(uuid.UUID(request.context.ids.hex(32))),
            "generation": "1",
            "creator": caller,
            "lastModifier": caller,
        }
    kept = {key: old.body[key] for key in _OWN if key in old.body}
    return {**body, **kept, "generation": str(int(old.body["generation"]) + 1), "lastModifier": caller}


def _checked(request: Request, body: Json) -> Json:
    """A job with Google's defaults. Raises a 400 for what it can't be, and a 403 for an account not to be acted as."""
    body.pop("name", None)
    for unsupported in ("startExecutionToken", "runExecutionToken"):
        if body.get(unsupported):
            raise invalid_argument(f"{unsupported} is not emulated: start the job with :run.")
    template = copy.deepcopy(body.get("template") or {})
    task = template.get("template") or {}
    containers = task.get("containers") or []
    if len(containers) != 1 or not containers[0].get("image"):
        raise invalid_argument("template.template.containers must hold exactly one container with an image.")
    require_act_as(request.context, request.principal, task.get("serviceAccount"))
    container = {**containers[0], "resources": {"limits": _LIMITS, **containers[0].get("resources", {})}}
    task = {
        "maxRetries": 3,
        "timeout": "600s",
        "serviceAccount": default_account(request.context),
        "executionEnvironment": "EXECUTION_ENVIRONMENT_GEN2",
        **task,
        "containers": [container],
    }
    template = {"taskCount": 1, **template, "template": task}
    check_template(template)
    return {"launchStage": "GA", **body, "template": template}


def check_template(template: Json) -> None:
    """Raise a 400 for tasks, retries or times beyond what Cloud Run allows."""
    task = template["template"]
    count = template["taskCount"]
    if not 1 <= count <= MOST_TASKS:
        raise invalid_argument(f"taskCount {count} is invalid: it is from 1 to {MOST_TASKS}.")
    if not 0 <= template.get("parallelism", 0) <= count:
        raise invalid_argument(f"parallelism {template['parallelism']} is invalid: it is from 0 to taskCount, {count}.")
    if not 0 <= task["maxRetries"] <= MOST_RETRIES:
        raise invalid_argument(f"maxRetries {task['maxRetries']} is invalid: it is from 0 to {MOST_RETRIES}.")
    if not 0 < seconds(task["timeout"]) <= LONGEST_SECONDS:
        raise invalid_argument(f"timeout {task['timeout']} is invalid: it is from 1s to {LONGEST_SECONDS}s.")


def seconds(duration: str) -> float:
    """A protobuf Duration in JSON in seconds."""
    return float(duration.removesuffix("s") or 0)


def default_account(context: Context) -> str:
    """The account as which a job runs that names none: Compute Engine's default one of the project."""
    return f"{context.settings.project_number}-compute@developer.gserviceaccount.com"


@SERVICE.handles(f"{_PREFIX}.delete")
async def delete(request: Request) -> Answer:
    """Delete a job with its executions; those that run are stopped."""
    context, name = request.context, request.name
    job = context.resources.require(JOBS, name)
    require_etag(request.query.get("etag", ""), job)
    shown = views.job(job)
    if request.query.get("validateOnly"):
        return operations.checked_only(request, "Job", shown)
    for execution in context.resources.list(EXECUTIONS, name)[0]:
        if execution.body["phase"] not in views.ENDED:
            await context.operations.cancel(execution.body["operation"])

    def step(tx: sqlite3.Connection) -> Operation:
        context.resources.require(JOBS, name, tx)
        context.resources.delete_tree(tx, name)
        return operations.finished_in(tx, request, "Job", {**shown, "deleteTime": context.clock.stamp()})

    return (await context.db.write(step)).to_json()
