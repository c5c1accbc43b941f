"""Names of people: after titles, labels and other words that announce them, by lists of names, and where they recur.

A name that was found anywhere in a text is found in all of it: "Dr. Peter Schmidt ... Schmidt was paged".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from emulator.deidentify.text.detectors.vocabulary import (
    Endings,
    all_names,
    every_given_name,
    family_names,
    given_names,
    listed,
)
from emulator.deidentify.text.findings import CUED, GUESSED, SHAPED, Finding
from emulator.deidentify.text.passage import Passage

_PERSON = "PERSON_NAME"
_LONGEST = 4
"""Words of a name, particles not counted."""
_MOST_PARTICLES = 3
_TITLES = listed("titles")
_LABELS = Endings(listed("labels"))
_RELATIONS = listed("relations")
_BY = Endings(listed("by"))
_STRICT_BY = listed("strict_by")
_GREETINGS = listed("greetings")
_CLOSINGS = Endings(listed("closings"))
_WORDS = _TITLES | _RELATIONS | _GREETINGS
_PARTICLES = listed("particles")
_CREDENTIALS = listed("credentials")
_FUNCTION_WORDS = listed("function_words")
_NOT_NAMES = listed("not_names") | _FUNCTION_WORDS
_NEVER_ALONE = _NOT_NAMES | _PARTICLES
_EPONYMS = listed("eponyms")
_EPONYM_NOUNS = listed("eponym_nouns")
_JOINING = re.compile(r" ?[-'\u2019] ?|\.? |\.")
_LABEL_GAP = re.compile(r"\s{0,3}(?:\([^)\n]{0,8}\))?\s{0,3}[:=#]\s*[\"']?|\"?,\"?")
_TITLE_GAP = re.compile(r"\.?\s{1,2}|\.")
_RELATION_GAP = re.compile(r",? |,? \(|: ?|\(|, ?")
_CARETS = re.compile(r"(?<![\w^.'-])[^\W\d_][\w'.-]{0,63}+\^[^\W\d_][\w'.-]{0,63}+(?:\^[\w'.-]{0,63}+){0,6}")

_INITIALS = re.compile(
    r"(?<=[dD]ictated by )[a-z]{2,3}\b|(?<=[tT]ranscribed by )[a-z]{2,3}\b"
    r"|\b(?!or|an|rn)[a-z]{2}(?= (?:rn|lpn|md|np|pa)\s*$)"
    r"|(?<=\d/)[a-z]{2,3}(?=\.?\s*$)|^[A-Z]{2,3}[/:][a-z]{2,3}$",
    re.MULTILINE,
)
"""Initials of who dictated, wrote or signed a note."""


@dataclass(frozen=True)
class _Manner:
    """How sure a cue is that a name follows: which words can't be of it, and how it may be written."""

    never: frozenset[str]
    small: bool = False
    """Words in small letters count, too, where the cue is written small."""
    turned: bool = False
    """The family name may come first, with a comma."""
    listed: bool = False
    """Only names of the lists count."""


_SURE = _Manner(_FUNCTION_WORDS, small=True)
_LABELLED = _Manner(_NOT_NAMES, turned=True)
_SAID = _Manner(_NOT_NAMES, turned=False)
_PERHAPS = _Manner(_NOT_NAMES, listed=True)
_SAID_SMALL = _Manner(_NOT_NAMES, small=True, listed=True)


@dataclass(frozen=True)
class _Name:
    """A name from one word of a passage to another, both included."""

    first: int
    last: int
    score: float


def found_people(passage: Passage) -> Iterator[Finding]:
    """Names of people in a passage; findings may overlap."""
    names = [*_announced(passage), *_with_credentials(passage)]
    names += _by_lists(passage, _covered(names))
    for name in names:
        yield passage.finding(name.first, name.last, _PERSON, name.score)
    for form in (_CARETS, _INITIALS):
        yield from (Finding(*match.span(), _PERSON, CUED) for match in form.finditer(passage.text))
    yield from _recurring(passage, names)


def _announced(passage: Passage) -> Iterator[_Name]:
    """Names after a word that announces one."""
    for number, word in enumerate(passage.said[:-1]):
        manner = _manner_after(passage, number) if _may_announce(word) else None
        if manner is not None:
            last = _end_of_name(passage, number + 1, manner)
            if last is not None and _is_likely(passage, number + 1, last, manner):
                yield _Name(number + 1, last, CUED)


