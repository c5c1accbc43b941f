"""Organizations: hospitals, employers, schools and the like, by what they are called and by what announces them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from emulator.deidentify.text.calendar.names import MONTHS, WEEKDAYS
from emulator.deidentify.text.detectors.vocabulary import Endings, Phrases, listed
from emulator.deidentify.text.findings import CUED, SHAPED, Finding
from emulator.deidentify.text.passage import Passage

_ORGANIZATION = "ORGANIZATION_NAME"
_KINDS = Endings(listed("organization_kinds"))
_AFTER = Endings(listed("organizations_after"))
_LABELS = Endings(listed("organization_labels"))
_LISTED = Phrases(listed("organizations"))
_NEVER = (
    listed("function_words")
    | set(WEEKDAYS)
    | set(MONTHS)
    | frozenset(("patient", "pt", "dr", "mr", "mrs", "ms", "client"))
) - {"may"}
_INSIDE = frozenset(("of", "the", "and", "for", "s", "de"))
_SAINTS = re.compile(r"\b(?:St|Saint)\.? [A-Z]\w+(?:['\u2019]s)\b")
_GAPS = (" ", "'", "\u2019", "-", ". ", " & ", ", ", "&")
_MOST_WORDS = 6


def found_organizations(passage: Passage) -> Iterator[Finding]:
    """Organizations in a passage; findings may overlap."""
    yield from (Finding(*match.span(), _ORGANIZATION, SHAPED) for match in _SAINTS.finditer(passage.text))
    for number in range(len(passage.said)):
        length = _LISTED.length_at(passage.said, number)
        if length and (passage.is_capitalised(number) or length > 1):
            yield passage.finding(number, number + length - 1, _ORGANIZATION, SHAPED)
        if passage.said[number] in _KINDS:
            yield from _called(passage, number)
        if passage.said[number] in _AFTER or passage.said[number] in _LABELS:
            yield from _announced(passage, number)


def _called(passage: Passage, number: int) -> Iterator[Finding]:
    """What ends with a kind of organization: "Maple Grove Rehabilitation Center"."""
    length = _KINDS.length_at(passage.said, number)
    if not length or not passage.is_capitalised(number):
        return
    first = number - length + 1
    beginning = _beginning(passage, first)
    if beginning is None:
        return
    yield passage.finding(beginning, _ending(passage, number), _ORGANIZATION, CUED)


def _beginning(passage: Passage, kind: int) -> int | None:
    """The first word of a name that ends before its kind; None if there is no name."""
    first = None
    for number in range(kind - 1, max(-1, kind - _MOST_WORDS), -1):
        if passage.gap(number + 1) not in _GAPS or (passage.gap(number + 1) == ", " and first is not None):
            break
        if passage.said[number] in _INSIDE:
            continue
        if not passage.is_capitalised(number) or passage.said[number] in _NEVER:
            break
        first = number
    return first


def _ending(passage: Passage, kind: int) -> int:
    """The last word of a name: "Children's Hospital of the Valley"."""
    last = kind
    for number in range(kind + 1, min(len(passage.said), kind + 5)):
        if passage.gap(number) != " ":
            break
        if passage.said[number] in ("of", "the", "for"):
            continue
        if passage.said[number - 1] not in ("of", "the", "for") and number > kind + 1:
            break
        if passage.said[number - 1] not in ("of", "the", "for") or not passage.is_capitalised(number):
            break
        last = number
    return last


def _announced(passage: Passage, number: int) -> Iterator[Finding]:
    """What follows "works for", "transferred from" and the like."""
    if number + 1 >= len(passage.said) or not _is_announcement(passage, number):
        return
    last = _end_of_name(passage, number + 1)
    if last is not None:
        yield passage.finding(number + 1, last, _ORGANIZATION, CUED)


def _is_announcement(passage: Passage, number: int) -> bool:
    gap = passage.gap(number + 1)
    if gap in (" ", " ("):
        return bool(_AFTER.length_at(passage.said, number))
    return gap in (": ", ":") and bool(_LABELS.length_at(passage.said, number))


def _end_of_name(passage: Passage, first: int) -> int | None:
    last = None
    for number in range(first, min(len(passage.said), first + _MOST_WORDS)):
        if number > first and not _goes_on(passage, number):
            break
        if passage.said[number] in _INSIDE and (last is not None or number == first):
            continue
        if not passage.is_capitalised(number) or passage.said[number] in _NEVER:
            break
        last = number
    return last


def _goes_on(passage: Passage, number: int) -> bool:
    """Whether a word may belong to the organization of the word before it."""
    gap = passage.gap(number)
    if gap == ". ":
        return passage.said[number - 1] in ("st", "mt", "ft")
    return gap in _GAPS and (gap != ", " or passage.said[number] in ("inc", "llc", "ltd", "llp"))
