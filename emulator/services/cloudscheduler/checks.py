"""What a job may be, and what its creator must be allowed to."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from emulator import hosts
from emulator.errors import invalid_argument
from emulator.gateway.request import Request
from emulator.services.cloudscheduler import schedules
from emulator.services.cloudscheduler.retrying import Retries, seconds
from emulator.services.iam.api import require_act_as

TARGETS = ("pubsubTarget", "httpTarget", "appEngineHttpTarget")
PUBLISH = "pubsub.topics.publish"
TOKENS = ("oidcToken", "oauthToken")
UTC = "Etc/UTC"
_TOPIC = re.compile(r"projects/[^/]+/topics/[^/]+")
_WITH_BODY = frozenset(("POST", "PUT", "PATCH"))
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 5.1
_HEADER_VALUE = re.compile(r"[^\x00-\x1f\x7f]*")
_LONGEST_URI, _LONGEST_DESCRIPTION = 2083, 500  # HttpTarget.uri, Job.description
_SHORTEST_DEADLINE, _LONGEST_DEADLINE = 15, 1800  # seconds; Job.attemptDeadline of HTTP targets


def check(body: dict[str, Any]) -> None:
    """Raise a 400 unless a job has one target, a schedule, a time zone and settings that Google takes."""
    targets = [name for name in TARGETS if name in body]
    if len(targets) != 1:
        raise invalid_argument(f"Job has {len(targets)} targets; it must have exactly one of {', '.join(TARGETS)}.")
    _check_schedule(body)
    if len(body.get("description", "")) > _LONGEST_DESCRIPTION:
        raise invalid_argument(f"description is longer than {_LONGEST_DESCRIPTION} characters.")
    try:
        Retries.of(body.get("retryConfig", {}))
    except ValueError as problem:
        raise invalid_argument(f"retryConfig is invalid: {problem}.") from None
    if "pubsubTarget" in body:
        _check_pubsub(body["pubsubTarget"])
    if "httpTarget" in body:
        _check_http(body["httpTarget"])
        _check_deadline(body.get("attemptDeadline", ""))


def _check_schedule(body: dict[str, Any]) -> None:
    text = body.get("schedule", "").strip()
    try:
        schedules.read(text)
    except ValueError as problem:
        raise invalid_argument(
            f'Schedule "{text[:80]}" is invalid: give five cron fields, such as "0 2 * * *", or words such as "every 5 '
            f'minutes" ({str(problem)[:120]}).'
        ) from None
    try:
        zone_of(body)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise invalid_argument(
            f'Time zone "{body["timeZone"][:80]}" is invalid: name one such as Europe/Berlin.'
        ) from None


def zone_of(body: dict[str, Any]) -> ZoneInfo:
    """The time zone of a job. Raises ZoneInfoNotFoundError, ValueError or OSError for a name of none."""
    name = body.get("timeZone") or UTC
    return ZoneInfo(UTC if name.lower() == "utc" else name)


def _check_pubsub(target: dict[str, Any]) -> None:
    topic = target.get("topicName", "")
    if not _TOPIC.fullmatch(topic):
        raise invalid_argument(f'Topic "{topic[:120]}" is invalid: it must look like projects/ID/topics/TOPIC.')
    if not target.get("data") and not target.get("attributes"):
        raise invalid_argument("pubsubTarget must have data or at least one attribute.")


def _check_http(target: dict[str, Any]) -> None:
    uri = target.get("uri", "")
    if not uri.startswith(("http://", "https://")) or not hosts.host_of(uri) or len(uri) > _LONGEST_URI:
        raise invalid_argument(
            f'URI "{uri[:120]}" is invalid: it must begin with http:// or https://, name a host, and have at most '
            f"{_LONGEST_URI} characters."
        )
    method = target.get("httpMethod", "POST")
    if target.get("body") and method not in _WITH_BODY:
        raise invalid_argument(f"A request with {method} has no body: leave body out, or use POST, PUT or PATCH.")
    if all(name in target for name in TOKENS):
        raise invalid_argument(f"httpTarget can have only one of {' and '.join(TOKENS)}.")
    for name, value in target.get("headers", {}).items():
        if not _HEADER.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise invalid_argument(f'Header "{name[:80]}" is invalid: its name or value can not be sent in HTTP.')


def _check_deadline(deadline: str) -> None:
    if deadline and not _SHORTEST_DEADLINE <= seconds(deadline) <= _LONGEST_DEADLINE:
        raise invalid_argument(
            f"attemptDeadline {deadline} is invalid: it is from {_SHORTEST_DEADLINE}s to {_LONGEST_DEADLINE}s."
        )


def check_rights(request: Request, name: str, body: dict[str, Any]) -> None:
    """A job publishes to a topic of its own project (PubsubTarget.topicName), to which its creator may.

    Else whoever may write jobs could publish to any topic by the rights of Cloud Scheduler's service agent. Likewise
    he may act as the service account whose token a call over HTTP bears (Cloud Scheduler: "Use authentication with
    HTTP targets").
    """
    for token in TOKENS:
        email = body.get("httpTarget", {}).get(token, {}).get("serviceAccountEmail")
        require_act_as(request.context, request.principal, email)
    topic = body.get("pubsubTarget", {}).get("topicName")
    if topic is None:
        return
    context = request.context
    if context.project_id(topic.split("/")[1]) != context.project_id(name.split("/")[1]):
        raise invalid_argument(f'Topic "{topic[:120]}" is invalid: it must be in the same project as the job.')
    request.require(PUBLISH, topic)
