"""Functions that the parser has no class for: named.txt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

NAMES = Path(__file__).with_name("named.txt")


@dataclass(frozen=True)
class Named:
    """A function: for each argument the types that it may have, the type of the result, the engine's name for it."""

    takes: tuple[tuple[str, ...], ...]
    gives: str
    target: str


def _read() -> dict[str, Named]:
    found = {}
    for line in NAMES.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        before, _, after = line.partition("->")
        name, *takes = before.split()
        gives, target = after.split()
        found[name] = Named(tuple(tuple(kind.rstrip("?").split("|")) for kind in takes), gives, target)
    return found


NAMED = _read()
