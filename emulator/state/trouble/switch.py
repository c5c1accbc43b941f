"""The switch of trouble: off until a profile is set, and what asks it meanwhile."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from emulator.errors import invalid_argument
from emulator.state.clock import Clock
from emulator.state.trouble import choosing
from emulator.state.trouble.choosing import Json

if TYPE_CHECKING:
    from emulator.state.trouble.dial import Dial

_MOST_SEED = 10**18


class Trouble:
    """The dial of one emulator, which is off unless somebody sets it."""

    def __init__(self, clock: Clock) -> None:
        self.dial: Dial | None = None
        self._clock = clock

    def set(self, wish: Json, methods: Collection[str]) -> None:
        """Begin trouble as {profile, seed, change} says: a profile's name, and parts of it to be otherwise.

        Counts begin anew. Raises a 400 for what is not known; then all stays as it was.
        """
        # What is off costs a start nothing: a dial, and what profiles say, are read when one is set.
        from emulator.state.trouble import dial, profiles

        for name in wish:
            if name not in ("profile", "seed", "change"):
                raise invalid_argument(f'Trouble has no "{name[:60]}": it has profile, seed and change.')
        name, change = str(wish.get("profile", choosing.CALM)), wish.get("change", {})
        if not isinstance(change, dict):
            raise invalid_argument("change is an object: parts of the profile that are to be otherwise.")
        profile = profiles.parse({**choosing.require(name), **change}, methods)
        self._begin(dial.Dial(name, profile, _seed(wish.get("seed", 0)), self._clock))

    def clear(self) -> None:
        """End it: calls that wait go on at once, and indexes are up to date."""
        self._begin(None)

    def shown(self, query: dict[str, str]) -> Json:
        """What is on, and the profiles that there are; limit is of how many of the newest calls (100)."""
        limit = query.get("limit", "100")
        if set(query) - {"limit"} or not (limit.isascii() and limit.isdigit() and len(limit) < 9):
            raise invalid_argument("Trouble is shown with a limit, a number from 0, and nothing else.")
        on: Json = self.dial.shown(int(limit)) if self.dial is not None else {"profile": ""}
        return {**on, "profiles": {name: each["says"] for name, each in choosing.known().items()}}

    def grant_lag(self, resource: str) -> float:
        """As Dial.grant_lag; 0 where it is off."""
        return 0.0 if self.dial is None else self.dial.grant_lag(resource)

    def index_lag(self, index: str, store: str) -> float:
        """As Dial.index_lag; 0 where it is off."""
        return 0.0 if self.dial is None else self.dial.index_lag(index, store)

    def operation_seconds(self, kind: str, parent: str) -> float:
        """As Dial.operation_seconds; 0 where it is off."""
        return 0.0 if self.dial is None else self.dial.operation_seconds(kind, parent)

    def _begin(self, dial: Dial | None) -> None:
        if self.dial is not None:
            self.dial.cleared.set()
        self.dial = dial


def _seed(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MOST_SEED:
        raise invalid_argument("seed is a whole number, 0 or more.")
    return value
