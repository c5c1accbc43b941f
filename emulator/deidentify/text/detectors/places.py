"""Places: addresses, towns with their state, towns and countries by lists, and what words announce."""

from __future__ import annotations

import re
from collections.abc import Iterator

from emulator.deidentify.text.detectors.vocabulary import (
    STATES,
    Endings,
    Phrases,
    all_names,
    cities,
    cities_like_words,
    countries,
    listed,
)
from emulator.deidentify.text.findings import CUED, SHAPED, Finding
from emulator.deidentify.text.passage import Passage

_PLACE = "LOCATION"
_AFTER = Endings(listed("places_after"))
_NOT_NAMES = listed("not_names") | listed("function_words")
_EPONYM_NOUNS = listed("eponym_nouns")
_STATES = Phrases(STATES)
_PREPOSITIONS = frozenset(("in", "from", "to", "at", "near", "of"))
_CREDENTIALS = frozenset(("MD", "MA", "PA", "ND", "DC"))
"""Codes of states that stand behind names of people, too."""
_MOST_WORDS = 3
"""Words of a place that only its announcement tells."""
_KINDS = "|".join(sorted(listed("street_kinds"), key=len, reverse=True))
_UNIT = r"(?:,?\s*(?:(?:apt|apartment|suite|ste|unit|fl|floor|rm|room|no)\b\.?\s*#?\s*\w{1,6}|#\s*\w{1,6}))?"
_STREET = re.compile(
    rf"(?<![\d.-])\d{{1,5}}[a-z]?(?:-\d{{1,4}})?\s{{1,3}}"
    rf"(?:[a-z0-9][\w.'\u2019]{{0,30}}\s{{1,3}}){{1,5}}?(?:{_KINDS})\b\.?{_UNIT}"
    rf"|(?<![\d.-])\d{{1,5}}\s+(?:(?:county|state)\s+)?(?:route|rte|highway|hwy|road|us)\s+\d{{1,4}}\b{_UNIT}"
    rf"|(?<![\d.-])\d{{1,5}}\s+broadway\b{_UNIT}",
    re.IGNORECASE,
)
_ON_STREET = re.compile(
    rf"(?<=\b[oO]n )(?:[A-Z][\w.'\u2019]{{0,30}}\s{{1,3}}){{1,3}}(?:{_KINDS.title()})\b\.?|(?<=\b[oO]n )Route \d+"
)
_WORD = r"[A-Z][\w'\u2019]{0,30}+"
_TOWN = rf"(?<![\w'\u2019]){_WORD}\.?(?:[ -]{_WORD}\.?){{0,2}}"
_CODES = "|".join(sorted(STATES.values()))
_IN_STATE = re.compile(
    rf"(?P<town>{_TOWN})(?:,\s{{0,3}}|\s{{1,3}})"
    rf"(?:(?:{_CODES})\b\.?(?:\s+\d{{5}}(?:-\d{{4}})?\b)?|(?:[A-Z][a-z]+ ?){{1,2}},?\s+\d{{5}}\b)"
    rf"|\b(?:{_CODES})\s+\d{{5}}(?:-\d{{4}})?\b"
)
_ZIP = re.compile(r"\b(?:zip|zip code|postal code|postcode)[:\s]+(\d{5}(?:-\d{4})?)\b", re.IGNORECASE)
_FIELDS = re.compile(rf"(?<=\^)[^\W\d_][\w .'-]{{0,60}}\^(?:{_CODES})\^\d{{5}}(?:-\d{{4}})?")
_COUNTY = re.compile(r"\b(?:[A-Z][a-z]{1,30} ){1,2}(?:County|Parish|Township)\b")


def found_places(passage: Passage) -> Iterator[Finding]:
    """Places in a passage; findings may overlap."""
    yield from _streets(passage.text)
    for form in (_ON_STREET, _FIELDS, _COUNTY):
        yield from (Finding(*match.span(), _PLACE, CUED) for match in form.finditer(passage.text))
    for match in _ZIP.finditer(passage.text):
        yield Finding(*match.span(1), _PLACE, CUED)
    yield from _in_states(passage.text)
    yield from _by_lists(passage)
    yield from _announced(passage)


