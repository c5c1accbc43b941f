"""The newest denied calls that the audit log does not hold, since their kind of access is not logged."""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

from emulator.state.clock import Clock

KEPT = 1000


class DeniedCall(NamedTuple):
    """One denied call: when (RFC 3339), the method's id, who called, which permission was missing on what.

    resource is what can bear a policy, as a store or a bucket: names below it may identify a patient.
    """

    time: str
    method: str
    principal: str
    permission: str
    resource: str


class DeniedCalls:
    """A ring of them, in memory: the oldest make room."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls: deque[DeniedCall] = deque(maxlen=KEPT)

    def add(self, method: str, principal: str, permission: str, resource: str) -> None:
        """Keep one."""
        self._calls.append(DeniedCall(self._clock.stamp(), method, principal, permission, resource))

    def shown(self) -> list[dict[str, Any]]:
        """All that are kept, the oldest first."""
        return [call._asdict() for call in self._calls]
