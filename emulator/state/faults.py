"""Faults on request: the nth call of a method answers an error, or waits first. One hook in the request path."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from typing import Any

from emulator.errors import ApiError, invalid_argument
from emulator.state.nearest import near


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
    struck: int = 0
    cleared: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def shown(self) -> dict[str, Any]:
        """The fault as JSON, with how often its method was called since it was set, and how often it struck."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "cleared"}


@dataclass
class Faults:
    """The faults that are set."""

    active: list[Fault] = field(default_factory=list)

    def add(self, spec: dict[str, Any], methods: Collection[str]) -> None:
        """Set a fault from JSON: {method, code, call (1), count (1), message, delay}; methods are those there are.

        Raises a 400 for a method or a field that there is none of: who waits for that fault would wait in vain.
        """
        _check_names(spec, methods)
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
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise invalid_argument(
                f"A fault needs method, and numbers for code, call, count and delay: {error}."
            ) from None
        _check_ranges(fault)
        self.active.append(fault)

    def shown(self) -> list[dict[str, Any]]:
        """The faults that are set, each with how often its method was called since."""
        return [fault.shown() for fault in self.active]

    def clear(self) -> None:
        """Take all faults away; calls that are being delayed go on at once."""
        for fault in self.active:
            fault.cleared.set()
        self.active.clear()

    async def strike(self, method_id: str) -> None:
        """Count a call and raise the fault that is due."""
        for fault in self.active:
            if fault.method != method_id:
                continue
            fault.calls += 1
            if fault.first <= fault.calls <= fault.last:
                fault.struck += 1
                if fault.delay:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(fault.cleared.wait(), fault.delay)
                if fault.code:
                    raise ApiError(fault.code, _STATUS.get(fault.code, "UNKNOWN"), fault.message, "injectedFault")


def _check_names(spec: dict[str, Any], methods: Collection[str]) -> None:
    fields = ("method", "code", "call", "count", "message", "delay")
    for name in spec:
        if name not in fields:
            known = ", ".join(fields)
            raise invalid_argument(f'A fault has no field "{name[:60]}"{near(name, fields)}: it has {known}.')
    method = str(spec.get("method", ""))
    if method and method not in methods:
        raise invalid_argument(f'There is no method "{method[:120]}"{near(method, methods)}.')


def _check_ranges(fault: Fault) -> None:
    if fault.code and not 400 <= fault.code <= 599:
        raise invalid_argument(f"A fault's code is that of an error, from 400 to 599, not {fault.code}.")
    if fault.first < 1 or fault.last < fault.first:
        raise invalid_argument("A fault's call and count are 1 or more.")
    if not 0 <= fault.delay <= _LONGEST:  # also false for NaN
        raise invalid_argument(f"A fault's delay is from 0 to {_LONGEST} seconds.")
    if not fault.code and not fault.delay:
        raise invalid_argument("A fault needs a code, or a delay: it would do nothing.")


_LONGEST = 3600  # seconds
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
