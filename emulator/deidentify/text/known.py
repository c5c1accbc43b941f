"""The record's own values: what the Patient or the header says of a person is found wherever it stands in a text.

A value and a text are compared word by word without case, accents and separators, so that "WALL^PETER" finds
"Peter Wall", "wall, peter" and "Wallpeter", and an id finds itself with other dashes and leading zeros.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import permutations

from emulator.deidentify.dates import day_of
from emulator.deidentify.text.calendar.days import ByDay
from emulator.deidentify.text.detectors.vocabulary import listed
from emulator.deidentify.text.findings import KNOWN, Finding
from emulator.deidentify.text.folding import Word, folded, words
from emulator.deidentify.text.info_types import CONTEXTUAL
from emulator.deidentify.text.passage import Passage

NAME, DATE, PLACE, PHONE = "PERSON_NAME", "DATE", "LOCATION", "PHONE_NUMBER"
_GAP = 3
"""As many characters may stand between two words of one value: "Wall, Peter"."""
_DIVIDED = re.compile(r"[-\u2010]\s{0,40}\n\s{0,40}")
_SHORTEST_ID = 4
"""A shorter id ("12") is part of too much else."""
_LONG_NUMBER = 6
_MOST_PARTS = 6
_TITLES = listed("after_names")
_AMBIGUOUS = listed("ambiguous_names") | listed("particles")
"""Names that are such words, too, count as names only with a capital or beside another part of the name."""
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "aa", "ø": "oe", "æ": "ae"})


@dataclass(frozen=True)
class _Phrase:
    """A value as one run of letters and digits, and the infoType that it is of."""

    text: str
    info_type: str
    capital: bool = False
    """It counts only where it begins with a capital letter."""


class Known:
    """Values that a record says of a person, ready to be looked for in texts."""

    def __init__(self, phrases: Iterable[_Phrase], days: dict[date, str]) -> None:
        self._phrases: dict[str, list[_Phrase]] = {}
        self._beginnings: set[str] = set()
        for phrase in phrases:
            self._add(phrase)
        self._days = ByDay(days.items())

    @classmethod
    def none(cls) -> Known:
        """Nothing is known."""
        return cls((), {})

    @classmethod
    def of(cls, values: Iterable[tuple[str, str]], *, contextual: bool = False) -> Known:
        """What is known by pairs of an infoType and a value.

        PERSON_NAME takes DICOM's PN and plain names, DATE takes DA, DT and FHIR's dates. Values of other infoTypes
        are looked for as they are; LOCATION and PHONE_NUMBER also by their parts. contextual gives all findings the
        infoType that becomes [CTX], however they are looked for.
        """
        phrases: list[_Phrase] = []
        days: dict[date, str] = {}
        for info_type, value in values:
            named = CONTEXTUAL if contextual else info_type
            day = day_of(value) if info_type == DATE or info_type not in (NAME, PLACE) else None
            if day is not None:
                days[day] = named
            if info_type != DATE:
                phrases += (replace(each, info_type=named) for each in _phrases(info_type, value))
        return cls(phrases, days)

    def __bool__(self) -> bool:
        return bool(self._phrases or self._days)

    @property
    def runs(self) -> Iterator[tuple[str, str]]:
        """The values but for dates, each as a run of small letters and digits, with the infoType that it is of."""
        return ((text, each.info_type) for text, phrases in self._phrases.items() for each in phrases)

    def find(self, text: str | Passage) -> list[Finding]:
        """Where the known values stand in a text; findings may overlap."""
        if not self:
            return []
        passage = Passage(text) if isinstance(text, str) else text
        return [*self._found_phrases(passage), *self._found_days(passage)]

    def _add(self, phrase: _Phrase) -> None:
        if phrase.text:
            self._phrases.setdefault(phrase.text, []).append(phrase)
            self._beginnings.update(phrase.text[:length] for length in range(1, len(phrase.text) + 1))

    def _found_phrases(self, passage: Passage) -> Iterator[Finding]:
        yield from self._among(passage.words, passage.text)
        if passage.has_humps:
            yield from self._among(passage.humps, passage.text)

    def _among(self, found: list[Word], text: str) -> Iterator[Finding]:
        """The values that stand among words of a text."""
        for number, word in enumerate(found):
            if word.text in self._beginnings:
                yield from self._from(found, number, word.text, text)
            elif word.text.startswith("0") and (bare := word.text.lstrip("0")) in self._beginnings:
                yield from self._from(found, number, bare, text)

    def _from(self, found: list[Word], number: int, run: str, text: str) -> Iterator[Finding]:
        """The values that begin with the word of this number, whose own part of them is `run`."""
        first = last = found[number]
        while True:
            for phrase in self._phrases.get(run, ()):
                if not phrase.capital or text[first.start].isupper():
                    yield Finding(first.start, last.end, phrase.info_type, KNOWN)
            number += 1
            if number == len(found) or not _is_near(text, last.end, found[number].start):
                return
            last = found[number]
            run += last.text
            if run not in self._beginnings:
                return

    def _found_days(self, passage: Passage) -> Iterator[Finding]:
        yield from (Finding(start, end, each, KNOWN) for start, end, each in self._days.found(passage))


def is_telling(text: str, found: Finding) -> bool:
    """Whether a known value in a code or an address is no coincidence.

    It is none where it is all of the text, or has several words or a number of six digits and more. One part of a name
    can be a word, and a place one of many.
    """
    said = [word.text for word in words(text[found.start : found.end])]
    if "".join(said) == "".join(word.text for word in words(text)):
        return len("".join(said)) >= _SHORTEST_ID
    several = len(said) > 1 and found.info_type != PLACE
    return several or any(len(each) >= _LONG_NUMBER and each.isdigit() for each in said)


def _is_near(text: str, end: int, start: int) -> bool:
    """Whether two words may be of one value: with little between them, or divided by a hyphen at a line's end."""
    return start - end <= _GAP or bool(_DIVIDED.fullmatch(text, end, start))


