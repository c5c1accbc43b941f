"""Things that belong to days, found by a date as somebody wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Generic, TypeVar

from emulator.deidentify.text.calendar.written import WrittenDate
from emulator.deidentify.text.passage import Passage

Named = TypeVar("Named")
_RUN = len("DDMMYYYY")


class ByDay(Generic[Named]):
    """Things with their days: a date is looked up by its readings, however many days there are."""

    def __init__(self, things: Iterable[tuple[date, Named]]) -> None:
        """Take pairs of a day and what belongs to it."""
        self._things: dict[tuple[int | None, int, int | None], dict[Named, None]] = {}
        for day, thing in things:
            for year in (day.year, None):
                self._things.setdefault((year, day.month, day.day), {})[thing] = None

    def __bool__(self) -> bool:
        return bool(self._things)

    def of(self, written: WrittenDate) -> list[Named]:
        """What belongs to days that a date may name, each once: under any reading, of any year where it has none."""
        if not self._things:
            return []
        return list(dict.fromkeys(thing for each in written.any_readings() for thing in self._things.get(each, ())))

    def found(self, passage: Passage) -> Iterator[tuple[int, int, Named]]:
        """What belongs to the days that a passage says, each with where it begins and ends.

        Day, month and year may be one number, in either order: 29021960.
        """
        if not self._things:
            return
        for written in passage.dates:
            yield from ((written.start, written.end, each) for each in self.of(written))
        for word in passage.words:
            if len(word.text) == _RUN and word.text.isascii() and word.text.isdigit():
                yield from ((word.start, word.end, each) for each in self._of_run(word.text))

    def _of_run(self, digits: str) -> list[Named]:
        one, other, year = int(digits[:2]), int(digits[2:4]), int(digits[4:])
        readings = ((year, other, one), (year, one, other))
        return list(dict.fromkeys(thing for each in readings for thing in self._things.get(each, ())))
