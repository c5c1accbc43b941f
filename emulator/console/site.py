"""All pages by their addresses, and what happens before and after each."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from emulator.console import assets, entrance, layout
from emulator.console.caller import Caller, Refused
from emulator.console.html import Html, tag
from emulator.console.layout import Page
from emulator.console.service import BASE
from emulator.console.visitor import Visitor
from emulator.gateway.request import Response
from emulator.gateway.visit import Visit

if TYPE_CHECKING:
    from emulator.context import Context

Answer = Page | Response
Handler = Callable[[Visitor], Awaitable[Answer]]
_log = logging.getLogger("emulator")
_PAGES: dict[tuple[str, str], Handler] = {}


def page(http: str, path: str) -> Callable[[Handler], Handler]:
    """Register what answers GET or POST at an address below the console's."""

    def register(handler: Handler) -> Handler:
        _PAGES[http, path] = handler
        return handler

    return register


def see(path: str, **query: str) -> Response:
    """Send the browser on to a page of the console, after a form has done its work."""
    return Response(303, {"location": layout.url(path, **query), "cache-control": "no-store"})


async def answer(context: Context, visit: Visit) -> Response:
    """The answer to a browser: a file, a page for a session, or how to come in."""
    path = visit.path.removeprefix(BASE)
    if (file := assets.find(path)) is not None:
        return file
    session = entrance.session_of(context, visit.headers)
    if session is None:
        return entrance.stranger(401)
    visitor = Visitor(context, visit, session, Caller(context, session.principal))
    if visit.http == "POST" and visit.headers.get("sec-fetch-site") != "same-origin":
        return layout.response(visitor, _problem(403, tag("p", "A form of another page was refused.")))
    try:
        shown = await _handler(visit.http, path)(visitor)
    except Refused as refused:
        said = layout.refusal(refused, visitor.principal)
        shown = _problem(refused.status, said)
    except Exception:  # noqa: BLE001  a page's bug is a page that says so, not the end of the connection
        _log.exception("the console's page %s failed", path)
        shown = _problem(500, tag("p", "Internal error; the emulator's log has the details."))
    return shown if isinstance(shown, Response) else layout.response(visitor, shown)


_TITLES = {403: "Not allowed", 404: "Not found"}


def _problem(status: int, said: Html) -> Page:
    return Page(_TITLES.get(status, "That did not work"), said, (("Overview", BASE),), status)


def _handler(http: str, path: str) -> Handler:
    handler = _PAGES.get((http, path))
    if handler is None:
        raise Refused(404, "The console has no such page.")
    return handler
