"""Which functions there are, and how many arguments each takes: functions.txt."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from emulator.services.bigquery.sql.errors import SqlError

NAMES = Path(__file__).with_name("functions.txt")
Build = Callable[..., Any]


def _read() -> dict[str, tuple[int, int | None] | None]:
    """The fewest and the most arguments by name: None for any number, and for a syntax of its own."""
    found: dict[str, tuple[int, int | None] | None] = {}
    for line in NAMES.read_text(encoding="utf-8").splitlines():
        for word in line.split() if not line.startswith("#") else ():
            name, _, counts = word.partition("/")
            fewest, dash, most = counts.partition("-")
            if not counts:
                found[name] = None
            else:
                found[name] = (int(fewest), int(most) if most else (None if dash else int(fewest)))
    return found


COUNTS = _read()


def checked(name: str, build: Build) -> Build:
    """A builder of the parser's for the function `name` that takes as many arguments as the reference says."""

    def build_checked(arguments: Sequence[Any], dialect: Any = None) -> Any:
        check_count(name, len(arguments))
        return build(arguments) if dialect is None else build(arguments, dialect=dialect)

    return build_checked


def check_count(name: str, given: int) -> None:
    """Raise SqlError where a function is called with fewer or more arguments than it takes."""
    limits = COUNTS.get(name)
    if limits is None:
        return
    fewest, most = limits
    if given < fewest or (most is not None and given > most):
        if most is None:
            takes = f"{fewest} or more arguments"
        elif fewest == most:
            takes = f"{fewest} argument{'s' * (fewest != 1)}"
        else:
            takes = f"{fewest} to {most} arguments"
        raise SqlError(f"No matching signature for function {name}: it takes {takes}, not {given}")


def not_found(name: str) -> SqlError:
    """The error for a function that is none of GoogleSQL's, or is not emulated."""
    upper = name.upper()
    if upper in COUNTS:
        return SqlError(f"The function {upper} is not emulated.")
    near = difflib.get_close_matches(upper, COUNTS, 1, 0.8)
    return SqlError(f"Function not found: {name}" + (f"; Did you mean {near[0].lower()}?" if near else ""))
