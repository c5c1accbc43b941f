"""All values of a source, ready to be looked for in texts and bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from emulator.deidentify.dates import day_of
from emulator.deidentify.text import Finding, Known
from emulator.deidentify.text.calendar.days import ByDay
from emulator.deidentify.text.folding import words
from emulator.deidentify.text.known import is_telling
from emulator.deidentify.text.passage import Passage
from scripts.leaks.needles import SHORTEST, Needles
from scripts.leaks.values import DATE, DESCRIPTION, NAME, UID, Value

_WHOLE = frozenset(("AE", "AS", "CS", "DS", "IS", "TM", "code"))
"""Where a value counts only as a whole: what stands there comes from lists, or is a number."""
_LEAST = 4
_LEAST_DIGITS = 6
_LEAST_LETTERS = 3
"""Shorter parts of names count only beside another part ("CT" of a patient CT1)."""


class Calendar:
    """The days of a person, or of everybody, found in any usual writing."""

    def __init__(self, values: Iterable[Value]) -> None:
        """Take values; those that name no day are left out."""
        self._days = [(day, each) for each in dict.fromkeys(values) if (day := day_of(each.text)) is not None]
        self._by_day = ByDay(self._days)

    @cached_property
    def known(self) -> Known:
        """The days, for what looks at pictures."""
        return Known.of((DATE, day.isoformat()) for day, _ in self._days)

    def find(self, text: str) -> Iterator[Value]:
        """The days that a text says."""
        if self._by_day:
            yield from (each for _, _, each in self._by_day.found(Passage(text)))


class Days:
    """The days of what a record of the target was made of, and of whose it is."""

    def __init__(self, own: Iterable[Value], calendar: Calendar, *, of_anybody: bool = False) -> None:
        """Take the record's days, and those of its person, which the record's are among.

        `of_anybody` says that nobody knows what it was made of: the calendar is then everybody's.
        """
        self._of_anybody = of_anybody
        self._own = {(each.place, day): each for each in own if (day := day_of(each.text)) is not None}
        self._calendar = calendar

    @property
    def known(self) -> Known:
        """All of them, for what looks at pictures."""
        return self._calendar.known

    def find(self, text: str, place: str = "") -> Iterator[Value]:
        """The days that a text says.

        A value that is a day and nothing else is compared with that of the same place: where the record's days were
        moved, one of them may well have become another one.
        """
        if place and not self._of_anybody and (day := day_of(text)) is not None:
            yield from filter(None, (self._own.get((place, day)),))
        else:
            yield from self._calendar.find(text)


class _Together(Known):
    """The values of a source and the days of one record."""

    def __init__(self, values: Known, days: Known) -> None:
        super().__init__((), {})
        self._parts = (values, days)

    def __bool__(self) -> bool:
        return any(self._parts)

    @property
    def runs(self) -> Iterator[tuple[str, str]]:
        """Those of the values."""
        return self._parts[0].runs

    def find(self, text: str | Passage) -> list[Finding]:
        """Where either stands in a text."""
        return [found for part in self._parts for found in part.find(text)]


class Wanted:
    """The values of a source but for its days, each once."""

    def __init__(self, values: Iterable[Value], common: Iterable[str] = ()) -> None:
        """`common` is what attributes say that stay: descriptions that are a part of it are not looked for."""
        words_of_codes = " ".join({_run(each) for each in common})
        given = dict.fromkeys(each for each in values if each.info_type != DATE)
        self.values = [each for each in given if each.info_type != DESCRIPTION or _run(each.text) not in words_of_codes]
        self._uids: dict[str, list[Value]] = {}
        self._by_run: dict[str, list[Value]] = {}
        for each in self.values:
            self._note(each)
        self.known = Known.of((each.info_type, each.text) for each in self.values if each.info_type != UID)

    @cached_property
    def needles(self) -> Needles[Value]:
        """The values as bytes: UIDs, and texts of six characters and more."""
        whole = ((each.text, each) for each in self.values if len(each.text) >= SHORTEST)
        parts = ((part, each) for each in self.values if each.info_type == NAME for part in _parts(each.text))
        return Needles([*whole, *parts])

    def find(self, text: str, vr: str = "") -> Iterator[Value]:
        """The values that a text says. `vr` is that of the attribute that has it, "code" for what comes from a list."""
        yield from self._uids.get(text, ()) if vr in ("UI", "") else ()
        for found in self.known.find(text):
            if self._counts(found, text, vr):
                said = text[found.start : found.end]
                yield from (each for each in self.said_by(said) if vr not in _WHOLE or not _is_one_part(said, each))

    def with_days(self, days: Days) -> Known:
        """What is known of a record, with its days."""
        return _Together(self.known, days.known)

    def said_by(self, text: str) -> list[Value]:
        """The values that a run of characters is one of."""
        run = _run(text)
        return self._by_run.get(run) or self._by_run.get(run.lstrip("0"), [])

    def _note(self, value: Value) -> None:
        if value.info_type == UID:
            self._uids.setdefault(value.text, []).append(value)
            return
        for run in {run for run, _ in Known.of([(value.info_type, value.text)]).runs}:
            self._by_run.setdefault(run, []).append(value)

    @staticmethod
    def _counts(found: Finding, text: str, vr: str) -> bool:
        """Whether a finding is more than a coincidence where it stands."""
        run = _run(text[found.start : found.end])
        least = _LEAST_DIGITS if run.isdigit() and vr in ("UI", *_WHOLE) else _LEAST
        if vr in _WHOLE:
            return (run == _run(text) and len(run) >= least) or (vr == "code" and is_telling(text, found))
        return len(run) >= least if vr == "UI" else not run.isascii() or len(run) >= _LEAST_LETTERS


def _run(text: str) -> str:
    return "".join(word.text for word in words(text))


def _is_one_part(text: str, value: Value) -> bool:
    """Whether a text is only one of several words of a name, as a code can be ("TEXT" of "Enter^Text")."""
    return value.info_type == NAME and len(words(text)) == 1 < len(words(value.text))


def _parts(name: str) -> Iterator[str]:
    yield from (part for part in name.replace("=", "^").replace(" ", "^").split("^") if len(part) >= SHORTEST)
