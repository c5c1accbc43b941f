"""What a rollback makes of a message, from what it is and was: pure rules, as Google describes them for recovery."""

from collections.abc import Sequence
from dataclasses import dataclass

from emulator.services.healthcare.hl7v2.stored import State


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be rolled back.

    time        changes after it, in microseconds since 1970
    change      CREATE, UPDATE or DELETE: what the changes come to; "" for any
    operations  messages that one of them changed; none for all
    excluded    operations whose changes stay
    """

    time: int
    change: str = ""
    operations: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """A message that is to be as it was; None where it was not there."""

    to: State | None


def plan(states: Sequence[State], wanted: Wanted) -> Plan | None:
    """What to do with a message, whose states come from the one now to the first; None for nothing."""
    newer = [state for state in states if state.changed > wanted.time]
    undone = [state for state in newer if state.operation not in wanted.excluded]
    if not undone or (wanted.operations and not any(state.operation in wanted.operations for state in undone)):
        return None
    at = next((place for place, state in enumerate(newer) if state.operation in wanted.excluded), len(newer))
    to = states[at] if at < len(states) and states[at].live else None
    return Plan(to) if _changes(states[0], to) in _any_of(wanted.change) else None


def _changes(now: State, to: State | None) -> str:
    """What was done since, "" for nothing that is left of it."""
    if to is None:
        return "CREATE" if now.live else ""
    if not now.live:
        return "DELETE"
    return "UPDATE" if (now.labels, now.created) != (to.labels, to.created) else ""


def _any_of(change: str) -> tuple[str, ...]:
    return (change,) if change else ("CREATE", "UPDATE", "DELETE")
