"""What is of no service: /token (OAuth), public keys, discovery documents; status, faults and more in /_emulator/."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

import orjson

from emulator.access.assertions import TOKEN_PATHS
from emulator.errors import ApiError, invalid_argument, not_found, permission_denied
from emulator.gateway.request import Response
from emulator.gateway.visit import Visit
from emulator.serving import directory, public_keys, recorder, snapshots, timing
from emulator.serving.renewal import Current
from emulator.settings import OPERATIONS_MODE
from emulator.state.clock import Clock
from emulator.state.folder import empty

if TYPE_CHECKING:
    from emulator.app import Emulator

Receive = Callable[[], Awaitable[dict[str, Any]]]
LIMIT = 1 << 20
_CLOCK: dict[str, Callable[[Clock, dict[str, Any]], dict[str, Any]]] = {
    "GET": lambda clock, _: timing.shown(clock),
    "POST": timing.change,
    "DELETE": lambda clock, _: timing.restore(clock),
}


def is_path(raw_path: str) -> bool:
    """Whether a path is that of one of these endpoints, whatever the verb."""
    own = raw_path.startswith("/_emulator") or raw_path in TOKEN_PATHS
    return own or public_keys.is_path(raw_path) or directory.is_path(raw_path)


async def answer(
    current: Current,
    emulator: Emulator,
    http: str,
    raw_path: str,
    headers: dict[str, str],
    raw_query: list[tuple[str, str]],
    receive: Receive,
    base_url: str,
) -> Response:
    """The answer of one of these endpoints at `base_url`; `current` puts another state in the place of this one."""
    try:
        raw = await _read(receive) if http == "POST" else b""
        if raw_path in TOKEN_PATHS:
            return _token(emulator, raw)
        if http == "GET" and public_keys.is_path(raw_path):
            return Response.json(public_keys.published(emulator, raw_path))
        if http == "GET" and directory.is_path(raw_path):
            return Response.json(directory.published(emulator, raw_path, dict(raw_query), base_url))
        if (http, raw_path) == ("GET", "/_emulator/status"):
            return Response.json(status(emulator))
        query = dict(raw_query)
        if (endpoint := emulator.endpoint(raw_path)) is not None:
            return await endpoint(emulator, http, headers, query, _json(raw))
        if (site := emulator.site(raw_path)) is not None:
            return await site(emulator, _visit(current, http, raw_path, query, headers, raw))
        principal = emulator.authenticator.principal(headers, query.get("access_token", ""))
        return await _allowed(current, principal, http, raw_path, query, _json(raw))
    except ApiError as error:
        return Response.json(error.to_json(), error.code)


def _visit(
    current: Current, http: str, raw_path: str, query: dict[str, str], headers: dict[str, str], raw: bytes
) -> Visit:
    form = dict(parse_qsl(raw.decode("latin-1"), keep_blank_values=True))
    control = functools.partial(_allowed, current)
    return Visit(http, raw_path, query, headers, form, control, lambda: current.emulator)


async def _allowed(
    current: Current, principal: str, http: str, raw_path: str, query: dict[str, str], body: dict[str, Any]
) -> Response:
    """The answer to a principal at an endpoint that is the owner's. Raises ApiError."""
    if principal != current.emulator.settings.owner:
        raise permission_denied("Only the owner's token may do this: see python -m emulator env.")
    if (http, raw_path) == ("POST", "/_emulator/reset"):
        await current.renew(empty)
        return Response.json({})
    if snapshots.is_path(raw_path):
        return await snapshots.answer(current, http, raw_path, body)
    if raw_path == recorder.PATH and http in ("GET", "POST", "DELETE"):
        return Response.json(await recorder.answer(current, http, body))
    return await _owner(current.emulator, http, raw_path, query, body)


def status(emulator: Emulator) -> dict[str, Any]:
    """What anybody may know: that it runs, and where."""
    settings = emulator.settings
    return {"status": "ready", "project": settings.project, "port": settings.port, "grpcPort": settings.grpc_port}


def _token(emulator: Emulator, raw: bytes) -> Response:
    try:
        if raw[:1] == b"{":
            fields = {str(k): str(v) for k, v in orjson.loads(raw).items()}
        else:
            fields = dict(parse_qsl(raw.decode("latin-1")))
        return Response.json(emulator.authenticator.exchange(fields, emulator.id_tokens.issue))
    except (ApiError, ValueError) as error:
        said = isinstance(error, ApiError) and error.code == 400
        reason = error.reason if isinstance(error, ApiError) and said else "invalid_grant"
        text = error.message if isinstance(error, ApiError) else "The request is malformed."
        code = error.code if isinstance(error, ApiError) and said else 400
        return Response.json({"error": reason, "error_description": text}, code)


async def _owner(emulator: Emulator, http: str, raw_path: str, query: dict[str, str], body: dict[str, Any]) -> Response:
    if (http, raw_path) == ("GET", "/_emulator/requests"):
        return Response.json({"requests": emulator.calls.shown(query)})
    if (http, raw_path) == ("GET", "/_emulator/denials"):
        return Response.json({"denials": emulator.denied_calls.shown()})
    if raw_path == timing.PATH and http in _CLOCK:
        return Response.json(_CLOCK[http](emulator.clock, body))
    if raw_path == "/_emulator/trouble" and http in ("GET", "POST", "DELETE"):
        return Response.json(_trouble(emulator, http, query, body))
    if (http, raw_path) == ("POST", "/_emulator/faults"):
        emulator.faults.add(body, emulator.method_ids)
        return Response.json({})
    if (http, raw_path) == ("GET", "/_emulator/faults"):
        return Response.json({"faults": emulator.faults.shown()})
    if (http, raw_path) == ("DELETE", "/_emulator/faults"):
        emulator.faults.clear()
        return Response.json({})
    if (http, raw_path) == ("POST", "/_emulator/operations"):
        mode = str(body.get("mode", ""))
        if not OPERATIONS_MODE.fullmatch(mode):
            raise invalid_argument("mode is immediate, manual or delay:SECONDS.")
        emulator.operations.mode = mode
        return Response.json({})
    if http == "POST" and raw_path.startswith("/_emulator/operations/") and raw_path.endswith(":finish"):
        emulator.operations.finish(unquote(raw_path[len("/_emulator/operations/") : -len(":finish")]))
        return Response.json({})
    if (http, raw_path) == ("POST", "/_emulator/chores"):
        services = emulator.services.values()
        return Response.json({s.name: [await chore(emulator) for chore in s.chores] for s in services if s.chores})
    raise not_found(f"The emulator has no endpoint {http} {raw_path[:200]}.")


def _trouble(emulator: Emulator, http: str, query: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
    """Set, end or show trouble; what is on afterwards."""
    if http == "POST":
        emulator.trouble.set(body, emulator.method_ids)
    elif http == "DELETE":
        emulator.trouble.clear()
    return emulator.trouble.shown(query)


def _json(raw: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(raw or b"{}")
    except orjson.JSONDecodeError as error:
        raise invalid_argument(f"The body is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise invalid_argument("The body must be a JSON object.")
    return value


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if sum(map(len, parts)) > LIMIT:
            raise invalid_argument("The body is too large.")
        if not message.get("more_body", False):
            return b"".join(parts)
