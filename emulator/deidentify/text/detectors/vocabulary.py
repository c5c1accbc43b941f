"""Lists of words that the rules of names, places and organizations ask.

vocabulary.json is short and read at once; names.json.gz and places.json.gz are read for the first text.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from emulator.deidentify.text.folding import words

_DATA = Path(__file__).parent.parent / "data"
_LISTS = json.loads((_DATA / "vocabulary.json").read_text())


def listed(name: str) -> frozenset[str]:
    """The words of one of our lists."""
    return frozenset(_LISTS[name])


def ids_after() -> dict[str, Endings]:
    """By infoType, the words that an id follows."""
    return {info_type: Endings(phrases) for info_type, phrases in _LISTS["ids_after"].items()}


@cache
def given_names() -> frozenset[str]:
    """Given names that are hardly anything else."""
    return frozenset(_table("names")["given"]) - listed("word_like_given")


@cache
def every_given_name() -> frozenset[str]:
    """Given names, those that are words, too, among them."""
    return frozenset(_table("names")["given"])


@cache
def family_names() -> frozenset[str]:
    """Frequent family names that are no English words, or at least rarely written with a capital otherwise."""
    plain = {name for name in _table("names")["family"] if len(name) > 3}
    return frozenset(plain | listed("family_more")) - listed("family_never")


@cache
def all_names() -> frozenset[str]:
    """Everything that is a given or a family name of somebody."""
    lists = _table("names")
    return frozenset((*lists["given"], *lists["family"], *listed("family_more"), *listed("family_never")))


@cache
def cities() -> Phrases:
    """Towns and cities whose name is no English word."""
    return Phrases(_table("places")["cities"])


@cache
def cities_like_words() -> Phrases:
    """Towns and cities that are called as an English word: Mobile, Orange."""
    return Phrases(_table("places")["cities_words"])


@cache
def countries() -> Phrases:
    """Names of countries."""
    return Phrases(_table("places")["countries"])


STATES = dict(_LISTS["states"])
"""The states of the US by their names in small letters."""


class Phrases:
    """Phrases of one or more words, looked up by a list of words."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._by_first: dict[str, list[tuple[str, ...]]] = {}
        for phrase in phrases:
            parts = tuple(word.text for word in words(phrase))
            if parts:
                self._by_first.setdefault(parts[0], []).append(parts)
        for found in self._by_first.values():
            found.sort(key=len, reverse=True)

    def length_at(self, said: list[str], number: int) -> int:
        """How many words the longest phrase has that begins at this one of the words said; 0 if none does."""
        for phrase in self._by_first.get(said[number], ()):
            if tuple(said[number : number + len(phrase)]) == phrase:
                return len(phrase)
        return 0


class Endings:
    """Phrases looked up by the word that they end with."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._by_last: dict[str, list[tuple[str, ...]]] = {}
        for phrase in phrases:
            parts = tuple(word.text for word in words(phrase))
            self._by_last.setdefault(parts[-1], []).append(parts)

    def __contains__(self, word: str) -> bool:
        """Whether any phrase ends with a word."""
        return word in self._by_last

    def length_at(self, said: list[str], number: int) -> int:
        """How many words the longest phrase has that ends with this one of the words said; 0 if none does."""
        found = self._by_last.get(said[number], ())
        return max((len(each) for each in found if _ends(said, number, each)), default=0)


def _ends(said: list[str], number: int, phrase: tuple[str, ...]) -> bool:
    """Whether a phrase ends with this one of the words said."""
    return len(phrase) == 1 or tuple(said[max(0, number + 1 - len(phrase)) : number + 1]) == phrase


@cache
def _table(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(gzip.decompress((_DATA / f"{name}.json.gz").read_bytes()))
    return found
