"""Google's APIs as a page calls them: in this process, by the same way and with the same rights as from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from emulator.access.refusals import permission_in
from emulator.gateway.request import Request, Response, gathered
from emulator.state.blob_files import Span

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from emulator.context import Context

Json = dict[str, Any]
Query = Mapping[str, str] | Sequence[tuple[str, str]]
_SAFE = "/:@!$&'()*+,;=~-._"
_LIMIT = 64 << 20
_HEADERS = {"accept": "application/json", "content-type": "application/json"}


class Refused(Exception):
    """An answer that is an error: its HTTP status, its message, and of a 403 what was missing on what."""

    def __init__(self, status: int, message: str, permission: str = "", resource: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.permission = permission
        self.resource = resource


class Caller:
    """Calls methods in the name of a principal."""

    def __init__(self, context: Context, principal: str) -> None:
        self._context = context
        self.principal = principal

    async def json(self, http: str, path: str, query: Query = (), body: Any = None, accept: str = "") -> Any:
        """The JSON that a method answers, {} for an empty answer. Raises Refused for an error.

        path is decoded, as "v1/projects/p"; accept is the media type, where it is not JSON's own.
        """
        raw = await _bytes(await self.call(http, path, query, body, accept))
        return orjson.loads(raw) if raw else {}

    async def raw(self, path: str, query: Query = (), accept: str = "") -> bytes:
        """The bytes of a GET. Raises Refused."""
        return await _bytes(await self.call("GET", path, query, accept=accept))

    async def get(self, path: str, **query: str) -> Any:
        """The JSON of a GET. Raises Refused."""
        return await self.json("GET", path, query)

    async def listed(self, path: str, key: str, limit: int = 500, **query: str) -> tuple[list[Json], bool]:
        """The items of a list over its pages, and whether there are more than `limit`. Raises Refused."""
        found: list[Json] = []
        token = ""
        while True:
            answer = await self.get(path, **query, **({"pageToken": token} if token else {}))
            found += answer.get(key, [])
            token = answer.get("nextPageToken", "")
            if not token or len(found) > limit:
                return found[:limit], bool(token) or len(found) > limit

    async def call(self, http: str, path: str, query: Query = (), body: Any = None, accept: str = "") -> Response:
        """The Response of a method. Raises Refused for an error."""
        context = self._context
        raw_path = "/" + quote(path, safe=_SAFE)
        route, variables, other = context.find(http, raw_path)
        if route is None:
            raise _refused(context.no_route(http, raw_path, other))
        pairs = list(query.items()) if isinstance(query, Mapping) else list(query)
        headers = {**_HEADERS, "accept": accept or _HEADERS["accept"]}
        request = Request(
            context, route.method, variables, pairs, headers, _once(body), context.settings.base_url, raw_path
        )
        request.principal, request.aside = self.principal, True
        response: Response = await context.handle(request)
        if response.status >= 400:
            raise _refused(response, _resource(request))
        return response


def _once(body: Any) -> Any:
    raw = b"" if body is None else orjson.dumps(body)

    async def receive() -> Json:
        return {"type": "http.request", "body": raw, "more_body": False}

    return receive


async def _bytes(response: Response) -> bytes:
    if isinstance(response.body, bytes):
        return response.body
    return await gathered(_read(response.body), _LIMIT)


async def _read(chunks: AsyncIterator[bytes | Span]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield chunk.read() if isinstance(chunk, Span) else chunk


def _resource(request: Request) -> str:
    """What a request of Cloud Storage is about, whose refusals name no resource: its bucket, or a project."""
    if "bucket" in request.path:
        return f"projects/_/buckets/{request.path['bucket']}"
    return request.name or "".join(f"projects/{value}" for key, value in request.raw_query if key == "project")


def _refused(response: Response, resource: str = "") -> Refused:
    """What an error's body says, in Google's JSON or as an OperationOutcome of FHIR, on a resource if it names none."""
    try:
        answer = orjson.loads(response.body if isinstance(response.body, bytes) else b"")
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        return Refused(response.status, "The answer is an error without words.")
    if answer.get("resourceType") == "OperationOutcome":
        return Refused(response.status, _outcome(answer))
    error = answer.get("error", {})
    missing: Json = next((detail["metadata"] for detail in error.get("details", []) if "metadata" in detail), {})
    message = str(error.get("message", "The answer is an error without words."))
    permission = missing.get("permission") or (permission_in(message) if response.status == 403 else "")
    return Refused(response.status, message, permission, missing.get("resource") or resource)


def _outcome(answer: Json) -> str:
    issues = answer.get("issue", [])
    said = (issue.get("diagnostics") or issue.get("details", {}).get("text", "") for issue in issues)
    return " ".join(filter(None, said)) or "The store refused this without words."
