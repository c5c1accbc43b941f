"""Declaring groups: a file that a start is given, and /_emulator/groups for the owner's token.

Both are one JSON object, {"radiology@example.org": ["user:dr@example.org", "group:residents@example.org"]}, and take
the place of all groups that were declared before.
"""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.access import groups
from emulator.errors import not_found, permission_denied
from emulator.gateway.request import Response
from emulator.services.cloudidentity.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

PATH = "/_emulator/groups"


async def answer(
    context: Context, http: str, headers: dict[str, str], query: dict[str, str], body: dict[str, Any]
) -> Response:
    """All groups by address; a POST declares them anew. Only the owner's token may."""
    if context.authenticator.principal(headers, query.get("access_token", "")) != context.settings.owner:
        raise permission_denied("Only the owner's token may do this: see python -m emulator env.")
    if http == "POST":
        await _declare(context, groups.checked(body))
    elif http != "GET":
        raise not_found(f"The emulator has no endpoint {http} {PATH}.")
    return Response.json(groups.declared(context))


SERVICE.endpoints[PATH] = answer


@SERVICE.on_start
async def declare_from_file(context: Context) -> None:
    """Declare the groups of the file that the start was given; without one, they stay as they are."""
    path = context.settings.groups
    if path is not None:
        await _declare(context, await asyncio.to_thread(groups.read, path))


async def _declare(context: Context, found: dict[str, list[str]]) -> None:
    def step(tx: sqlite3.Connection) -> None:
        groups.declare(context, tx, found)
        context.db.after_commit(context.policies.forget)

    await context.db.write(step)
