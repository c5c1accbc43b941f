"""Profiles of trouble as data: what they may say, read and checked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from emulator.errors import invalid_argument
from emulator.state.nearest import near
from emulator.state.trouble import chance

Json = dict[str, Any]
T = TypeVar("T")
KINDS = ("contention", "conflict", "unavailable", "internal")
"""The refusals that there are; refusals.py words them."""
CUTS = ("unanswered", "midway")
LONGEST = 3600.0
"""Seconds that anything may take or be late by."""


@dataclass(frozen=True)
class Span:
    """From least to most seconds."""

    least: float
    most: float

    def at(self, part: float) -> float:
        """The seconds at a part (0 to 1) of the way."""
        return chance.between(part, self.least, self.most)


@dataclass(frozen=True)
class Rule:
    """What concerns some methods: their ids, with * for any characters."""

    methods: tuple[str, ...]

    def concerns(self, method: str) -> bool:
        """Whether a method's id fits."""
        return any(fits(pattern, method) for pattern in self.methods)


@dataclass(frozen=True)
class Latency(Rule):
    """How long answers take, by percentiles in seconds; the first rule that concerns a method holds."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class Refusal(Rule):
    """A share (0 to 1) of calls refused before they have an effect, in the words of their kind."""

    share: float
    kind: str


@dataclass(frozen=True)
class Quota(Rule):
    """How many calls a minute a project may make in a region; the first rule that concerns a method holds."""

    name: str
    per_minute: int


@dataclass(frozen=True)
class Cut(Rule):
    """A share of connections broken off after the effect of the call, before its answer or in the middle of it."""

    share: float
    at: str


@dataclass(frozen=True)
class Lags:
    """How long it takes until what was changed is seen; None for no time.

    grants: by IAM. initialization: a new dataset answers "dataset not initialized". visibility: new datasets and stores
    are not found. fhir_search, hl7v2_filter: by the indexes of stores.
    """

    grants: Span | None = None
    initialization: Span | None = None
    visibility: Span | None = None
    fhir_search: Span | None = None
    hl7v2_filter: Span | None = None


@dataclass(frozen=True)
class Happening:
    """What befalls a share of messages, after some seconds."""

    share: float
    seconds: Span


@dataclass(frozen=True)
class Messages:
    """What befalls messages of Pub/Sub on their way to a subscription: to be late, and to come twice."""

    late: Happening | None = None
    twice: Happening | None = None


@dataclass(frozen=True)
class Profile:
    """All that a profile says; operations is how long long-running operations wait before they run."""

    says: str = ""
    latency: tuple[Latency, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    quotas: tuple[Quota, ...] = ()
    cuts: tuple[Cut, ...] = ()
    lags: Lags = Lags()
    messages: Messages = Messages()
    operations: Span | None = None


def fits(pattern: str, method: str) -> bool:
    """Whether a method's id is a pattern's, whose * stand for any characters."""
    first, *rest = pattern.split("*")
    if not rest:
        return method == first
    *middle, last = rest
    if not method.startswith(first) or not method.endswith(last) or len(method) < len(first) + len(last):
        return False
    at, end = len(first), len(method) - len(last)
    for part in middle:
        found = method.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def parse(data: Json, methods: Collection[str]) -> Profile:
    """A profile from JSON; methods are the ids that there are. Raises a 400 with the place for what can't be."""
    profile = _object(Profile, _Place("", "profile"), data, _PROFILE)
    for rule in (*profile.latency, *profile.refusals, *profile.quotas, *profile.cuts):
        _require_methods(rule, methods)
    for each in profile.latency:
        if not 0 < each.p50 <= each.p95 <= each.p99:
            raise invalid_argument("latency: p50, p95 and p99 are above 0, and none is less than the one before.")
    return profile


@dataclass(frozen=True)
class _Place:
    """Where in a profile a value stands, for sentences."""

    path: str
    kind: str

    def below(self, name: str) -> _Place:
        return _Place(f"{self.path}.{name}" if self.path else name, name)

    def wrong(self, wanted: str) -> Exception:
        return invalid_argument(f"{self.path or 'A profile'} is {wanted}.")


Reader = Callable[[_Place, Any], Any]


def _object(cls: type[T], place: _Place, value: Any, readers: dict[str, Reader]) -> T:
    """An object of a class with these fields; those without a default are required."""
    if not isinstance(value, dict):
        raise place.wrong(f"an object with {_list(readers)}")
    for name in value:
        if name not in readers:
            found = near(name, readers)
            raise invalid_argument(f'{place.path or "A profile"} has no "{name[:60]}"{found}: it has {_list(readers)}.')
    try:
        return cls(**{name: readers[name](place.below(name), each) for name, each in value.items()})
    except TypeError:
        missing = [each.name for each in fields(cls) if each.name not in value]  # type: ignore[arg-type]
        raise place.wrong(f"incomplete: it lacks {_list(missing)}") from None


def _reader(cls: type[Any], **readers: Reader) -> Reader:
    return lambda place, value: _object(cls, place, value, readers)


def _many(read: Reader) -> Reader:
    def reader(place: _Place, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise place.wrong("a list")
        return tuple(read(_Place(f"{place.path}[{number}]", place.kind), each) for number, each in enumerate(value))

    return reader


def _number(most: float) -> Reader:
    def reader(place: _Place, value: Any) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
            raise place.wrong(f"a number from 0 to {most:g}")
        return float(value)

    return reader


def _text(place: _Place, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise place.wrong("a text of 1 to 200 characters")
    return value


def _count(place: _Place, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 10**9:
        raise place.wrong("a whole number from 1 to 1000000000")
    return value


def _one_of(names: tuple[str, ...]) -> Reader:
    def reader(place: _Place, value: Any) -> str:
        if not isinstance(value, str) or value not in names:
            raise place.wrong(f"one of {_list(names)}{near(str(value), names)}")
        return value

    return reader


def _span(place: _Place, value: Any) -> Span:
    if not isinstance(value, list) or len(value) != 2:
        raise place.wrong("a list of two numbers, the least and the most seconds")
    least, most = (_number(LONGEST)(place, each) for each in value)
    if least > most:
        raise place.wrong("a list of the least and the most seconds, in that order")
    return Span(least, most)


def _require_methods(rule: Rule, methods: Collection[str]) -> None:
    for pattern in rule.methods:
        if not any(fits(pattern, method) for method in methods):
            raise invalid_argument(f'There is no method "{pattern[:120]}"{near(pattern, methods)}.')


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


_METHODS = _many(_text)
_SHARE, _SECONDS = _number(1), _number(LONGEST)
_HAPPENING = _reader(Happening, share=_SHARE, seconds=_span)
_PROFILE: dict[str, Reader] = {
    "says": _text,
    "latency": _many(_reader(Latency, methods=_METHODS, p50=_SECONDS, p95=_SECONDS, p99=_SECONDS)),
    "refusals": _many(_reader(Refusal, methods=_METHODS, share=_SHARE, kind=_one_of(KINDS))),
    "quotas": _many(_reader(Quota, methods=_METHODS, name=_text, per_minute=_count)),
    "cuts": _many(_reader(Cut, methods=_METHODS, share=_SHARE, at=_one_of(CUTS))),
    "lags": _reader(Lags, **{each.name: _span for each in fields(Lags)}),
    "messages": _reader(Messages, late=_HAPPENING, twice=_HAPPENING),
    "operations": _span,
}
