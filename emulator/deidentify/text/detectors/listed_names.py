"""Names of people that nothing announces, by lists of given and family names: "Ingrid Lund", "Lund, Ingrid"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from emulator.deidentify.text.detectors.names import (
    LABELLED,
    NOT_NAMES,
    Name,
    beginning_of_name,
    end_of_name,
    is_eponym,
)
from emulator.deidentify.text.detectors.vocabulary import (
    all_names,
    every_given_name,
    family_names,
    given_names,
    listed,
)
from emulator.deidentify.text.findings import GUESSED, SHAPED
from emulator.deidentify.text.passage import Passage

_EPONYMS = listed("eponyms")


def listed_people(passage: Passage, covered: set[int]) -> Iterator[Name]:
    """Names that nothing announces, by lists of given and family names."""
    for number, word in enumerate(passage.said):
        if number in covered or len(word) < 3:
            continue
        if word in every_given_name() and _is_pair(passage, number):
            yield Name(number - 1 if "," in passage.gap(number) else number, _pair_end(passage, number), SHAPED)
        if not passage.is_capitalised(number):
            continue
        if word in given_names() and word not in NOT_NAMES and not is_eponym(passage, number) and word not in _EPONYMS:
            last = end_of_name(passage, number, LABELLED) or number
            if last > number or passage.is_loud or not passage.written(number).isupper():
                yield Name(_family_before(passage, number), last, SHAPED)
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
    if any(word not in all_names() or word in NOT_NAMES for word in pair) or is_eponym(passage, second):
        return False
    capitals = [passage.is_capitalised(number) for number in (first, second)]
    return all(capitals) or (not any(capitals) and passage.is_small and not given_names().isdisjoint(pair))


def _pair_end(passage: Passage, number: int) -> int:
    return number if "," in passage.gap(number) else number + 1


def _family_before(passage: Passage, number: int) -> int:
    """Where a name begins whose given name is here: at the family name with a comma before it, if there is one."""
    if number and passage.gap(number) in (", ", ",") and passage.is_capitalised(number - 1):
        before = beginning_of_name(passage, number - 1)
        return number if before is None else before
    return number


def _family(passage: Passage, number: int) -> Iterator[Name]:
    """A family name of the list, with what stands before it."""
    word = passage.said[number]
    if word in _EPONYMS or word in NOT_NAMES or is_eponym(passage, number) or passage.written(number).isupper():
        return
    before = beginning_of_name(passage, number)
    if before is not None and before < number:
        yield Name(before, number, SHAPED)
    elif number and re.fullmatch(r" |, | ?\(|/", passage.gap(number)) and not passage.is_capitalised(number - 1):
        yield Name(number, number, GUESSED)