def _is_likely(passage: Passage, first: int, last: int, manner: _Manner) -> bool:
    """Whether what follows a cue is a name: on the lists where it has to be, and no abbreviation as after "CC:"."""
    if any(passage.said[number] in all_names() for number in range(first, last + 1)):
        return True
    abbreviated = first == last and passage.written(first).isupper() and not passage.is_loud
    return not manner.listed and (manner is _SURE or not abbreviated)


def _may_announce(word: str) -> bool:
    """Whether any cue ends with a word."""
    return word in _WORDS or word in _LABELS or word in _BY or word in _CLOSINGS


def _manner_after(passage: Passage, number: int) -> _Manner | None:
    """How a name would be read after a word; None where the word announces none."""
    word, gap = passage.said[number], passage.gap(number + 1)
    if word in _TITLES and _TITLE_GAP.fullmatch(gap):
        return _SURE
    if _LABELS.length_at(passage.said, number) and _LABEL_GAP.fullmatch(gap):
        return _LABELLED
    if word in _RELATIONS and _RELATION_GAP.fullmatch(gap):
        return _SAID if passage.is_capitalised(number + 1) else _SAID_SMALL
    if word in _GREETINGS and gap == " ":
        return _SAID
    if _CLOSINGS.length_at(passage.said, number) and re.fullmatch(r"[,.!]?\s{1,6}", gap):
        return _SAID if "\n" in gap or gap == ". " else None
    return _manner_after_by(passage, number) if gap in (" ", ": ", "/", "/ ", " (", ' "') else None


def _manner_after_by(passage: Passage, number: int) -> _Manner | None:
    length = _BY.length_at(passage.said, number)
    if not length:
        return None
    cue = " ".join(passage.said[number + 1 - length : number + 1])
    return _PERHAPS if cue in _STRICT_BY else _SAID


def _end_of_name(passage: Passage, first: int, manner: _Manner) -> int | None:
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


def _joins(passage: Passage, number: int, gap: str) -> bool:
    """Whether what is before a word may stand inside a name."""
    if gap in (". ", "."):
        return len(passage.said[number - 1]) == 1 or passage.said[number - 1] in _PARTICLES
    return bool(_JOINING.fullmatch(gap))


def _is_particle(passage: Passage, number: int, manner: _Manner, *, small: bool) -> bool:
    """Whether a word is a particle that is followed by more of a name, perhaps after other particles."""
    for following in range(number + 1, min(len(passage.said), number + 1 + _MOST_PARTICLES)):
        if passage.said[following - 1] not in _PARTICLES or not _joins(passage, following, passage.gap(following)):
            return False
        if passage.said[following] not in _PARTICLES:
            return _is_part(passage, following, manner, small=small, begun=True)
    return False


def _is_part(passage: Passage, number: int, manner: _Manner, *, small: bool, begun: bool) -> bool:
    """Whether a word may be of a name."""
    word = passage.said[number]
    if begun and (word in _CREDENTIALS or _is_credential(passage, number)):
        return False
    if len(word) == 1:
        return not word.isdigit() and (passage.is_capitalised(number) or small)
    if word.isdigit() or word in manner.never or _is_eponym(passage, number):
        return False
    if passage.is_capitalised(number):
        unsure = begun and passage.written(number).isupper() and passage.gap(number) == " "
        return word in all_names() if unsure else True
    return small and word not in _NOT_NAMES and ((not begun and not manner.listed) or word in all_names())


def _is_eponym(passage: Passage, number: int) -> bool:
    """Whether a word names a thing and not a person here: Baker cyst, Crohn's disease, Parkinson."""
    following = number + 1
    if following < len(passage.said) and passage.said[following] == "s" and passage.gap(following) in ("'", "\u2019"):
        following += 1
    if following >= len(passage.said) or len(passage.gap(following)) > 1:
        return False
    return passage.said[following] in _EPONYM_NOUNS and not passage.is_capitalised(following)


def _with_credentials(passage: Passage) -> Iterator[_Name]:
    """Names before what their bearers may call themselves: "Ingrid Lund, M.D."."""
    for number in range(1, len(passage.said)):
        if _is_credential(passage, number) and passage.gap(number) in (", ", " ", ",", " ("):
            first = _beginning_of_name(passage, number - 1)
            if first is not None:
                yield _Name(first, number - 1, CUED)