def _streets(text: str) -> Iterator[Finding]:
    """Addresses; one may begin within what only looked like one."""
    place = 0
    while (match := _STREET.search(text, place)) is not None:
        if _is_street(match[0]):
            yield Finding(*match.span(), _PLACE, CUED)
            place = match.end()
        else:
            place = match.start() + 1


def _is_street(text: str) -> bool:
    """Whether a number, words and a kind of street make an address: its name is written big."""
    names = re.findall(r"[^\W_]+", text)[1:]
    return bool(names) and all(name[0].isupper() or name[0].isdigit() for name in names if len(name) > 3)


def _in_states(text: str) -> Iterator[Finding]:
    """Towns with the state behind them: "Lowell, MA 01850"; two letters alone are a state only after a town."""
    for match in _IN_STATE.finditer(text):
        town = match["town"]
        start = match.start()
        while town and town.split()[0].rstrip(".").lower() in _NOT_NAMES and " " in town:
            start += len(town) - len(town.partition(" ")[2])
            town = town.partition(" ")[2]
        if town is None or (town.lower() not in _NOT_NAMES and _is_town(town, match[0])):
            yield Finding(start, match.end(), _PLACE, CUED)


def _is_town(town: str, whole: str) -> bool:
    """Whether capitals behind a word are a state: after a comma, before a zip code, or when the town is listed."""
    said = [part.lower() for part in re.findall(r"[^\W\d_]+", town)]
    if whole.rsplit(maxsplit=1)[-1] in _CREDENTIALS and not whole[-1].isdigit():
        return cities().length_at(said, 0) == len(said)
    return bool(re.search(r",|\d{5}", whole)) or cities().length_at(said, 0) == len(said)


def _by_lists(passage: Passage) -> Iterator[Finding]:
    """Towns, states and countries of the lists, where they are written big."""
    number = 0
    while number < len(passage.said):
        length = _listed_at(passage, number)
        if length:
            yield passage.finding(number, number + length - 1, _PLACE, SHAPED)
        number += length or 1


def _listed_at(passage: Passage, number: int) -> int:
    """How many words of a listed place begin here; 0 where none do."""
    if not passage.is_capitalised(number):
        return 0
    said = passage.said
    length = max(cities().length_at(said, number), countries().length_at(said, number), _STATES.length_at(said, number))
    sure = length > 1 or (length == 1 and said[number] not in all_names() and not passage.written(number).isupper())
    if not sure and passage.gap(number) == " " and number and said[number - 1] in _PREPOSITIONS:
        length = max(length, cities_like_words().length_at(said, number))
        sure = length > 0
    return length if sure and not _names_a_thing(passage, number + length) else 0


def _names_a_thing(passage: Passage, following: int) -> bool:
    return following < len(passage.said) and passage.said[following] in _EPONYM_NOUNS and passage.gap(following) == " "


def _announced(passage: Passage) -> Iterator[Finding]:
    """What follows "lives in", "moved to" and the like."""
    for number in range(len(passage.said) - 1):
        if (
            passage.said[number] in _AFTER
            and _AFTER.length_at(passage.said, number)
            and passage.gap(number + 1) in (" ", ": ", ":")
        ):
            last = _end_of_place(passage, number + 1)
            if last is not None:
                yield passage.finding(number + 1, last, _PLACE, CUED)


def _end_of_place(passage: Passage, first: int) -> int | None:
    """The last word of the place that begins with a word; None if that begins none."""
    said = passage.said
    if said[first] == "the" and first + 1 < len(said):
        first += 1
    small = max(
        cities().length_at(said, first), cities_like_words().length_at(said, first), countries().length_at(said, first)
    )
    if small:
        return first + small - 1
    last = None
    for number in range(first, min(len(said), first + _MOST_WORDS)):
        if number > first and passage.gap(number) not in (" ", "-", ". "):
            break
        if not passage.is_capitalised(number) or said[number] in _NOT_NAMES:
            break
        last = number
    return last
