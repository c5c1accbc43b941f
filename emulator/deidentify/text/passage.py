"""A text as the rules look at it: its words and dates, made out once for all of them."""

from __future__ import annotations

import re
from functools import cached_property

from emulator.deidentify.text.calendar.written import WrittenDate, written_dates
from emulator.deidentify.text.findings import Finding
from emulator.deidentify.text.folding import Word, humps, words
from emulator.deidentify.text.info_types import ALL, CONTEXTUAL

_BRACKETS = re.compile(rf"\[(?:{'|'.join(sorted((*ALL, CONTEXTUAL), key=len, reverse=True))})\]")
"""What took the place of something already."""

_HUMP = re.compile(r"[A-Za-z][A-Z]")


class Passage:
    """A text with its words and dates."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def words(self) -> list[Word]:
        """Its words in order, folded, with their places; an infoType in brackets is a number that says nothing."""
        return words(
            _BRACKETS.sub(lambda match: "0".ljust(len(match[0])), self.text) if "[" in self.text else self.text
        )

    @cached_property
    def has_humps(self) -> bool:
        """Whether a capital stands within a word, as in names of files: WallPeterCT."""
        return bool(_HUMP.search(self.text))

    @cached_property
    def humps(self) -> list[Word]:
        """Its words, of which those with capitals within are several."""
        return [part for word in self.words for part in humps(self.text, word)]

    @cached_property
    def said(self) -> list[str]:
        """The folded texts of its words."""
        return [word.text for word in self.words]

    @cached_property
    def dates(self) -> list[WrittenDate]:
        """The dates in it."""
        return written_dates(self.text)

    @cached_property
    def is_loud(self) -> bool:
        """Whether most of its letters are capitals, so that these say nothing."""
        return 2 * self._capitals > self._letters

    @cached_property
    def is_small(self) -> bool:
        """Whether it has next to no capitals, as dictations."""
        return 40 * self._capitals < self._letters

    @cached_property
    def _letters(self) -> int:
        return sum(len(word) for word in self.said if not word.isdigit())

    @cached_property
    def _capitals(self) -> int:
        return sum(each.isupper() for word in self.words for each in self.text[word.start : word.end])

    def written(self, number: int) -> str:
        """A word as it is written, by its number."""
        word = self.words[number]
        return self.text[word.start : word.end]

    def gap(self, number: int) -> str:
        """What stands between a word and the one before it."""
        before = self.words[number - 1].end if number else 0
        return self.text[before : self.words[number].start]

    def is_capitalised(self, number: int) -> bool:
        """Whether a word begins with a capital letter."""
        return self.text[self.words[number].start].isupper()

    def finding(self, first: int, last: int, info_type: str, score: float) -> Finding:
        """A finding from one word to another, both included."""
        return Finding(self.words[first].start, self.words[last].end, info_type, score)
