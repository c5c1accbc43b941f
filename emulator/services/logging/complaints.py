"""What Cloud Logging says of a sink that can't deliver: an entry of the log `sink_error` of the sink's project.

The form is the one that Google's entries have been seen in; no page of Google's describes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_TOLD = "logging.complaints"
_AGAIN_SECONDS = 3600.0  # after which the same is said again, since Google says it now and then, too
_KINDS = {"storage": "bucket", "bigquery": "dataset", "pubsub": "topic"}
_CODES = {403: "permission_denied", 404: "not_found"}


def tell(context: Context, sink: Resource, problem: ApiError) -> None:
    """Log why a sink can't deliver, unless that was said within the hour."""
    now = context.clock.seconds()
    told: dict[str, tuple[str, float]] = context.extensions.setdefault(_TOLD, {})
    last, at = told.get(sink.name, ("", 0.0))
    if last != problem.message or now >= at + _AGAIN_SECONDS:
        told[sink.name] = (problem.message, now)
        context.logs.write(_entry(sink, _code(sink, problem), problem.message))


def forget(context: Context, sink: str) -> None:
    """A sink delivers: what fails next is said at once."""
    context.extensions.get(_TOLD, {}).pop(sink, None)


def _code(sink: Resource, problem: ApiError) -> str:
    kind = _KINDS[sink.body["destination"].partition(".")[0]]
    return f"{kind}_{_CODES.get(problem.code, 'write_failed')}"


def _entry(sink: Resource, code: str, detail: str) -> dict[str, Any]:
    """The entry of a sink that fails with a code, and in whose words."""
    project, destination = sink.name.split("/")[1], sink.body["destination"]
    return {
        "logName": f"projects/{project}/logs/logging.googleapis.com%2Fsink_error",
        "severity": "ERROR",
        "resource": {
            "type": "logging_sink",
            "labels": {"project_id": project, "name": sink.id, "destination": destination},
        },
        "labels": {
            "activity_type_name": "LoggingSinkConfigErrorV2",
            "destination": destination,
            "error_code": code,
            "error_detail": detail,
            "sink_id": sink.id,
        },
        "textPayload": f"Cloud Logging sink configuration error in {project}, sink {sink.id}: {code} ({detail})",
    }
