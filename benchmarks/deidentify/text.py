"""How much of what identifies people in made-up notes is found, what is found that does not, and how fast."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from benchmarks.deidentify.notes import HELD_OUT, Note, Planted, notes
from benchmarks.figures import Figure
from emulator.deidentify.keys import Secret
from emulator.deidentify.text import Cleaner, Finding, Known, TextRules
from emulator.deidentify.text.folding import words
from scripts.demonstration.places import Places

_NOTES, _ROUNDS = 200, 5


@dataclass
class Score:
    """What was planted, found and found under its own infoType, by infoType and kind; and words of no one covered."""

    planted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    typed: Counter[str] = field(default_factory=Counter)
    missed: list[tuple[str, str, str]] = field(default_factory=list)
    """infoType, kind and text of what was not found."""
    harmless: int = 0
    covered: int = 0
    """Words that identify nobody, and those of them that were found all the same."""
    over: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """The part of everything planted that no word is left of."""
        return self.found.total() / self.planted.total()

    @property
    def over_redaction(self) -> float:
        """The part of the words that identify nobody which are gone."""
        return self.covered / self.harmless


def deidentify_text(_: Places) -> list[Figure]:
    """Notes that the rules were never tuned with, what the patient's record says known: what is found, and how fast."""
    made = notes(_NOTES, HELD_OUT)
    result = score(basic(), made, known=True)
    rounds = tuple(rate(basic(), made, known=True) for _ in range(_ROUNDS))
    characters = sum(len(note.text) for note in made) // len(made)
    found, taken = (100 * result.recall,), (100 * result.over_redaction,)
    return [
        Figure("notes, values of which nothing is left", found, 95.0, unit=" %"),
        Figure("notes, words of nobody that are taken", taken, 3.0, more_is_better=False, unit=" %"),
        Figure(f"notes of {characters} characters, cleaned", rounds, unit="/s"),
    ]


def score(cleaner: Cleaner, made: Iterable[Note], *, known: bool) -> Score:
    """What a cleaner finds in notes, with or without what the patient's record says."""
    result = Score()
    for note in made:
        findings = cleaner.find(note.text, Known.of(note.known) if known else Known.none())
        for planted in note.planted:
            _count(result, note, planted, findings)
        _count_harmless(result, note, findings)
    return result


def rate(cleaner: Cleaner, made: list[Note], *, known: bool) -> float:
    """Notes a second, by the processor's time of this process; what the records say is read each time anew."""
    began = time.process_time()
    for note in made:
        cleaner.clean(note.text, Known.of(note.known) if known else Known.none(), note.style)
    return len(made) / (time.process_time() - began)


def basic() -> Cleaner:
    """A cleaner by the profile BASIC under a fixed key."""
    return Cleaner(TextRules.basic(), Secret(bytes(32)))


def _count(result: Score, note: Note, planted: Planted, findings: list[Finding]) -> None:
    """Count one planted value: it is found where none of its words is left."""
    result.planted[planted.info_type] += 1
    touching = [each for each in findings if each.start < planted.end and each.end > planted.start]
    text = note.text[planted.start : planted.end]
    left = [w for w in words(text) if not _inside(planted.start + w.start, planted.start + w.end, touching)]
    if left:
        result.missed.append((planted.info_type, planted.kind, text))
        return
    result.found[planted.info_type] += 1
    result.typed[planted.info_type] += planted.info_type in {each.info_type for each in touching}


def _count_harmless(result: Score, note: Note, findings: list[Finding]) -> None:
    """Count the words that identify nobody; "years old" belongs to an age."""
    others = [each for each in findings if each.info_type != "AGE"]
    for word in _outside(note):
        result.harmless += 1
        if _inside(*word, others):
            result.covered += 1
            result.over.append(note.text[max(0, word[0] - 15) : word[0]] + "<" + note.text[word[0] : word[1]] + ">")


def _outside(note: Note) -> Iterator[tuple[int, int]]:
    """The words of a note that nothing was planted in."""
    for word in words(note.text):
        if not any(each.start < word.end and each.end > word.start for each in note.planted):
            yield word.start, word.end


def _inside(start: int, end: int, findings: Iterable[Finding]) -> bool:
    return any(each.start <= start and each.end >= end for each in findings)
