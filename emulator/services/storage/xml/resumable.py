"""Resumable uploads through the XML API: begun by a POST, which may be signed, and gone on with at its Location.

https://cloud.google.com/storage/docs/performing-resumable-uploads (XML API). The sessions are those of the JSON API.
"""

from __future__ import annotations

from emulator.gateway.request import Request, Response
from emulator.services.storage.objects import sessions
from emulator.services.storage.objects.uploads import expected_hashes
from emulator.services.storage.xml.requests import prepare


async def begin(request: Request) -> Response:
    """Open a session: 201, and the address that takes the bytes without further credentials."""
    upload = prepare(request)
    upload_id = await sessions.open_session(request, upload, expected_hashes({}, request.headers))
    location = f"{request.base_url}{request.raw_path}?upload_id={upload_id}"
    return Response(201, {"location": location, "x-guploader-uploadid": upload_id})


async def go_on(request: Request) -> Response:
    """Take bytes, or say how many there are; the answer to the last has no body."""
    answer = await sessions.resume(request)
    assert isinstance(answer, Response)
    if answer.status != 200 or "x-http-status-code-override" in answer.headers:
        return answer
    return Response(200, {"content-type": "text/html; charset=UTF-8"})
