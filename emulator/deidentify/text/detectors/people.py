"""Names of people: after titles, labels and other words that announce them, by lists of names, and where they recur.

A name that was found anywhere in a text is found in all of it: "Dr. Peter Schmidt ... Schmidt was paged".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from emulator.deidentify.text.detectors.listed_names import listed_people
from emulator.deidentify.text.detectors.names import (
    FUNCTION_WORDS,
    LABELLED,
    NOT_NAMES,
    PARTICLES,
    SAID,
    TITLES,
    Manner,
    Name,
    beginning_of_name,
    end_of_name,
    is_credential,
    is_eponym,
)
from emulator.deidentify.text.detectors.vocabulary import Endings, all_names, listed
from emulator.deidentify.text.findings import CUED, SHAPED, Finding
from emulator.deidentify.text.passage import Passage

_PERSON = "PERSON_NAME"
_LABELS = Endings(listed("labels"))
_RELATIONS = listed("relations")
_BY = Endings(listed("by"))
_STRICT_BY = listed("strict_by")
_GREETINGS = listed("greetings")
_CLOSINGS = Endings(listed("closings"))
_WORDS = TITLES | _RELATIONS | _GREETINGS
_LABEL_GAP = re.compile(r"\s{0,3}(?:\([^)\n]{0,8}\))?\s{0,3}[:=#]\s*[\"']?|\"?,\"?")
_TITLE_GAP = re.compile(r"\.?\s{1,2}|\.")
_RELATION_GAP = re.compile(r",? |,? \(|: ?|\(|, ?")
_PART = r"[^\W\d_][\w'.-]{0,63}+"
_CARETS = re.compile(rf"(?<![\w^.'-]){_PART}\^(?![A-Z]\d\d\b){_PART}(?:\^[\w'.-]{{0,63}}+){{0,6}}")
"""LAST^FIRST, but no type of an HL7v2 message: ADT^A01."""
_INITIALS = re.compile(
    r"(?<=[dD]ictated by )[a-z]{2,3}\b|(?<=[tT]ranscribed by )[a-z]{2,3}\b"
    r"|\b(?!or|an|rn)[a-z]{2}(?= (?:rn|lpn|md|np|pa)\s*$)"
    r"|(?<=\d/)[a-z]{2,3}(?=\.?\s*$)|^[A-Z]{2,3}[/:][a-z]{2,3}$",
    re.MULTILINE,
)
"""Initials of who dictated, wrote or signed a note."""
_SURE = Manner(FUNCTION_WORDS, small=True)
_PERHAPS = Manner(NOT_NAMES, listed=True)
_SAID_SMALL = Manner(NOT_NAMES, small=True, listed=True)


def found_people(passage: Passage) -> Iterator[Finding]:
    """Names of people in a passage; findings may overlap."""
    names = [*_announced(passage), *_with_credentials(passage)]
    names += listed_people(passage, _covered(names))
    for name in names:
        yield passage.finding(name.first, name.last, _PERSON, name.score)
    for form in (_CARETS, _INITIALS):
        yield from (Finding(*match.span(), _PERSON, CUED) for match in form.finditer(passage.text))
    yield from _recurring(passage, names)


def _announced(passage: Passage) -> Iterator[Name]:
    """Names after a word that announces one."""
    for number, word in enumerate(passage.said[:-1]):
        manner = _manner_after(passage, number) if _may_announce(word) else None
        if manner is not None:
            last = end_of_name(passage, number + 1, manner)
            if last is not None and _is_likely(passage, number + 1, last, manner):
                yield Name(number + 1, last, CUED)


def _is_likely(passage: Passage, first: int, last: int, manner: Manner) -> bool:
    """Whether what follows a cue is a name: on the lists where it has to be, and no abbreviation as after "CC:"."""
    if any(passage.said[number] in all_names() for number in range(first, last + 1)):
        return True
    abbreviated = first == last and passage.written(first).isupper() and not passage.is_loud
    return not manner.listed and (manner is _SURE or not abbreviated)


def _may_announce(word: str) -> bool:
    """Whether any cue ends with a word."""
    return word in _WORDS or word in _LABELS or word in _BY or word in _CLOSINGS


def _manner_after(passage: Passage, number: int) -> Manner | None:
    """How a name would be read after a word; None where the word announces none."""
    word, gap = passage.said[number], passage.gap(number + 1)
    if word in TITLES and _TITLE_GAP.fullmatch(gap):
        return _SURE
    if _LABELS.length_at(passage.said, number) and _LABEL_GAP.fullmatch(gap):
        return LABELLED
    if word in _RELATIONS and _RELATION_GAP.fullmatch(gap):
        return SAID if passage.is_capitalised(number + 1) else _SAID_SMALL
    if word in _GREETINGS and gap == " ":
        return SAID
    if _CLOSINGS.length_at(passage.said, number) and re.fullmatch(r"[,.!]?\s{1,6}", gap):
        return SAID if "\n" in gap or gap == ". " else None
    return _manner_after_by(passage, number) if gap in (" ", ": ", "/", "/ ", " (", ' "') else None


def _manner_after_by(passage: Passage, number: int) -> Manner | None:
    length = _BY.length_at(passage.said, number)
    if not length:
        return None
    cue = " ".join(passage.said[number + 1 - length : number + 1])
    return _PERHAPS if cue in _STRICT_BY else SAID


def _with_credentials(passage: Passage) -> Iterator[Name]:
    """Names before what their bearers may call themselves: "Ingrid Lund, M.D."."""
    for number in range(1, len(passage.said)):
        if is_credential(passage, number) and passage.gap(number) in (", ", " ", ",", " ("):
            first = beginning_of_name(passage, number - 1)
            if first is not None:
                yield Name(first, number - 1, CUED)


def _covered(names: Iterable[Name]) -> set[int]:
    """The numbers of the words of these names."""
    return {number for name in names for number in range(name.first, name.last + 1)}


def _recurring(passage: Passage, names: list[Name]) -> Iterator[Finding]:
    """The other places of the words of names that were found."""
    parts = {
        passage.said[n]: passage.is_capitalised(n) for n in _covered(name for name in names if name.score >= SHAPED)
    }
    parts = {part: capital for part, capital in parts.items() if len(part) > 2 and part not in NOT_NAMES | PARTICLES}
    for number, word in enumerate(passage.said):
        if word in parts and (passage.is_capitalised(number) or not parts[word]) and not is_eponym(passage, number):
            yield passage.finding(number, number, _PERSON, SHAPED)
