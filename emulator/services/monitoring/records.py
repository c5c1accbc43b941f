"""Who made and changed what: the records of alert policies and channels, which the server keeps."""

from __future__ import annotations

from typing import Any

from emulator.gateway.request import Request

SERVER_FIELDS = ("creationRecord", "mutationRecord", "mutationRecords", "validity", "verificationStatus")


def record(request: Request) -> dict[str, str]:
    """The record of a change that a request makes now."""
    return {"mutateTime": request.context.clock.stamp(), "mutatedBy": request.principal.partition(":")[2]}


def without_server_fields(body: dict[str, Any]) -> dict[str, Any]:
    """A body without what only the server may set."""
    return {key: value for key, value in body.items() if key not in SERVER_FIELDS}
