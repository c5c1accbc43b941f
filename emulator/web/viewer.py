"""OHIF on a DICOM store: the published package served at the root, for browsers that followed a link of `scripts view`.

A link holds a code that works once. It gives the browser a cookie, and the cookie reads one store by DICOMweb with the
rights of whoever asked for the link. While nobody has such a session, a browser gets no more than a hint.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError, failed_precondition, invalid_argument, permission_denied, unauthenticated
from emulator.gateway.request import Request, Response
from emulator.web import pages
from emulator.web.files import FOLDER, Files
from emulator.web.service import SERVICE
from emulator.web.sessions import Session, Sessions

if TYPE_CHECKING:
    from emulator.context import Context

PATH = "/_emulator/viewer"
READ = "healthcare.dicomStores.dicomWebRead"
DICOM_STORE = "healthcare.dicomStores"
_VIEWER = "web.viewer"
_UID_OR_NONE = re.compile(r"[0-9.]{0,64}")


class Viewer:
    """What browsers get besides the APIs."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sessions = Sessions(context, "viewer", "/")
        self._files = Files(FOLDER)

    def principal(self, request: Request) -> str:
        """Who reads with a session's cookie; "" unless it is a page of this origin reading the session's store.

        Cookies are shared by all ports of a host, and those of localhost count as the same site: the browser's own
        word that the page is of the same origin (Fetch Metadata) is what keeps other local pages out.
        """
        headers = request.headers
        if request.method.http != "GET" or headers.get("sec-fetch-site") != "same-origin":
            return ""
        session = self._sessions.of(headers)
        if session is None or "dicomWebPath" not in request.path or request.path.get("parent") != session.store:
            return ""
        return session.principal

    async def control(
        self, http: str, headers: dict[str, str], query: dict[str, str], body: dict[str, Any]
    ) -> Response:
        """The endpoint: POST makes a link, GET follows it, DELETE ends the caller's sessions. Raises ApiError."""
        if http == "GET":
            return await self._follow(headers, query.get("code", ""))
        principal = self._context.authenticator.principal(headers)
        if not principal:
            raise unauthenticated("Only a caller with an access token may open or close the viewer.")
        if http == "DELETE":
            return Response.json({"ended": await self._sessions.end(principal)})
        if http == "POST":
            return Response.json({"path": self._offer(principal, body)})
        raise ApiError(405, "UNIMPLEMENTED", "The viewer's endpoint takes GET, POST and DELETE.", "methodNotAllowed")

    def _offer(self, principal: str, body: dict[str, Any]) -> str:
        """A new link to the store that the body names, and the study there if it names one."""
        store, study = body.get("store"), body.get("study", "")
        if not isinstance(store, str) or set(body) - {"store", "study"}:
            raise invalid_argument('The body must be {"store": the DICOM store\'s name, "study": a UID or nothing}.')
        if not isinstance(study, str) or not _UID_OR_NONE.fullmatch(study):
            raise invalid_argument("study must be a Study Instance UID.")
        return self.link(principal, store, study)

    def link(self, principal: str, store: str, study: str) -> str:
        """The path of a link for a principal to a DICOM store, at a study's UID if there is one. Raises ApiError."""
        context = self._context
        if not context.settings.is_loopback:
            raise permission_denied("The viewer works only on an emulator that listens on this machine alone.")
        context.policies.require(principal, READ, store)
        context.resources.require(DICOM_STORE, store)
        if not self._files.scan():
            raise failed_precondition(f"The viewer's files are not in {self._files.folder}; python -m scripts view.")
        return f"{PATH}?code={self._sessions.offer(principal, store, study)}"

    async def _follow(self, headers: dict[str, str], code: str) -> Response:
        if "sec-purpose" in headers:
            return pages.refused(503)  # a browser looking ahead must not use up the code
        cookie, study = await self._sessions.begin(code)
        if cookie:
            return pages.entered(cookie, study)
        return pages.entered() if self._sessions.of(headers) is not None else pages.refused(403)

    async def answer(self, raw_path: str, headers: dict[str, str]) -> Response | None:
        """The answer to a GET that is no API's; None where the viewer has nothing there either."""
        if not self._files.scan():
            return None
        if pages.is_route(raw_path):
            return await self._page(headers)
        if not self._sessions.any():
            return None
        if raw_path == pages.CONFIGURATION_PATH:
            return self._configuration(headers)
        file = self._files.find(raw_path)
        return await asyncio.to_thread(file.response, headers) if file is not None else None

    async def _page(self, headers: dict[str, str]) -> Response | None:
        """The viewer's page for a session, a hint for any other browser, nothing for programs."""
        if self._sessions.of(headers) is not None:
            return pages.page(await asyncio.to_thread(self._files.index))
        return pages.refused(401) if "text/html" in headers.get("accept", "") else None

    def _configuration(self, headers: dict[str, str]) -> Response:
        session: Session | None = self._sessions.of(headers)
        if session is None or headers.get("sec-fetch-site") != "same-origin":
            return pages.refused(401)
        return pages.configuration(session.store)


def viewer(context: Context) -> Viewer:
    """The viewer of that emulator."""
    found: Viewer = context.extensions[_VIEWER]
    return found


@SERVICE.on_start
async def _install(context: Context) -> None:
    context.extensions[_VIEWER] = Viewer(context)


async def _pages(context: Context, raw_path: str, headers: dict[str, str]) -> Response | None:
    return await viewer(context).answer(raw_path, headers)


async def _endpoint(
    context: Context, http: str, headers: dict[str, str], query: dict[str, str], body: dict[str, Any]
) -> Response:
    return await viewer(context).control(http, headers, query, body)


def _identify(request: Request) -> str:
    return viewer(request.context).principal(request) if "cookie" in request.headers else ""


SERVICE.pages = _pages
SERVICE.identify = _identify
SERVICE.endpoints[PATH] = _endpoint
