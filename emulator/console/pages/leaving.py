"""The end of a session."""

from __future__ import annotations

from emulator.console import layout
from emulator.console.html import tag
from emulator.console.service import sessions
from emulator.console.site import page
from emulator.console.visitor import Visitor
from emulator.gateway.request import Response


@page("POST", "leave")
async def leave(visitor: Visitor) -> Response:
    """End this principal's sessions, in all browsers."""
    await sessions(visitor.context).end(visitor.principal)
    return layout.bare("Console", tag("p", "The session has ended, in all browsers."))
