"""/_emulator/clock: what time it is for the emulator, stopped or moved for a test; the owner's only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from emulator.errors import invalid_argument
from emulator.state.clock import Clock

PATH = "/_emulator/clock"


def shown(clock: Clock) -> dict[str, Any]:
    """The time in RFC 3339, and whether it stands still."""
    return {"time": clock.stamp(), "stopped": clock.is_stopped}


def change(clock: Clock, wish: dict[str, Any]) -> dict[str, Any]:
    """Do as {time, stopped, seconds} says; what is left out stays.

    time (RFC 3339) is what time it is to be, seconds moves it on or back, stopped lets it stand still or go on.
    """
    for name in wish:
        if name not in ("time", "stopped", "seconds"):
            raise invalid_argument(f'The clock has no "{name[:60]}": it has time, seconds and stopped.')
    at = _instant(wish["time"]) if "time" in wish else clock.seconds()
    at += _seconds(wish.get("seconds", 0))
    if not 0 <= at <= _LAST:
        raise invalid_argument("The time is from 1970 to 9998.")
    if wish.get("stopped", clock.is_stopped):
        clock.stop_at(at)
    else:
        clock.run_from(at)
    return shown(clock)


def restore(clock: Clock) -> dict[str, Any]:
    """Let it be the wall clock again."""
    clock.run_with_wall()
    return shown(clock)


def _instant(text: object) -> float:
    try:
        instant = datetime.fromisoformat(str(text))
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise invalid_argument("time is RFC 3339 with a zone, such as 2026-01-31T12:00:00Z.")
    return instant.timestamp()


def _seconds(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < _LAST:
        raise invalid_argument("seconds is a number: how far to move the clock on, or back.")
    return float(value)


_LAST = datetime(9998, 1, 1, tzinfo=UTC).timestamp()
