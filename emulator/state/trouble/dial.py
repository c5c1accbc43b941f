"""The dial: which profile is on, what it has done, and what asks it on the way of requests and messages."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from itertools import islice
from typing import NamedTuple

from emulator.errors import ApiError
from emulator.settings import project_number
from emulator.state.clock import Clock
from emulator.state.trouble import chance, places, refusals
from emulator.state.trouble.deciding import Decision, Plan, decide, plan_of
from emulator.state.trouble.profiles import Happening, Json, Profile, Span
from emulator.state.trouble.quotas import Usage

KEPT = 10_000


class Done(NamedTuple):
    """What was done to one call: the number-th of its method by its principal."""

    method: str
    principal: str
    number: int
    delay: float
    did: str

    def to_json(self) -> Json:
        """As the endpoint shows it; delay in seconds, did is "" where there was nothing but that."""
        return {"call": self.number, "method": self.method, "principal": self.principal} | {
            "delay": self.delay,
            "did": self.did,
        }


class Dial:
    """Trouble of one profile and seed, from the moment at which it was set."""

    def __init__(self, name: str, profile: Profile, seed: int, clock: Clock) -> None:
        self.name, self.profile, self.seed = name, profile, seed
        self.cleared = asyncio.Event()
        self.counts: Counter[str] = Counter()
        self._clock = clock
        self._plans: dict[str, Plan] = {}
        self._numbers: Counter[tuple[str, ...]] = Counter()
        self._usage = Usage()
        self._young: dict[str, tuple[float, float]] = {}
        self._done: deque[Done] = deque(maxlen=KEPT)

    async def strike(self, method: str, principal: str, name: str) -> str:
        """Let a call on a resource wait, and raise what it is refused with; gives where its answer is to be cut off."""
        number = self._next(method, principal)
        plan = self._plan(method)
        decision = decide(plan, self.seed, method, principal, number)
        error = self._exhausted(plan, method, name) or self._too_young(name)
        if error is None and decision.refusal:
            error = refusals.refusal(decision.refusal)
        did = self._did(decision, error)
        self._done.append(Done(method, principal, number, decision.delay, did))
        self.counts.update(filter(None, ("calls", "delays" if decision.delay else "", did)))
        if decision.delay:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.cleared.wait(), decision.delay)
        if error is not None:
            raise error
        return decision.cut

    def born(self, method: str, parent: str, query: dict[str, str]) -> None:
        """Note what a call has created, which is not there for everybody at once."""
        lags = self.profile.lags
        if not (lags.initialization or lags.visibility) or not (name := places.created(method, parent, query)):
            return
        now, known = self._clock.seconds(), name.count("/") > 5
        initialized = 0.0 if known else now + self._lag(lags.initialization, "initialization", name)
        self._young[name] = initialized, now + self._lag(lags.visibility, "visibility", name)

    def grant_lag(self, resource: str) -> float:
        """Seconds until a policy that is being set counts."""
        lag = self.profile.lags.grants
        return self._lag(lag, "grants", resource, self._next("grants", resource)) if lag is not None else 0.0

    def index_lag(self, index: str, store: str) -> float:
        """Seconds by which a store's index (fhir_search, hl7v2_filter) is behind what is stored."""
        return self._lag(getattr(self.profile.lags, index), index, store)

    def operation_seconds(self, kind: str, parent: str) -> float:
        """Seconds that an operation waits before it runs."""
        span = self.profile.operations
        return self._lag(span, "operations", kind, parent, self._next(kind, parent)) if span is not None else 0.0

    def message(self, subscription: str) -> tuple[float, float]:
        """What befalls the next message of a subscription: seconds that it is late, and after which it comes again."""
        number = self._next("messages", subscription)
        late = self._befalls(self.profile.messages.late, "late", subscription, number)
        return late, self._befalls(self.profile.messages.twice, "twice", subscription, number)

    def shown(self, limit: int) -> Json:
        """The dial as JSON, with how often it did what, and what it did to the newest calls."""
        newest = list(islice(reversed(self._done), limit))
        decisions = [each.to_json() for each in reversed(newest)]
        return {"profile": self.name, "seed": self.seed, "counts": dict(self.counts), "decisions": decisions}

    def _next(self, *names: str) -> int:
        self._numbers[names] += 1
        return self._numbers[names]

    def _plan(self, method: str) -> Plan:
        found = self._plans.get(method)
        if found is None:
            found = self._plans[method] = plan_of(self.profile, method)
        return found

    def _did(self, decision: Decision, error: ApiError | None) -> str:
        if error is None:
            return decision.cut
        return decision.refusal if decision.refusal and error.code != 404 and not error.retry_after else error.status

    def _lag(self, span: Span | None, *names: object) -> float:
        return 0.0 if span is None else round(span.at(chance.fraction(self.seed, *names)), 6)

    def _befalls(self, happening: Happening | None, what: str, subscription: str, number: int) -> float:
        """The seconds of it; 0 where it does not befall that message."""
        if happening is None or chance.fraction(self.seed, what, subscription, number) >= happening.share:
            return 0.0
        self.counts[f"messages {what}"] += 1
        return self._lag(happening.seconds, what, "seconds", subscription, number)

    def _exhausted(self, plan: Plan, method: str, name: str) -> ApiError | None:
        """The refusal where a quota allows no more calls."""
        quota = plan.quota
        if quota is None:
            return None
        project, region = places.project_and_region(name)
        wait = self._usage.take(quota.name, project, region, quota.per_minute, self._clock.seconds())
        if not wait:
            return None
        service, consumer = f"{method.partition('.')[0]}.googleapis.com", f"project_number:{project_number(project)}"
        return refusals.quota_exceeded(quota.name, quota.per_minute, service, consumer, region, wait)

    def _too_young(self, name: str) -> ApiError | None:
        """The refusal of a call on what was created a moment ago."""
        if not self._young:
            return None
        now = self._clock.seconds()
        for place in places.around(name):
            initialized, visible = self._young.get(place, (0.0, 0.0))
            if now < visible:
                return refusals.not_visible(place)
            if now < initialized:
                return refusals.not_initialized()
        return None
