"""Which films of a set are wanted: what the options `--finding`, `--view`, `--sex`, `--age` and so on say."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from scripts.chestxrays.labels import OLDEST, finding_named, split_named
from scripts.chestxrays.records import FINDINGS, NO_FINDING, TEST, TRAIN, FilmRecord
from scripts.errors import UsageError

_File = TypeVar("_File")
_RANGE = re.compile(r"(\d*)\s*-\s*(\d*)", re.ASCII)


@dataclass(frozen=True)
class Selection:
    """A film is wanted when every condition that is set holds.

    findings are alternatives, NO_FINDING among them means a film without any; ages is the youngest and the oldest in
    years, both included, and leaves out films of unknown age; patients are PatientIDs; first is how many films at most.
    """

    findings: frozenset[str] = frozenset()
    view: str = ""
    sex: str = ""
    ages: tuple[int, int] | None = None
    patients: frozenset[str] = frozenset()
    split: str = ""
    first: int | None = None

    @classmethod
    def parsed(
        cls,
        *,
        findings: Sequence[str] = (),
        view: str | None = None,
        sex: str | None = None,
        age: str | None = None,
        patients: Sequence[str] = (),
        split: str | None = None,
        first: int | None = None,
    ) -> Selection:
        """From what a person typed: findings and patients may be repeated or joined by commas, age is `40`, `40-60`,
        `40-` or `-60`. Raises UsageError, with the nearest finding for one that there is not.
        """
        if first is not None and first < 1:
            raise UsageError("--first takes a number from 1 up.")
        return cls(
            findings=frozenset(_finding(word) for word in _words(findings)),
            view=_one_of(view, {"PA": "PA", "AP": "AP"}, "--view"),
            sex=_one_of(sex, {"M": "M", "F": "F"}, "--sex"),
            ages=_ages(age) if age else None,
            # `--patient 13` is the patient 00000013 of NIH's list, which writes 13 itself.
            patients=frozenset(
                each for word in _words(patients) for each in (word, word.zfill(8) if word.isdigit() else word)
            ),
            split=_split(split),
            first=first,
        )

    def matches(self, record: FilmRecord) -> bool:
        """Is the film wanted? `first` is not asked here, but in `of`."""
        if self.findings and not self._has_finding(record):
            return False
        if (self.view and record.view != self.view) or (self.sex and record.sex != self.sex):
            return False
        if self.ages and (record.age is None or not self.ages[0] <= record.age <= self.ages[1]):
            return False
        return (not self.patients or record.patient_id in self.patients) and (
            not self.split or record.split == self.split
        )

    def of(self, films: Iterable[tuple[FilmRecord, _File]]) -> Iterator[tuple[FilmRecord, _File]]:
        """The wanted ones among films with their files, in order, at most `first`."""
        return islice((film for film in films if self.matches(film[0])), self.first)

    def _has_finding(self, record: FilmRecord) -> bool:
        if not record.findings:
            return NO_FINDING in self.findings
        return not self.findings.isdisjoint(record.findings)


def _words(texts: Sequence[str]) -> Iterator[str]:
    return (word.strip() for text in texts for word in text.split(",") if word.strip())


def _finding(word: str) -> str:
    known = finding_named(word)
    if known:
        return known
    names = (*FINDINGS, NO_FINDING)
    near = difflib.get_close_matches(word.title().replace(" ", "_"), names, 1, 0.5)
    if near:
        raise UsageError(f"There is no finding {word}: did you mean {near[0]}?")
    raise UsageError(f"There is no finding {word}: take one of {', '.join(names)}.")


def _one_of(text: str | None, names: dict[str, str], option: str) -> str:
    if not text:
        return ""
    for name, value in names.items():
        if text.lower() == name.lower():
            return value
    raise UsageError(f"{option} {text} is unknown: take {' or '.join(names)}.")


def _split(text: str | None) -> str:
    known = split_named(text) if text else ""
    if known is None:
        raise UsageError(f"--split {text} is unknown: take {TRAIN} or {TEST}.")
    return known


def _ages(text: str) -> tuple[int, int]:
    plain = text.strip()
    match = _RANGE.fullmatch(plain)
    if plain.isdecimal() and plain.isascii():
        youngest = oldest = int(plain)
    elif match and (match[1] or match[2]):
        youngest, oldest = int(match[1] or 0), int(match[2] or OLDEST)
    else:
        raise UsageError(f"--age {text} is no age: take years such as 40, 40-60, 40- or -60.")
    if youngest > oldest:
        raise UsageError(f"--age {text} ends before it begins: write {oldest}-{youngest}.")
    return youngest, oldest
