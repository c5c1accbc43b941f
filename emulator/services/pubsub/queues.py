"""What is out for delivery: per subscription the waiting messages, the leases, and who waits for more.

Only acknowledgements and backlogs are on disk; leases live here, so that after a restart unacknowledged messages are
delivered again (at least once). Of a long backlog only its beginning is here: it is read a page at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

TAKE_LIMIT = 1000
PAGE = 10_000  # messages of a backlog that are read at a time; the next ones when fewer than a fifth are left
# What one answer may hold: clients of gRPC take 4 MiB by default, and a message of up to 10 MB comes alone.
ANSWER_BYTES = 3 << 20


@dataclass(slots=True)
class Entry:
    """One message of a subscription: its id, ordering key, size in bytes and how often it was delivered."""

    message: int
    key: str
    size: int
    attempts: int = 0


@dataclass(slots=True)
class Lease:
    """A delivered message that is neither acknowledged nor given up; deadline in seconds since 1970."""

    ack_id: str
    entry: Entry
    deadline: float
    on_end: Callable[[Entry, bool], None] | None = None


@dataclass
class Policy:
    """What a subscription's configuration says about delivery; durations in seconds.

    max_attempts is 0 for no dead letter; retains says that what is acknowledged is kept for a seek, exactly_once that
    it never comes again, not even after an earlier one of its ordering key.
    """

    ack_deadline: float = 10.0
    ordered: bool = False
    minimum_backoff: float = 0.0
    maximum_backoff: float = 600.0
    dead_letter_topic: str = ""
    max_attempts: int = 0
    retains: bool = False
    exactly_once: bool = False


class Queue:
    """One subscription's messages.

    Where the subscription orders messages, those of one key are out together only if one answer brought them, and a
    message that comes again brings all later ones of its key along, acknowledged ones too (Pub/Sub: order messages).
    For that, an acknowledged message is kept while an earlier one of its key is still out.

    A backlog of PAGE messages may go on beyond them: then `wants_more` says when `read_on` is to bring the next ones.
    So it does once as many wait that nobody takes: what comes after them stays on disk alone.
    """

    def __init__(self, name: str, policy: Policy, backlog: list[Entry]) -> None:
        self.name = name
        self.policy = policy
        self.ready: deque[Entry] = deque()
        self.leases: dict[str, Lease] = {}
        self._out: dict[str, dict[int, str]] = {}  # of an ordering key: messages on lease, with their ack ids
        self._kept: dict[str, dict[int, Entry]] = {}  # of an ordering key: acknowledged after one that is still out
        self._delayed: list[tuple[float, int, Entry]] = []
        self._delayed_keys: Counter[str] = Counter()
        self._order = itertools.count()
        self._arrived = asyncio.Event()
        self._newest = 0  # message that is known: what is added later is younger, or known already
        self._goes_on = False  # on disk, after the newest that is known
        self._starved = False  # nothing that is ready may be delivered yet
        self._twice: dict[int, float] = {}  # messages that come again once acknowledged, after so many seconds
        self._load(backlog)

    def _load(self, backlog: list[Entry]) -> None:
        self.ready = deque(backlog)
        self._goes_on = len(backlog) >= PAGE
        last = backlog[-1].message if backlog else 0
        self._newest = last if self._goes_on else max(self._newest, last)
        if self.ready:
            self._arrived.set()

    @property
    def wants_more(self) -> bool:
        """Whether the next page of the backlog is to be read before anything is taken."""
        return self._goes_on and (self._starved or len(self.ready) < PAGE // 5)

    @property
    def newest(self) -> int:
        """The last message that is known; a backlog that goes on does so after it."""
        return self._newest

    def read_on(self, page: list[Entry]) -> None:
        """The next messages of a backlog that goes on."""
        self.ready.extend(page)
        self._goes_on, self._starved = len(page) >= PAGE, False
        self._newest = page[-1].message if page else self._newest
        if self.ready:
            self._arrived.set()

    def add(self, fresh: Sequence[Entry]) -> None:
        """New messages, in the order of their ids; those that the backlog had already are passed over."""
        self._goes_on = self._goes_on or len(self.ready) >= PAGE
        if self._goes_on:  # they will be read in their turn
            return
        self.ready.extend(entry for entry in fresh if entry.message > self._newest)
        self._newest = max(self._newest, fresh[-1].message if fresh else 0)
        self._arrived.set()

    def hold(self, message: int, until: float) -> None:
        """Deliver a message that is ready at that time (seconds since 1970), and what follows it in order after it."""
        held = [entry for entry in self.ready if entry.message == message]
        for entry in held:
            self.ready.remove(entry)
            self._put_off(entry, until)

    def put_off(self, ack_ids: Iterable[str], until: float) -> None:
        """Take leases back as if the messages had not been delivered, until then; what follows them in order, too."""
        entries = [entry for ack_id in ack_ids if (entry := self.end(ack_id)) is not None]
        self._requeue(self.followers(entries))
        for entry in entries:
            entry.attempts -= 1
            self._put_off(entry, until)

    def repeat(self, message: int, seconds: float) -> None:
        """Let a message come once more, so long after it was acknowledged, unless the subscription forbids that."""
        if not self.policy.exactly_once:
            self._twice[message] = seconds

    def repeated(self, done: list[Entry], now: float) -> list[Entry]:
        """Of acknowledged entries those that are over; the others come again, and are to be kept."""
        again = [entry for entry in done if entry.message in self._twice and not self._is_ordered(entry)]
        for entry in again:
            self._put_off(entry, now + self._twice.pop(entry.message))
        return [entry for entry in done if entry not in again]

    def _put_off(self, entry: Entry, until: float) -> None:
        heapq.heappush(self._delayed, (until, next(self._order), entry))
        self._delayed_keys[entry.key] += 1

    def reset(self, backlog: list[Entry]) -> None:
        """Forget all that waits or is out, and deliver the backlog instead, oldest first."""
        for ack_id in list(self.leases):
            self.end(ack_id)
        self._kept.clear()
        self._twice.clear()
        self._delayed.clear()
        self._delayed_keys.clear()
        self._load(backlog)

    async def wait(self, seconds: float) -> bool:
        """Wait until something may be ready; False when the time is up."""
        try:
            await asyncio.wait_for(self._arrived.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def take(
        self,
        limit: int,
        now: float,
        deadline: float = 0.0,
        on_end: Callable[[Entry, bool], None] | None = None,
        room: int = ANSWER_BYTES,
    ) -> list[Lease]:
        """Lease up to `limit` messages of together `room` bytes until now + deadline seconds (0: the subscription's).

        At least one is taken, whatever its size. on_end is called with the entry of each when its lease ends, and with
        whether the lease ran out.
        """
        taken: list[Lease] = []
        passed: list[Entry] = []
        keys: set[str] = set()
        until = now + (deadline or self.policy.ack_deadline)
        while self.ready and len(taken) < limit:
            entry = self.ready.popleft()
            if self._is_ordered(entry) and entry.key not in keys and self._is_held(entry.key):
                passed.append(entry)
                continue
            room -= entry.size
            if taken and room < 0:
                passed.append(entry)
                break
            keys.add(entry.key)
            entry.attempts += 1
            lease = Lease(f"{entry.message}-{entry.attempts}-{next(self._order)}", entry, until, on_end)
            self.leases[lease.ack_id] = lease
            if self._is_ordered(entry):
                self._out.setdefault(entry.key, {})[entry.message] = lease.ack_id
            taken.append(lease)
        self.ready.extendleft(reversed(passed))
        self._starved = not taken
        if not self.wants_more and not (self.ready and taken):
            self._arrived.clear()
        return taken

    def _is_held(self, key: str) -> bool:
        return key in self._out or key in self._delayed_keys

    def _is_ordered(self, entry: Entry) -> bool:
        return self.policy.ordered and bool(entry.key)

    def end(self, ack_id: str, *, late: bool = False) -> Entry | None:
        """Take a lease away, one that ran out where it is late; None where it has ended already."""
        lease = self.leases.pop(ack_id, None)
        if lease is None:
            return None
        key = lease.entry.key
        out = self._out.get(key)
        if out is not None:
            out.pop(lease.entry.message, None)
            if not out:
                del self._out[key]
            if self.ready:
                self._arrived.set()
        if lease.on_end is not None:
            lease.on_end(lease.entry, late)
        return lease.entry

    def acknowledge(self, ack_ids: Iterable[str]) -> list[Entry]:
        """End leases for good; returns the entries that will not come again, so that they can be forgotten."""
        done: list[Entry] = []
        keys: set[str] = set()
        for ack_id in ack_ids:
            entry = self.end(ack_id)
            if entry is None:
                continue
            if self._is_ordered(entry) and not self.policy.exactly_once:
                self._kept.setdefault(entry.key, {})[entry.message] = entry
                keys.add(entry.key)
            else:
                done.append(entry)
        for key in keys:
            done += self._settled(key)
        return done

    def _settled(self, key: str) -> list[Entry]:
        """Acknowledged messages of a key with no earlier one out, which are kept no longer."""
        kept = self._kept.get(key, {})
        first = min(self._out.get(key, {}), default=None)
        done = [entry for message, entry in kept.items() if first is None or message < first]
        for entry in done:
            del kept[entry.message]
        if not kept:
            self._kept.pop(key, None)
        return done

    def followers(self, entries: Iterable[Entry]) -> list[Entry]:
        """Take back what was delivered after messages that come again, of their ordering keys; its leases end.

        It was not refused itself, so this delivery does not count among its attempts.
        """
        first: dict[str, int] = {}
        for entry in filter(self._is_ordered, entries):
            first[entry.key] = min(entry.message, first.get(entry.key, entry.message))
        taken: list[Entry] = []
        for key, start in first.items():
            later = [ack_id for message, ack_id in self._out.get(key, {}).items() if message > start]
            taken += [found for ack_id in later if (found := self.end(ack_id)) is not None]
            kept = self._kept.pop(key, {})
            taken += [entry for message, entry in kept.items() if message > start]
            if rest := {message: entry for message, entry in kept.items() if message < start}:
                self._kept[key] = rest
        for one in taken:
            one.attempts -= 1
        return taken

    def extend(self, ack_id: str, deadline: float) -> None:
        """Move a lease's deadline; no effect on one that has ended."""
        lease = self.leases.get(ack_id)
        if lease is not None:
            lease.deadline = deadline

    def ended(self, ack_ids: Iterable[str]) -> list[str]:
        """Those of the ids whose lease has ended, or never was."""
        return [ack_id for ack_id in ack_ids if ack_id not in self.leases]

    def give_back(self, entries: Sequence[Entry], now: float, followers: Sequence[Entry] = ()) -> None:
        """Deliver again: at once, or after the retry policy's back-off (doubling from the minimum).

        While a message with an ordering key waits for that, its key does; followers are what then comes after it.
        """
        policy = self.policy
        at_once = list(followers)
        for entry in entries:
            delay = 0.0
            if policy.minimum_backoff:
                delay = min(policy.maximum_backoff, policy.minimum_backoff * 2 ** min(40, max(0, entry.attempts - 1)))
            if delay:
                self._put_off(entry, now + delay)
            else:
                at_once.append(entry)
        self._requeue(at_once)

    def release(self, ack_ids: Iterable[str]) -> None:
        """Take leases back as if the messages had not been delivered; they are ready at once."""
        entries = [entry for ack_id in ack_ids if (entry := self.end(ack_id)) is not None]
        for entry in entries:
            entry.attempts -= 1
        self._requeue(entries)

    def _requeue(self, entries: list[Entry]) -> None:
        """Back in publish order, so that an ordering key's messages stay in sequence."""
        if not entries:
            return
        entries.sort(key=lambda entry: entry.message)
        if not self.ready or self.ready[0].message > entries[-1].message:
            self.ready.extendleft(reversed(entries))
        else:
            self.ready = deque(heapq.merge(self.ready, entries, key=lambda entry: entry.message))
        self._arrived.set()

    def tick(self, now: float) -> list[Entry]:
        """Bring delayed messages back; returns the entries whose leases ran out, for the caller to decide on."""
        due: list[Entry] = []
        while self._delayed and self._delayed[0][0] <= now:
            due.append(heapq.heappop(self._delayed)[2])
            self._delayed_keys[due[-1].key] -= 1
        self._delayed_keys = +self._delayed_keys
        self._requeue(due)
        late = [lease.ack_id for lease in self.leases.values() if lease.deadline <= now]
        return [entry for ack_id in late if (entry := self.end(ack_id, late=True)) is not None]

    def drop(self, ids: set[int]) -> None:
        """Forget messages that have expired."""
        self.ready = deque(entry for entry in self.ready if entry.message not in ids)


@dataclass
class Stream:
    """Flow control of one streaming pull: how many messages and bytes may be out at once (0: no limit)."""

    limit: int = 0
    byte_limit: int = 0
    outstanding: int = 0
    outstanding_bytes: int = 0
    late: bool = False
    """Whether the last message that came back ran out of time: nobody may be reading what is sent."""
    freed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def room(self) -> int:
        """How many more messages may be sent; none while as many bytes are out as the client wants."""
        if 0 < self.byte_limit <= self.outstanding_bytes:
            return 0
        return TAKE_LIMIT if self.limit <= 0 else min(TAKE_LIMIT, max(0, self.limit - self.outstanding))

    @property
    def byte_room(self) -> int:
        """How many more bytes may be sent in one answer."""
        return ANSWER_BYTES if self.byte_limit <= 0 else min(ANSWER_BYTES, self.byte_limit - self.outstanding_bytes)

    async def wait(self, seconds: float) -> None:
        """Wait until there may be room again, or the time is up."""
        self.freed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.freed.wait(), seconds)

    def sent(self, leases: Sequence[Lease]) -> None:
        """These are on their way to the client."""
        self.outstanding += len(leases)
        self.outstanding_bytes += sum(lease.entry.size for lease in leases)

    def release(self, entry: Entry, late: bool) -> None:
        """A message was acknowledged, given back or, where it is late, ran out of time."""
        self.late = late
        self.outstanding -= 1
        self.outstanding_bytes -= entry.size
        self.freed.set()
