"""The newest requests: which method, by whom, what was decided, how it ended; nothing that could name a patient.

No address, no name of a resource and no value of a query is kept, since those of DICOM and FHIR may identify somebody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from emulator.errors import invalid_argument
from emulator.state.clock import Clock
from emulator.state.request_log import RequestLog

KEPT = 10_000
_FILTERS = ("method", "principal", "decision", "status", "after", "limit")
_DECISIONS = ("granted", "denied", "none")


class Call(NamedTuple):
    """One request. method is its id, "" for a path that no API has; seconds are until the answer began."""

    number: int
    ended: float
    method: str
    principal: str
    permission: str
    decision: str
    status: int
    seconds: float

    def to_json(self, time: str) -> dict[str, Any]:
        """As the endpoint shows it, with the time at which it ended in RFC 3339."""
        return {
            "number": self.number,
            "time": time,
            "method": self.method,
            "principal": self.principal,
            "permission": self.permission,
            "decision": self.decision,
            "status": self.status,
            "milliseconds": round(self.seconds * 1000, 2),
        }


class Calls:
    """A ring of them: the oldest make room. A log, where there is one, is told all."""

    def __init__(self, clock: Clock, kept: int = KEPT, log: RequestLog | None = None) -> None:
        self.log = log
        self._clock = clock
        self._calls: deque[Call] = deque(maxlen=kept)
        self._number = 0

    def add(self, method: str, principal: str, permission: str, decision: str, status: int, seconds: float) -> None:
        """Keep one: decision is granted, denied, or none where nothing was asked."""
        self._number += 1
        ended = self._clock.seconds()
        call = Call(self._number, ended, method, principal, permission, decision, status, seconds)
        self._calls.append(call)
        if self.log is not None:
            self.log.add(call)

    def shown(self, filters: dict[str, str]) -> list[dict[str, Any]]:
        """The requests that fit, oldest first; raises a 400 for a filter that is none.

        method is the beginning of an id, principal all of one, decision granted, denied or none, status a number or
        4xx, after a number above which they begin, limit how many of the newest (1,000).
        """
        limit = _number(filters, "limit", 1000)
        newest = list(islice(self._found(filters), limit))
        return [call.to_json(self._clock.stamp_of(call.ended)) for call in reversed(newest)]

    def _found(self, filters: dict[str, str]) -> Iterator[Call]:
        """What fits, newest first."""
        _check(filters)
        after = _number(filters, "after", 0)
        method, principal = filters.get("method", ""), filters.get("principal", "")
        decision, status = filters.get("decision", ""), filters.get("status", "")
        for call in reversed(self._calls):
            if (
                call.number > after
                and call.method.startswith(method)
                and (not principal or call.principal == principal)
                and (not decision or call.decision == decision)
                and (not status or status in (str(call.status), f"{call.status // 100}xx"))
            ):
                yield call


def _check(filters: dict[str, str]) -> None:
    for name in filters:
        if name not in _FILTERS:
            raise invalid_argument(f'Requests have no filter "{name[:60]}": there are {", ".join(_FILTERS)}.')
    if filters.get("decision", "none") not in _DECISIONS:
        raise invalid_argument(f"decision is one of {', '.join(_DECISIONS)}.")


def _number(filters: dict[str, str], name: str, default: int) -> int:
    given = filters.get(name, "")
    if given and not (given.isascii() and given.isdigit() and len(given) < 16):
        raise invalid_argument(f"{name} is a number, 0 or more.")
    return int(given) if given else default
