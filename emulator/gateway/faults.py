"""Faults on request: the nth call of a method answers an error, or waits first. One hook in the request path."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from emulator.gateway.errors import ApiError, invalid_argument


@dataclass
class Fault:
    """Answer `code` to calls first..last of `method` (counted from 1 when the fault is set), after `delay` seconds."""

    method: str
    code: int
    first: int
    last: int
    message: str
    delay: float
    calls: int = 0


@dataclass
class Faults:
    """The faults that are set."""

    active: list[Fault] = field(default_factory=list)

    def add(self, spec: dict[str, Any]) -> None:
        """Set a fault from JSON: {method, code, call (1), count (1), message, delay}."""
        try:
            first = int(spec.get("call", 1))
            fault = Fault(
                method=str(spec["method"]),
                code=int(spec.get("code", 0)),
                first=first,
                last=first + int(spec.get("count", 1)) - 1,
                message=str(spec.get("message", "Injected fault.")),
                delay=float(spec.get("delay", 0)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise invalid_argument(
                f"A fault needs method, and numbers for code, call, count and delay: {error}."
            ) from None
        self.active.append(fault)

    async def strike(self, method_id: str) -> None:
        """Count a call and raise the fault that is due."""
        for fault in self.active:
            if fault.method != method_id:
                continue
            fault.calls += 1
            if fault.first <= fault.calls <= fault.last:
                if fault.delay:
                    await asyncio.sleep(fault.delay)
                if fault.code:
                    raise ApiError(fault.code, _STATUS.get(fault.code, "UNKNOWN"), fault.message, "injectedFault")


_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
