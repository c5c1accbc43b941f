"""What an attempt calls: a topic, an endpoint on this machine, or a method of Google's APIs in this emulator.

Other machines are never called; the job says so in its status, and its log entry, too.
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl

from emulator import hosts
from emulator.errors import RPC_CODES, ApiError, not_implemented
from emulator.gateway.request import Request
from emulator.outgoing import RefusedEndpoint, endpoint_of, port_of, send
from emulator.services.cloudscheduler.checks import PUBLISH
from emulator.services.cloudscheduler.retrying import seconds
from emulator.services.pubsub import api as pubsub
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

AGENT = "Google-Cloud-Scheduler"
_APIS = ".googleapis.com"
# How Google's own pages name a Cloud Run job to start: by v1, whose names are v2's in other words.
_RUN_HOST = re.compile(r"([a-z0-9-]+)-run\.googleapis\.com")
_RUN_V1 = re.compile(r"/apis/run\.googleapis\.com/v1/namespaces/([^/]+)/jobs/([^/:]+):run")
_REPLACED = ("host", "content-length", "user-agent", "connection", "transfer-encoding")
_REPLACED_STARTS = ("x-google-", "x-appengine-", "x-cloudscheduler")
# google.rpc.Code: the HTTP status that each is mapped to, read backwards.
_CODES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    416: "OUT_OF_RANGE",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_ONLY_HERE = (
    "Only topics, endpoints on this machine and Google's APIs that are emulated are called here: the emulator calls no"
    " other machine."
)


@dataclass(frozen=True)
class Result:
    """How a call ended: a google.rpc.Status, {} for well, and what the log says of it."""

    status: dict[str, Any]
    debug: str

    @property
    def word(self) -> str:
        """The name of the status' code."""
        return next((name for name, code in RPC_CODES.items() if code == self.status.get("code", 0)), "UNKNOWN")


def described(job: Resource) -> dict[str, str]:
    """What a log entry says of the target."""
    if "pubsubTarget" in job.body:
        return {"targetType": "PUB_SUB", "pubsubTopic": job.body["pubsubTarget"]["topicName"]}
    if "httpTarget" in job.body:
        return {"targetType": "HTTP", "url": job.body["httpTarget"]["uri"]}
    return {"targetType": "APP_ENGINE_HTTP", "relativeUrl": job.body["appEngineHttpTarget"].get("relativeUri", "/")}


def require_callable(context: Context, job: Resource) -> None:
    """Raise a 501 for a job whose target is on another machine."""
    if "pubsubTarget" in job.body:
        return
    uri = job.body.get("httpTarget", {}).get("uri", "")
    if not uri or not (_is_inside(context, uri) or hosts.is_loopback(uri)):
        raise not_implemented(_ONLY_HERE)


async def call(context: Context, job: Resource, creator: str, time: str) -> Result:
    """Call the target of a job that `creator` wrote for the time of its schedule (RFC 3339)."""
    try:
        require_callable(context, job)
        if "pubsubTarget" in job.body:
            return await _publish(context, job.body["pubsubTarget"], creator)
        headers, body = _request(context, job, time)
        return _result(await _http(context, job, headers, body))
    except ApiError as problem:
        return Result(problem.to_status(), problem.message)
    except TimeoutError:
        return Result({"code": RPC_CODES["DEADLINE_EXCEEDED"]}, "The endpoint did not answer within attemptDeadline.")
    except (OSError, ValueError) as problem:
        said = str(problem) if isinstance(problem, RefusedEndpoint) else "The endpoint did not answer."
        return Result({"code": RPC_CODES["UNAVAILABLE"], "message": said}, said)


async def _publish(context: Context, target: dict[str, Any], creator: str) -> Result:
    context.policies.require(creator, PUBLISH, target["topicName"])
    message = base64.b64decode(target.get("data", "")), target.get("attributes", {})
    await pubsub.publish(context, target["topicName"], [message])
    return Result({}, "The message was published.")