def _is_credential(passage: Passage, number: int) -> bool:
    word = passage.said[number]
    if word in _CREDENTIALS:
        return passage.written(number) != word
    if len(word) > 2 or number + 1 == len(passage.said):
        return False
    following = passage.said[number + 1]
    return f"{word} {following}" in _CREDENTIALS and passage.gap(number + 1) in (".", "-")


def _beginning_of_name(passage: Passage, last: int) -> int | None:
    """The first word of the name that ends with a word; None if that is no name."""
    first, count = None, 0
    for number in range(last, max(-1, last - 6), -1):
        if not _is_part(passage, number, _SAID, small=False, begun=False) and passage.said[number] not in _PARTICLES:
            break
        if passage.said[number] in _TITLES:
            break
        first, count = number, count + (passage.said[number] not in _PARTICLES and len(passage.said[number]) > 1)
        if count == _LONGEST - 1 or not number or not _joins_back(passage, number):
            break
    return first if count else None


def _joins_back(passage: Passage, number: int) -> bool:
    gap = passage.gap(number)
    return _joins(passage, number, gap) or gap == ", "


def _by_lists(passage: Passage, covered: set[int]) -> Iterator[_Name]:
    """Names that nothing announces, by lists of given and family names."""
    for number, word in enumerate(passage.said):
        if number in covered or len(word) < 3:
            continue
        if word in every_given_name() and _is_pair(passage, number):
            yield _Name(number - 1 if "," in passage.gap(number) else number, _pair_end(passage, number), SHAPED)
        if not passage.is_capitalised(number):
            continue
        if (
            word in given_names()
            and word not in _NOT_NAMES
            and not _is_eponym(passage, number)
            and word not in _EPONYMS
        ):
            last = _end_of_name(passage, number, _LABELLED) or number
            if last > number or passage.is_loud or not passage.written(number).isupper():
                yield _Name(_family_before(passage, number), last, SHAPED)
        elif word in family_names():
            yield from _family(passage, number)


def _is_pair(passage: Passage, number: int) -> bool:
    """Whether a given name has a family name of the lists behind it, or before it with a comma."""
    if "," in passage.gap(number) and number:
        return _are_names(passage, number - 1, number) and passage.gap(number) in (", ", ",")
    following = number + 1
    return following < len(passage.said) and passage.gap(following) == " " and _are_names(passage, number, following)


def _are_names(passage: Passage, first: int, second: int) -> bool:
    """Whether two words are names and written alike; where they are written small, one that is no word is asked for."""
    pair = (passage.said[first], passage.said[second])
    if any(word not in all_names() or word in _NOT_NAMES for word in pair) or _is_eponym(passage, second):
        return False
    capitals = [passage.is_capitalised(number) for number in (first, second)]
    return all(capitals) or (not any(capitals) and passage.is_small and not given_names().isdisjoint(pair))


def _pair_end(passage: Passage, number: int) -> int:
    return number if "," in passage.gap(number) else number + 1


def _family_before(passage: Passage, number: int) -> int:
    """Where a name begins whose given name is here: at the family name with a comma before it, if there is one."""
    if number and passage.gap(number) in (", ", ",") and passage.is_capitalised(number - 1):
        before = _beginning_of_name(passage, number - 1)
        return number if before is None else before
    return number


def _family(passage: Passage, number: int) -> Iterator[_Name]:
    """A family name of the list, with what stands before it."""
    word = passage.said[number]
    if word in _EPONYMS or word in _NOT_NAMES or _is_eponym(passage, number) or passage.written(number).isupper():
        return
    before = _beginning_of_name(passage, number)
    if before is not None and before < number:
        yield _Name(before, number, SHAPED)
    elif number and re.fullmatch(r" |, | ?\(|/", passage.gap(number)) and not passage.is_capitalised(number - 1):
        yield _Name(number, number, GUESSED)


def _covered(names: Iterable[_Name]) -> set[int]:
    """The numbers of the words of these names."""
    return {number for name in names for number in range(name.first, name.last + 1)}


def _recurring(passage: Passage, names: list[_Name]) -> Iterator[Finding]:
    """The other places of the words of names that were found."""
    parts = {
        passage.said[n]: passage.is_capitalised(n) for n in _covered(name for name in names if name.score >= SHAPED)
    }
    parts = {part: capital for part, capital in parts.items() if len(part) > 2 and part not in _NOT_NAMES | _PARTICLES}
    for number, word in enumerate(passage.said):
        if word in parts and (passage.is_capitalised(number) or not parts[word]) and not _is_eponym(passage, number):
            yield passage.finding(number, number, _PERSON, SHAPED)
