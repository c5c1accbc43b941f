"""Long-running operations of a location, as Cloud Run shows them: what they are about is their metadata."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.errors import failed_precondition
from emulator.gateway import paging
from emulator.gateway.request import Answer, Request
from emulator.services.run import views
from emulator.services.run.service import DONE, EXECUTIONS, METHODS, RUNNING, SERVICE, TYPES
from emulator.state.operations import Operation

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
_PREFIX = f"{METHODS}.operations"
_PAGE = 100
_WAIT_SECONDS = 30.0
LOCATION_PARTS = 4  # of projects/P/locations/L


def location_of(name: str) -> str:
    """projects/P/locations/L of a resource in it."""
    return "/".join(name.split("/")[:LOCATION_PARTS])


def finished_in(tx: sqlite3.Connection, request: Request, message: str, resource: Json) -> Operation:
    """Store an operation whose work is done already: `resource` is the message of that name ("Job")."""
    shown = {"@type": f"{TYPES}.{message}", **resource}
    parent = location_of(resource["name"])
    return request.context.operations.insert(
        tx, DONE, parent, metadata=shown, principal=request.principal, response=shown
    )


def checked_only(request: Request, message: str, resource: Json) -> Json:
    """The answer to a request that wanted its checks only (validateOnly)."""
    shown = {"@type": f"{TYPES}.{message}", **resource}
    name = f"{location_of(resource['name'])}/operations/{request.context.ids.number()}"
    return {"name": name, "metadata": shown, "done": True, "response": shown}


def view(context: Context, operation: Operation) -> Json:
    """An operation; one of an execution tells how that is now."""
    shown = operation.to_json()
    if operation.kind == RUNNING:
        found = context.resources.get(EXECUTIONS, operation.payload["execution"])
        if found is not None:
            shown["metadata"] = {"@type": f"{TYPES}.Execution", **views.execution(found)}
    return shown


def _require(request: Request) -> Operation:
    return request.context.operations.require(request.name)


@SERVICE.handles(f"{_PREFIX}.get")
async def get(request: Request) -> Answer:
    """One operation."""
    return view(request.context, _require(request))


@SERVICE.handles(f"{_PREFIX}.list")
async def list_operations(request: Request) -> Answer:
    """A location's operations, newest first."""
    found = request.context.operations.list(request.name)
    shown = [view(request.context, each) for each in found if each.kind in (RUNNING, DONE)]
    page, following = paging.cut(shown, paging.asked(request.query, _PAGE, _PAGE))
    answer: Json = {"operations": page} if page else {}
    if following:
        answer["nextPageToken"] = following
    return answer


@SERVICE.handles(f"{_PREFIX}.wait", permission="run.operations.get")
async def wait(request: Request) -> Answer:
    """One operation once it is done, or as it is after the time asked for, half a minute at most."""
    given = request.body.get("timeout")
    seconds = min(_WAIT_SECONDS, float(given.removesuffix("s"))) if given else _WAIT_SECONDS
    await request.context.operations.wait(request.name, seconds)
    return view(request.context, _require(request))


@SERVICE.handles(f"{_PREFIX}.delete")
async def delete(request: Request) -> Answer:
    """Forget an operation that is done."""
    if not _require(request).done:
        raise failed_precondition(f"The operation {request.name} is not done; cancel its execution first.")

    def step(tx: sqlite3.Connection) -> None:
        tx.execute("DELETE FROM operations WHERE name = ?", (request.name,))

    await request.context.db.write(step)
    return {}
