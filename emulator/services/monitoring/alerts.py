"""Showing incidents: as Google's alerts, and to the emulator's owner with what became of each notification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.errors import invalid_argument, not_found, permission_denied
from emulator.gateway import filters, paging
from emulator.gateway.request import Answer, Request, Response
from emulator.services.monitoring import incidents
from emulator.services.monitoring.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

PATH = "/_emulator/incidents"
_STATES = ("", "OPEN", "CLOSED")
_DEFAULT_PAGE, _MAX_PAGE = 100, 1000


@SERVICE.handles("monitoring.projects.alerts.list")
async def list_alerts(request: Request) -> Answer:
    """The alerts of a project, newest first."""
    project, text = request.name.split("/")[1], request.query.get("filter", "")
    keep = filters.compile_filter(text) if text else None
    rows = request.context.db.all("SELECT * FROM incidents WHERE project = ? ORDER BY number DESC", (project,))
    found = [each for each in map(incidents.alert, rows) if keep is None or keep(each)]
    page, following = paging.cut(found, paging.asked(request.query, _DEFAULT_PAGE, _MAX_PAGE))
    answer: dict[str, Any] = {"alerts": page, "totalSize": len(found)} if found else {}
    return {**answer, "nextPageToken": following} if following else answer


@SERVICE.handles("monitoring.projects.alerts.get")
async def get_alert(request: Request) -> Answer:
    """One alert."""
    found = request.context.db.one("SELECT * FROM incidents WHERE id = ?", (request.name.rpartition("/")[2],))
    if found is None or found["project"] != request.name.split("/")[1]:
        raise not_found(f"Resource not found: {request.name}.")
    return incidents.alert(found)


async def answer(
    context: Context, http: str, headers: dict[str, str], query: dict[str, str], body: dict[str, Any]
) -> Response:
    """All incidents, oldest first, or those of a state (OPEN, CLOSED). Only the owner's token may."""
    del body
    if context.authenticator.principal(headers, query.get("access_token", "")) != context.settings.owner:
        raise permission_denied("Only the owner's token may do this: see python -m emulator env.")
    if http != "GET":
        raise not_found(f"The emulator has no endpoint {http} {PATH}.")
    state = query.get("state", "")
    if state not in _STATES:
        raise invalid_argument("state is OPEN or CLOSED.")
    found = map(incidents.incident, context.db.all("SELECT * FROM incidents ORDER BY number"))
    return Response.json({"incidents": [each for each in found if state in ("", each["state"])]})


SERVICE.endpoints[PATH] = answer
