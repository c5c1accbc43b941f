"""How many calls a minute a project has made in a region, by the emulator's clock."""

from __future__ import annotations

from emulator.state.trouble.refusals import MINUTE


class Usage:
    """Calls in the minute that is: minutes begin when the clock's do, and use is forgotten at their end."""

    def __init__(self) -> None:
        self._minute = -1
        self._used: dict[tuple[str, str, str], int] = {}

    def take(self, name: str, project: str, region: str, limit: int, now: float) -> float:
        """Count a call at a time (seconds since 1970); 0 where it was allowed, else the seconds to the next minute."""
        minute = int(now // MINUTE)
        if minute != self._minute:
            self._minute = minute
            self._used.clear()
        key = (name, project, region)
        used = self._used.get(key, 0)
        if used >= limit:
            return (minute + 1) * MINUTE - now
        self._used[key] = used + 1
        return 0.0