def _phrases(info_type: str, value: str) -> Iterator[_Phrase]:
    """The runs of letters and digits that a value is looked for by."""
    for spelling in _spellings(value):
        if info_type == NAME:
            yield from _name(spelling)
        elif info_type == PLACE:
            yield from _place(spelling)
        elif info_type == PHONE:
            yield from _phone(spelling)
        else:
            yield from _plain(info_type, spelling)


def _spellings(value: str) -> set[str]:
    """A value with umlauts as they are, as two letters, and two letters as one: Müller, Mueller, Muller."""
    written = folded(value.lower().translate(_UMLAUTS))
    return {folded(value), written, re.sub("(?<=[aou])e(?!$)", "", written) if value.isascii() else written}


def _name(value: str) -> Iterator[_Phrase]:
    """A name by its parts, by two of them in either order, by all, and by a family name with an initial."""
    for group in value.split("="):
        parts = [part for part in _parts(group) if part not in _TITLES][:_MOST_PARTS]
        yield from (_Phrase(part, NAME, part in _AMBIGUOUS) for part in parts if _is_name(part))
        yield from (_Phrase("".join(pair), NAME) for pair in permutations(parts, 2) if _is_name("".join(pair)))
        for first, last in permutations((parts[0], parts[-1]), 2) if len(parts) > 1 else ():
            yield from (_Phrase(run, NAME) for run in (first[0] + last, last + first[0]) if len(run) >= _SHORTEST_ID)
        if len(parts) > 2:
            yield _Phrase("".join(parts), NAME)


def _parts(name: str) -> Iterator[str]:
    """The words of a name; those of scripts without spaces as its components have them."""
    for component in re.split(r"[\^\s]+", name):
        found = [word.text for word in words(component)]
        yield from ["".join(found)] if found and not component.isascii() and len(found[0]) == 1 else found


def _is_name(part: str) -> bool:
    """Whether one word alone names somebody: no initial, unless the script has words of one character."""
    return (len(part) > 1 or not part.isascii()) and not part.isdigit()


def _place(value: str) -> Iterator[_Phrase]:
    yield from _plain(PLACE, value)
    for part in re.split(r"[,;\n^=]+", value):
        yield from (phrase for phrase in _plain(PLACE, part) if len(phrase.text) >= _SHORTEST_ID)


def _phone(value: str) -> Iterator[_Phrase]:
    digits = re.sub(r"\D", "", value)
    if len(digits) < _SHORTEST_ID:
        return
    yield _Phrase(digits, PHONE)
    for length in (10, 7):
        if len(digits) > length:
            yield _Phrase(digits[-length:], PHONE)


def _plain(info_type: str, value: str) -> Iterator[_Phrase]:
    run = "".join(word.text for word in words(value))
    if len(run) >= _SHORTEST_ID or (run and not run.isdigit() and len(run) > 2):
        yield _Phrase(run, info_type)
        yield from [_Phrase(run.lstrip("0"), info_type)] if len(run.lstrip("0")) >= _SHORTEST_ID else []
