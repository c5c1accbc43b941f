"""/batch/storage/v1: up to 100 calls in one multipart/mixed request, each answered as if it had come alone.

https://cloud.google.com/storage/docs/batch. The body is small (metadata calls only), so it is read whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from emulator import hosts
from emulator.errors import ApiError
from emulator.gateway import multipart
from emulator.gateway.answers import error_response
from emulator.gateway.request import Answer, Request, Response
from emulator.services.storage import errors
from emulator.services.storage.service import handles

MAX_CALLS = 100
BODY_LIMIT = 10 << 20
_MEDIA_TYPE = "multipart/mixed"


@dataclass(frozen=True)
class Call:
    """One part: the id to answer to, and the request inside."""

    content_id: str
    http: str
    url: str
    headers: dict[str, str]
    body: bytes


@handles("storage.media.batch")
async def batch(request: Request) -> Answer:
    """Answer every call of a batch; they run side by side and share the sync of the disk."""
    content_type = request.headers.get("content-type", "")
    boundary = multipart.boundary_of(content_type)
    if not boundary or content_type.partition(";")[0].strip().lower() != _MEDIA_TYPE:
        raise errors.invalid("A batch needs the header Content-Type: multipart/mixed; boundary=...")
    calls = parse(await request.read(BODY_LIMIT), boundary)
    if not calls:
        raise errors.invalid("The batch request holds no calls.")
    if len(calls) > MAX_CALLS:
        raise errors.invalid(f"The batch request holds {len(calls)} calls; the limit is {MAX_CALLS}.")
    answers = await asyncio.gather(*(_run(request, call) for call in calls))
    mark = "batch_" + request.context.ids.hex(24)
    parts = [_part(mark, call, answer) for call, answer in zip(calls, answers, strict=True)]
    body = b"".join(parts) + f"--{mark}--\r\n".encode()
    return Response(200, {"content-type": f"multipart/mixed; boundary={mark}"}, body)


def parse(body: bytes, boundary: str) -> list[Call]:
    """The calls of a multipart/mixed body. Raises 400 for a part that is no HTTP request."""
    calls = []
    for outer, content in multipart.parts(body, boundary):
        line, _, rest = content.replace(b"\r\n", b"\n").lstrip(b"\n").partition(b"\n")
        words = line.decode("latin-1").split()
        if len(words) < 2:
            raise errors.invalid("Failed to parse the batch request: a part holds no HTTP request.")
        lines, _, inner = rest.partition(b"\n\n") if not rest.startswith(b"\n") else (b"", b"", rest[1:])
        headers = _headers(lines)
        verb = words[0].upper()
        if verb == "POST":
            verb = headers.get("x-http-method-override", verb).upper()
        calls.append(Call(outer.get("content-id", ""), verb, words[1], headers, inner.strip()))
    return calls


def _headers(block: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in block.decode("latin-1").split("\n") if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _run(outer: Request, call: Call) -> Response:
    url = hosts.split(call.url)
    if url is None:
        return error_response(errors.invalid(f"Failed to parse the batch request: {call.url[:200]} is no address."))
    route, path, other = outer.context.find(call.http, url.path)
    if route is None:
        refused: Response = outer.context.no_route(call.http, url.path, other)
        return refused
    if (
        route.upload
        or route.method.is_media
        or ("alt", "media") in (query := parse_qsl(url.query, keep_blank_values=True))
    ):
        return error_response(errors.invalid("Uploads and downloads cannot be part of a batch."))
    # Who asks is what the browser says of the whole batch: a part can neither hide it nor claim something else.
    headers = {name: value for name, value in call.headers.items() if not _tells_who_asks(name)}
    headers |= {name: value for name, value in outer.headers.items() if _tells_who_asks(name)}
    if "authorization" not in headers and "authorization" in outer.headers:
        headers["authorization"] = outer.headers["authorization"]
    inner = Request(
        outer.context, route.method, path, query, headers, _once(call.body), outer.base_url, url.path, upload=False
    )
    try:
        answer: Response = await outer.context.handle(inner)
    except ApiError as error:
        return error_response(error)
    return answer


def _tells_who_asks(name: str) -> bool:
    """Whether a header is one by which a web page is told from a client."""
    return name in ("origin", "host") or name.startswith("sec-fetch-")


def _once(body: bytes) -> Callable[[], Awaitable[dict[str, Any]]]:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _part(mark: str, call: Call, answer: Response) -> bytes:
    body = answer.body if isinstance(answer.body, bytes) else b""
    lines = [f"--{mark}", "Content-Type: application/http"]
    if call.content_id:
        lines.append(f"Content-ID: <response-{call.content_id.strip('<>')}>")
    status = HTTPStatus(answer.status)
    lines += ["", f"HTTP/1.1 {status.value} {status.phrase}", f"Content-Length: {len(body)}"]
    lines += [f"{name.title()}: {value}" for name, value in answer.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body + b"\r\n"
