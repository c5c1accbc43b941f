"""What is filled: an emulator, its places, and the seed of the hospital that is brought there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from emulator.hospital.filling import tables
from emulator.hospital.filling.api import Api
from emulator.hospital.filling.places import Places

_Thing = TypeVar("_Thing")


@dataclass
class Target:
    """Where the hospital of a seed goes."""

    api: Api
    places: Places
    seed: int
    changed: bool = False
    """Whether anything was stored, so that the tables lack it."""

    def storing(self, things: Iterable[_Thing]) -> Iterator[_Thing]:
        """Things that the stores lack and that are about to be stored: the first outdates the tables.

        For one thread at a time.
        """
        for each in things:
            if not self.changed:
                tables.outdate(self.api, self.places)
                self.changed = True
            yield each
