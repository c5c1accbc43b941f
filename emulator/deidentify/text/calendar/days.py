"""Things that belong to days, found by a date as somebody wrote it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Generic, TypeVar

from emulator.deidentify.text.calendar.written import WrittenDate

Named = TypeVar("Named")


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
