"""What was found in a target, and what nobody could look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from scripts.leaks.values import Value


@dataclass(frozen=True, slots=True)
class Leak:
    """A value of the source that the target still has.

    file   the number of the target's file, from 1, as the names of files can hold patients' data
    place  the attribute, field, frame or byte where it is
    """

    file: int
    place: str
    value: Value


@dataclass
class Findings:
    """What came of looking at files.

    unseen    files, or pictures of them, that nobody could look at: the number, and why
    pictures  how many files had their pixels read; None where nothing reads them
    """

    leaks: list[Leak] = field(default_factory=list)
    unseen: list[tuple[int, str]] = field(default_factory=list)
    pictures: int | None = None
    _values: dict[int, set[Value]] = field(default_factory=dict, repr=False)

    def add(self, file: int, place: str, values: Iterable[Value]) -> None:
        """Note values at a place, each once."""
        if found := dict.fromkeys(values):
            self.leaks += (Leak(file, place, value) for value in found)
            self._values.setdefault(file, set()).update(found)

    def values_of(self, file: int) -> frozenset[Value]:
        """What was found in a file so far."""
        return frozenset(self._values.get(file, ()))
