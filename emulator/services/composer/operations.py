"""Long-running operations of a location, as Composer shows them."""

from __future__ import annotations

import sqlite3
from typing import Any

from emulator.errors import failed_precondition, not_found
from emulator.gateway import paging
from emulator.gateway.request import Answer, Request
from emulator.services.composer.service import CHANGE, METHODS, SERVICE, TYPES
from emulator.state.operations import Operation

_PREFIX = f"{METHODS}.operations"
_PAGE = 100


def view(operation: Operation) -> dict[str, Any]:
    """An operation with what it does to which environment, and how far it is."""
    state = "RUNNING" if not operation.done else "FAILED" if operation.error is not None else "SUCCEEDED"
    metadata = {
        "@type": f"{TYPES}.OperationMetadata",
        **operation.metadata,
        "state": state,
        "createTime": operation.created,
    }
    if operation.ended:
        metadata["endTime"] = operation.ended
    return {**operation.to_json(), "metadata": metadata}


def _require(request: Request) -> Operation:
    found = request.context.operations.require(request.name)
    if found.kind != CHANGE:
        raise not_found(f"Resource not found: {request.name}.")
    return found


@SERVICE.handles(f"{_PREFIX}.get")
async def get(request: Request) -> Answer:
    """One operation."""
    return view(_require(request))


@SERVICE.handles(f"{_PREFIX}.list")
async def list_operations(request: Request) -> Answer:
    """A location's operations, newest first."""
    found = request.context.operations.list(request.name)
    shown = [view(each) for each in found if each.kind == CHANGE]
    page, following = paging.cut(shown, paging.asked(request.query, _PAGE, _PAGE))
    answer: dict[str, Any] = {"operations": page} if page else {}
    if following:
        answer["nextPageToken"] = following
    return answer


@SERVICE.handles(f"{_PREFIX}.delete")
async def delete(request: Request) -> Answer:
    """Forget an operation that is done."""
    if not _require(request).done:
        raise failed_precondition(f"The operation {request.name} is not done.")

    def step(tx: sqlite3.Connection) -> None:
        tx.execute("DELETE FROM operations WHERE name = ?", (request.name,))

    await request.context.db.write(step)
    return {}
