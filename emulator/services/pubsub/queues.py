"""What is out for delivery: per subscription the waiting messages, the leases, and who waits for more.

Only acknowledgements and backlogs are on disk; leases live here, so that after a restart unacknowledged messages are
delivered again (at least once).
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Entry:
    """One message of a subscription: its id, ordering key and how often it was delivered."""

    message: int
    key: str
    attempts: int = 0


@dataclass
class Lease:
    """A delivered message that is neither acknowledged nor given up; deadline in seconds since 1970."""

    ack_id: str
    entry: Entry
    deadline: float
    on_end: Callable[[], None] | None = None


@dataclass
class Policy:
    """What a subscription's configuration says about delivery; durations in seconds, attempts 0 for no dead letter."""

    ack_deadline: float = 10.0
    ordered: bool = False
    minimum_backoff: float = 0.0
    maximum_backoff: float = 600.0
    dead_letter_topic: str = ""
    max_attempts: int = 0


class Queue:
    """One subscription's messages."""

    def __init__(self, name: str, policy: Policy, backlog: list[tuple[int, str, int]]) -> None:
        self.name = name
        self.policy = policy
        self.ready: deque[Entry] = deque(Entry(message, key, attempts) for message, key, attempts in backlog)
        self.leases: dict[str, Lease] = {}
        self._held_keys: dict[str, int] = {}
        self._delayed: list[tuple[float, int, Entry]] = []
        self._order = itertools.count()
        self._arrived = asyncio.Event()
        if self.ready:
            self._arrived.set()

    def add(self, fresh: list[tuple[int, str]]) -> None:
        """New messages."""
        self.ready.extend(Entry(message, key) for message, key in fresh)
        self._arrived.set()

    async def wait(self, seconds: float) -> bool:
        """Wait until something may be ready; False when the time is up."""
        try:
            await asyncio.wait_for(self._arrived.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def take(
        self, limit: int, now: float, deadline: float = 0.0, on_end: Callable[[], None] | None = None
    ) -> list[Lease]:
        """Lease up to `limit` messages until now + deadline seconds (0: the subscription's own)."""
        taken: list[Lease] = []
        passed: list[Entry] = []
        keys: set[str] = set()
        until = now + (deadline or self.policy.ack_deadline)
        while self.ready and len(taken) < limit:
            entry = self.ready.popleft()
            if self.policy.ordered and entry.key and entry.key not in keys and self._held_keys.get(entry.key):
                passed.append(entry)
                continue
            keys.add(entry.key)
            entry.attempts += 1
            lease = Lease(f"{entry.message}-{entry.attempts}-{next(self._order)}", entry, until, on_end)
            self.leases[lease.ack_id] = lease
            if self.policy.ordered and entry.key:
                self._held_keys[entry.key] = self._held_keys.get(entry.key, 0) + 1
            taken.append(lease)
        self.ready.extendleft(reversed(passed))
        if not self.ready or not taken:
            self._arrived.clear()
        return taken

    def end(self, ack_id: str) -> Entry | None:
        """Take a lease away; None where it has ended already."""
        lease = self.leases.pop(ack_id, None)
        if lease is None:
            return None
        key = lease.entry.key
        if self.policy.ordered and key:
            self._held_keys[key] -= 1
            if not self._held_keys[key]:
                del self._held_keys[key]
            if self.ready:
                self._arrived.set()
        if lease.on_end is not None:
            lease.on_end()
        return lease.entry

    def extend(self, ack_id: str, deadline: float) -> None:
        """Move a lease's deadline; no effect on one that has ended."""
        lease = self.leases.get(ack_id)
        if lease is not None:
            lease.deadline = deadline

    def give_back(self, entry: Entry, now: float) -> None:
        """Deliver again: at once, or after the retry policy's back-off (doubling from the minimum)."""
        policy = self.policy
        delay = 0.0
        if policy.minimum_backoff:
            delay = min(policy.maximum_backoff, policy.minimum_backoff * 2 ** min(40, max(0, entry.attempts - 1)))
        if delay:
            heapq.heappush(self._delayed, (now + delay, next(self._order), entry))
        else:
            self._requeue(entry)

    def _requeue(self, entry: Entry) -> None:
        """Back in publish order, so that an ordering key's messages stay in sequence."""
        if not self.ready or self.ready[0].message > entry.message:
            self.ready.appendleft(entry)
        else:
            waiting = list(self.ready)
            at = next((i for i, e in enumerate(waiting) if e.message > entry.message), len(waiting))
            self.ready.insert(at, entry)
        self._arrived.set()

    def tick(self, now: float) -> list[Entry]:
        """Bring delayed messages back; returns the entries whose leases ran out, for the caller to decide on."""
        while self._delayed and self._delayed[0][0] <= now:
            self._requeue(heapq.heappop(self._delayed)[2])
        late = [lease.ack_id for lease in self.leases.values() if lease.deadline <= now]
        return [entry for ack_id in late if (entry := self.end(ack_id)) is not None]

    def drop(self, ids: set[int]) -> None:
        """Forget messages that have expired."""
        self.ready = deque(entry for entry in self.ready if entry.message not in ids)


@dataclass
class Stream:
    """Flow control of one streaming pull: how many messages may be out at once (0: no limit)."""

    limit: int = 0
    outstanding: int = 0
    freed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def room(self) -> int:
        """How many more may be sent."""
        return 1000 if self.limit <= 0 else max(0, self.limit - self.outstanding)

    async def wait(self, seconds: float) -> None:
        """Wait until there may be room again, or the time is up."""
        self.freed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.freed.wait(), seconds)

    def release(self) -> None:
        """A message was acknowledged, given back or ran out of time."""
        self.outstanding -= 1
        self.freed.set()
