"""Where a name begins and ends, word by word: which words may be of it, and how they are joined."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emulator.deidentify.text.detectors.vocabulary import all_names, listed
from emulator.deidentify.text.passage import Passage

_LONGEST = 4
"""Words of a name, particles not counted."""
_MOST_PARTICLES = 3
TITLES = listed("titles")
PARTICLES = listed("particles")
_CREDENTIALS = listed("credentials")
FUNCTION_WORDS = listed("function_words")
NOT_NAMES = listed("not_names") | FUNCTION_WORDS
_EPONYM_NOUNS = listed("eponym_nouns")
_JOINING = re.compile(r" ?[-'\u2019] ?|\.? |\.")


@dataclass(frozen=True)
class Manner:
    """How sure a cue is that a name follows: which words can't be of it, and how it may be written."""

    never: frozenset[str]
    small: bool = False
    """Words in small letters count, too, where the cue is written small."""
    turned: bool = False
    """The family name may come first, with a comma."""
    listed: bool = False
    """Only names of the lists count."""


LABELLED = Manner(NOT_NAMES, turned=True)
"""After a label: "Name: Lund, Ingrid"."""
SAID = Manner(NOT_NAMES, turned=False)
"""In a sentence, by a word that announces it."""


@dataclass(frozen=True)
class Name:
    """A name from one word of a passage to another, both included."""

    first: int
    last: int
    score: float


def end_of_name(passage: Passage, first: int, manner: Manner) -> int | None:
    """The last word of the name that begins with a word, or None if that begins none."""
    last, count, comma, particles = None, 0, False, 0
    small = manner.small and not passage.is_capitalised(first)
    for number in range(first, len(passage.said)):
        if number > first:
            gap = passage.gap(number)
            turns = manner.turned and not comma and count and gap in (", ", ",", "^")
            if not turns and not _joins(passage, number, gap):
                break
            comma = comma or bool(turns)
        if particles < _MOST_PARTICLES and _is_particle(passage, number, manner, small=small):
            particles += 1
            continue
        if not _is_part(passage, number, manner, small=small, begun=count > 0):
            break
        last, count = number, count + (len(passage.said[number]) > 1)
        if count == _LONGEST:
            break
    return last if count else None


def beginning_of_name(passage: Passage, last: int) -> int | None:
    """The first word of the name that ends with a word; None if that is no name."""
    first, count = None, 0
    for number in range(last, max(-1, last - 6), -1):
        if not _is_part(passage, number, SAID, small=False, begun=False) and passage.said[number] not in PARTICLES:
            break
        if passage.said[number] in TITLES:
            break
        first, count = number, count + (passage.said[number] not in PARTICLES and len(passage.said[number]) > 1)
        if count == _LONGEST - 1 or not number or not _joins_back(passage, number):
            break
    return first if count else None


def _joins(passage: Passage, number: int, gap: str) -> bool:
    """Whether what is before a word may stand inside a name."""
    if gap in (". ", "."):
        return len(passage.said[number - 1]) == 1 or passage.said[number - 1] in PARTICLES
    return bool(_JOINING.fullmatch(gap))


def _joins_back(passage: Passage, number: int) -> bool:
    gap = passage.gap(number)
    return _joins(passage, number, gap) or gap == ", "


def _is_particle(passage: Passage, number: int, manner: Manner, *, small: bool) -> bool:
    """Whether a word is a particle that is followed by more of a name, perhaps after other particles."""
    for following in range(number + 1, min(len(passage.said), number + 1 + _MOST_PARTICLES)):
        if passage.said[following - 1] not in PARTICLES or not _joins(passage, following, passage.gap(following)):
            return False
        if passage.said[following] not in PARTICLES:
            return _is_part(passage, following, manner, small=small, begun=True)
    return False


def _is_part(passage: Passage, number: int, manner: Manner, *, small: bool, begun: bool) -> bool:
    """Whether a word may be of a name."""
    word = passage.said[number]
    if begun and (word in _CREDENTIALS or is_credential(passage, number)):
        return False
    if len(word) == 1:
        return not word.isdigit() and (passage.is_capitalised(number) or small)
    if word.isdigit() or word in manner.never or is_eponym(passage, number):
        return False
    if passage.is_capitalised(number):
        unsure = begun and passage.written(number).isupper() and passage.gap(number) == " "
        return word in all_names() if unsure else True
    return small and word not in NOT_NAMES and ((not begun and not manner.listed) or word in all_names())


def is_eponym(passage: Passage, number: int) -> bool:
    """Whether a word names a thing and not a person here: Baker cyst, Crohn's disease, Parkinson."""
    following = number + 1
    if following < len(passage.said) and passage.said[following] == "s" and passage.gap(following) in ("'", "\u2019"):
        following += 1
    if following >= len(passage.said) or len(passage.gap(following)) > 1:
        return False
    return passage.said[following] in _EPONYM_NOUNS and not passage.is_capitalised(following)


def is_credential(passage: Passage, number: int) -> bool:
    """Whether a word is, or begins, what people put behind their names: MD, M.D., PA-C."""
    word = passage.said[number]
    if word in _CREDENTIALS:
        return passage.written(number) != word
    if len(word) > 2 or number + 1 == len(passage.said):
        return False
    following = passage.said[number + 1]
    return f"{word} {following}" in _CREDENTIALS and passage.gap(number + 1) in (".", "-")
