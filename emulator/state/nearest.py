"""What somebody may have meant by a name that there is none of."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def near(name: str, names: Iterable[str]) -> str:
    """What to add to a sentence about a name that is none: up to three of those that are like it, or nothing."""
    found = get_close_matches(name, list(names), n=3, cutoff=0.6)
    return f"; near it are {', '.join(found)}" if found else ""
