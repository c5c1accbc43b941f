"""Long-running operations of a service (AIP-151), waited for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.provider.flow import FlowError
from emulator.provider.model import Call
from emulator.provider.rest import Rest, RestError


def wait(rest: Rest, service: str, operation: Mapping[str, Any]) -> Mapping[str, Any]:
    """Wait for an operation of a service; gives its response. FlowError or RestError when it failed."""
    pauses = iter((0.1,) * 10 + (0.5,) * 60 + (1.0,) * 600)
    while not operation.get("done") and operation.get("name"):
        if not rest.pause(pauses):
            raise FlowError("its operation did not end in time")
        operation = rest.call(service, Call("GET", "{+name}"), operation)
    if operation.get("error"):
        error = operation["error"]
        raise RestError(400, str(error.get("status", "")), str(error.get("message", "the operation failed")))
    response: Mapping[str, Any] = operation.get("response") or {}
    return response