def _request(context: Context, job: Resource, time: str) -> tuple[dict[str, str], bytes]:
    """The headers and body that an HTTP target is sent; see HttpTarget.headers."""
    target = job.body["httpTarget"]
    given = {name: value for name, value in target.get("headers", {}).items() if not _is_replaced(name.lower())}
    body = base64.b64decode(target.get("body", ""))
    if body and "content-type" not in {name.lower() for name in given}:
        given["Content-Type"] = "application/octet-stream"
    own = {
        "User-Agent": AGENT,
        "X-CloudScheduler": "true",
        "X-CloudScheduler-JobName": job.id,
        "X-CloudScheduler-ScheduleTime": time,
    }
    if token := _token(context, target):
        given = {name: value for name, value in given.items() if name.lower() != "authorization"}
        own["Authorization"] = f"Bearer {token}"
    return {**given, **own}, body


def _is_replaced(name: str) -> bool:
    return name in _REPLACED or name.startswith(_REPLACED_STARTS)


def _token(context: Context, target: dict[str, Any]) -> str:
    """The token that the call bears, "" for none. Raises ApiError where its account is disabled or gone."""
    identity, access = target.get("oidcToken", {}), target.get("oauthToken", {})
    if email := identity.get("serviceAccountEmail"):
        context.authenticator.require_enabled(email)
        return context.id_tokens.issue(email, identity.get("audience") or target["uri"])[0]
    if email := access.get("serviceAccountEmail"):
        context.authenticator.require_enabled(email)
        return context.authenticator.issue(email)
    return ""


async def _http(context: Context, job: Resource, headers: dict[str, str], body: bytes) -> int:
    """The status with which an HTTP target answers."""
    target = job.body["httpTarget"]
    uri, method = target["uri"], target.get("httpMethod", "POST")
    if _is_inside(context, uri):
        return await _inside(context, method, uri, headers, body)
    endpoint = endpoint_of(uri, _own_ports(context))
    return await send(endpoint, method, headers, body, seconds(job.body["attemptDeadline"]))


def _own_ports(context: Context) -> tuple[int, ...]:
    settings = context.settings
    return settings.ports


def _is_inside(context: Context, uri: str) -> bool:
    """Whether a URI is of Google's APIs, as which this emulator answers, or of the emulator itself."""
    parts = hosts.split(uri)
    if parts is None:
        return False
    rest = {context.settings.port, context.settings.tls_port}
    return hosts.host_of(uri).endswith(_APIS) or (hosts.is_loopback(uri) and port_of(parts) in rest)


async def _inside(context: Context, method: str, uri: str, headers: dict[str, str], body: bytes) -> int:
    """The status with which a method of this emulator answers.

    The host is never this machine's, so that a call without a token has no rights (gateway/pipeline.py).
    """
    parts = hosts.split(uri)
    assert parts is not None  # as checked when the job was written
    path = _path(parts)
    route, variables, other = context.find(method, path)
    if route is None:
        return int(context.no_route(method, path, other).status)
    sent = {name.lower(): value for name, value in headers.items()} | {"host": f"cloudscheduler{_APIS}"}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    query = parse_qsl(parts.query, keep_blank_values=True)
    base = context.settings.base_url
    request = Request(context, route.method, variables, query, sent, receive, base, path, route.upload)
    response = await context.handle(request)
    if isinstance(response.body, AsyncGenerator):
        await response.body.aclose()
    return int(response.status)


def _path(parts: SplitResult) -> str:
    """The path of a URL, that of v1 of Cloud Run for a job to start as v2 has it."""
    host, job = _RUN_HOST.fullmatch(parts.hostname or ""), _RUN_V1.fullmatch(parts.path)
    if host is None or job is None:
        return parts.path or "/"
    return f"/v2/projects/{job[1]}/locations/{host[1]}/jobs/{job[2]}:run"


def _result(status: int) -> Result:
    """What an HTTP status says of an attempt: 2xx is well."""
    word = "OK" if 200 <= status < 300 else _CODES.get(status, "INTERNAL" if status >= 500 else "UNKNOWN")
    said = HTTPStatus(status).phrase if status in {each.value for each in HTTPStatus} else "unknown"
    debug = f"The endpoint answered {status} ({said})."
    return Result({} if word == "OK" else {"code": RPC_CODES[word], "message": debug}, debug)
