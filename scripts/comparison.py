"""What a comparison found: every difference by its kind and by the name of what differs, never by a value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from scripts.console import count, note, say
from scripts.errors import ExitCode


@dataclass
class Comparison:
    """Differences so far. `compared` counts what was looked at, in units of the caller's choice."""

    compared: int = 0
    found: list[tuple[str, str]] = field(default_factory=list)
    """What is different, and what is: ("missing in the store", "patients.ndjson, line 3")."""

    def add(self, what: str, names: Iterable[str]) -> None:
        """Note the same difference of several things."""
        self.found += [(what, name) for name in sorted(names)]

    @property
    def exit_code(self) -> ExitCode:
        """1 where anything differs."""
        return ExitCode.FAILED if self.found else ExitCode.DONE

    def to_json(self) -> dict[str, Any]:
        """For a program to read."""
        differences = [{"what": what, "name": name} for what, name in self.found]
        return {"compared": self.compared, "differences": differences}

    def show(self, noun: str) -> None:
        """Print each difference, and how many things were compared; `noun` names one of them."""
        for what, name in self.found:
            say(f"{what}: {name}")
        note(f"{count(self.compared, noun)} compared; {count(len(self.found), 'difference')}")
