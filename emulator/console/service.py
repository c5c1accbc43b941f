"""The console as a service of the emulator: it has no methods, but a site, an endpoint and a table.

All else is imported when somebody first looks: a start takes as long as its imports.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from emulator.gateway.request import Response
from emulator.gateway.service import Service
from emulator.gateway.visit import Visit
from emulator.web.sessions import Sessions, schema

if TYPE_CHECKING:
    from emulator.context import Context

PATH = "/_emulator/console"
BASE = f"{PATH}/"
_SESSIONS = "console.sessions"
SERVICE = Service("console", documents=(), schema=schema("console"))


@SERVICE.on_start
async def _install(context: Context) -> None:
    context.extensions[_SESSIONS] = Sessions(context, "console", PATH)


def sessions(context: Context) -> Sessions:
    """The console's sessions of that emulator."""
    found: Sessions = context.extensions[_SESSIONS]
    return found


def _late(module: str) -> Any:
    return importlib.import_module(f"emulator.console.{module}")


async def _endpoint(
    context: Context, http: str, headers: dict[str, str], query: dict[str, str], body: dict[str, Any]
) -> Response:
    answer: Response = await _late("entrance").endpoint(context, http, headers, query, body)
    return answer


async def _site(context: Context, visit: Visit) -> Response:
    _late("pages")
    answer: Response = await _late("site").answer(context, visit)
    return answer


async def _root(_: Context, raw_path: str, headers: dict[str, str]) -> Response | None:
    """The way to the console for a browser that comes without an address, where the viewer has nothing to show."""
    wanted = raw_path == "/" and "text/html" in headers.get("accept", "")
    return Response(302, {"location": BASE}) if wanted else None


SERVICE.endpoints[PATH] = _endpoint
SERVICE.sites[BASE] = _site
SERVICE.pages = _root
