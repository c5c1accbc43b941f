"""What a handler gives, or raises, as the bytes of an HTTP response."""

from __future__ import annotations

from emulator.errors import ApiError
from emulator.gateway import encoding
from emulator.gateway.request import JSON, Answer, Request, Response


def encode(request: Request, answer: Answer) -> Response:
    """A handler's answer as bytes; `fields` reduces JSON (partial response), and raises a 400 for what is no mask."""
    if isinstance(answer, Response):
        return answer
    mask = next((v for k, v in request.raw_query if k in ("fields", "$fields") and v), None)
    return Response(200, {"content-type": JSON}, encoding.dumps(answer or {}, mask))


def error_response(error: ApiError) -> Response:
    """An error as Google's APIs answer it; a 304 has no body."""
    if error.code == 304:
        return Response(304)
    headers = {"www-authenticate": 'Bearer realm="https://accounts.google.com/"'} if error.code == 401 else {}
    return Response.json(error.to_json(), error.code, headers)
