"""Which profiles of trouble there are, and how a start names one; what they say is read when one is set."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from emulator.errors import invalid_argument
from emulator.state.nearest import near

Json = dict[str, Any]
CALM = "calm"


@cache
def known() -> dict[str, Json]:
    """The profiles that there are, by name, as data."""
    found: dict[str, Json] = json.loads(Path(__file__).with_name("profiles.json").read_text())
    return found


def require(name: str) -> Json:
    """The profile of that name as data. Raises a 400 with the nearest name where there is none."""
    if name not in known():
        near_it, there = near(name, known()), ", ".join(known())
        raise invalid_argument(f'There is no profile "{name[:60]}"{near_it}: there are {there}.')
    return known()[name]


def parse_choice(text: str) -> tuple[str, int]:
    """Name and seed of PROFILE[:SEED], the seed 0 where there is none. Raises a 400 for another form."""
    name, colon, seed = text.partition(":")
    if colon and not (seed.isascii() and seed.isdigit() and len(seed) < 19):
        raise invalid_argument(f'The seed "{seed[:60]}" is not a whole number, 0 or more.')
    require(name)
    return name, int(seed or 0)
