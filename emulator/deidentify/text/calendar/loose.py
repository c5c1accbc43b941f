"""Dates that have no form to be moved in: spoken ones, and holidays."""

from __future__ import annotations

import re
from collections.abc import Iterator

from emulator.deidentify.text.calendar.names import MONTH, MONTHS
from emulator.deidentify.text.detectors.vocabulary import Phrases, listed
from emulator.deidentify.text.findings import CUED, SHAPED, Finding
from emulator.deidentify.text.passage import Passage

_ONES = "one|two|three|four|five|six|seven|eight|nine"
_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_ORDINALS = (
    "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth"
    "|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth"
)
_NUMBER = rf"(?:{_ORDINALS}|{_TEENS}|{_TENS}|{_ONES}|oh|hundred|thousand|and)"
_SPOKEN = re.compile(
    rf"\b(?:(?:the\s+)?(?:{_NUMBER}[\s-]+){{1,2}}(?:of\s+)?)?(?:{MONTH})"
    rf"(?:\s+(?:the\s+)?{_NUMBER}(?:[\s,-]+{_NUMBER}){{0,6}}|,?\s+(?:1[89]|20)\d\d)\b",
    re.IGNORECASE,
)
_SPOKEN_MONTHS = frozenset(MONTHS)
_HOLIDAYS = Phrases(listed("holidays"))


def found_loose_dates(passage: Passage) -> Iterator[Finding]:
    """Spoken dates and holidays in a passage."""
    if not _SPOKEN_MONTHS.isdisjoint(passage.said):
        yield from (Finding(*match.span(), "DATE", CUED) for match in _SPOKEN.finditer(passage.text))
    for number in range(len(passage.said)):
        length = _HOLIDAYS.length_at(passage.said, number)
        if length and (passage.is_capitalised(number) or passage.said[number].isdigit()):
            yield passage.finding(number, number + length - 1, "DATE", SHAPED)
