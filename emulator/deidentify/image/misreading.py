"""Known values in texts that were read in pictures, where a reader takes one character for another, or for none."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.deidentify.text import Finding, Known
from emulator.deidentify.text.findings import KNOWN
from emulator.deidentify.text.folding import words

_AS_LETTERS = str.maketrans("01258", "OIZSB")
_AS_DIGITS = str.maketrans("OQDIl|ZSB", "000111258")
"""What readers take for each other."""
_SHORTEST = 5
"""A value of so many characters may have one wrong one, of twice as many two, and so on."""
_SHARED = 3
"""So many characters in a row at least must be right."""


def known_in(text: str, known: Known) -> list[Finding]:
    """The record's own values in a text that was read.

    As they are, with letters and digits that look alike, and with one character in five missing, wrong or too many: "^"
    is often read as a letter, and joins what it should part.
    """
    forms = (text, text.translate(_AS_LETTERS), text.translate(_AS_DIGITS))
    exact = [each for form in forms for each in known.find(form)]
    return [*exact, *(each for form in forms for each in _near(form, known))]


def _near(text: str, known: Known) -> Iterator[Finding]:
    found = words(text)
    run = "".join(word.text for word in found)
    places = [place for word in found for place in range(word.start, word.start + len(word.text))]
    for value, info_type in known.runs:
        if len(value) >= _SHORTEST and _shares(value, run):
            yield from (
                Finding(places[start], places[end - 1] + 1, info_type, KNOWN) for start, end in _places(value, run)
            )


def _shares(value: str, run: str) -> bool:
    """Whether some characters in a row are the same: a quick look before the slow one."""
    return any(value[start : start + _SHARED] in run for start in range(len(value) - _SHARED + 1))


def _places(value: str, run: str) -> Iterator[tuple[int, int]]:
    """Where a value stands in a run of characters with at most one change for each five."""
    most = len(value) // _SHORTEST
    ends = [(most + 1, 0), *_ends(value, run), (most + 1, 0)]
    for end in range(1, len(ends) - 1):
        cost, start = ends[end]
        if cost <= most and ends[end - 1][0] > cost <= ends[end + 1][0]:
            yield start, end


def _ends(value: str, run: str) -> Iterator[tuple[int, int]]:
    """For each end in a run the fewest changes that make what ends there the value, and where that starts.

    By Sellers' algorithm (J. Algorithms 1, 1980).
    """
    costs, starts = list(range(len(value) + 1)), [0] * (len(value) + 1)
    for end, character in enumerate(run, 1):
        before, began = costs, starts
        costs, starts = [0], [end]
        for place, wanted in enumerate(value, 1):
            cost, start = min(
                (before[place - 1] + (wanted != character), began[place - 1]),
                (before[place] + 1, began[place]),
                (costs[place - 1] + 1, starts[place - 1]),
            )
            costs.append(cost)
            starts.append(start)
        yield costs[-1], starts[-1]
