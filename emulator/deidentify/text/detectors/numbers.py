"""Ages, ids, telephones and papers that a word beside them tells."""

from __future__ import annotations

import re
from collections.abc import Iterator

from emulator.deidentify.text.detectors.vocabulary import ids_after
from emulator.deidentify.text.findings import CUED, GUESSED, Finding
from emulator.deidentify.text.passage import Passage

_IDS = ids_after()
_ID = re.compile(
    r"(?:'?s)?[\s:#.=]{0,4}(?:(?:is|was|no|number|num|nr|id)\b[\s:#.=]{0,3}){0,2}"
    r"(?P<value>(?=[\w-]*\d)[A-Z]{0,4}-?\d[\w-]{2,19}|(?=[\w-]*\d{3})[A-Z]\w{4,19})",
    re.IGNORECASE,
)
_TELEPHONES = frozenset(
    (
        "ext",
        "extension",
        "pager",
        "pgr",
        "beeper",
        "x",
        "phone",
        "tel",
        "telephone",
        "fax",
        "cell",
        "mobile",
        "cb",
        "call",
        "callback",
    )
)
_TELEPHONE = re.compile(r"[\s:.#]{0,3}(?P<value>\(?\d[\d\s().-]{2,16}\d)\b")
_SHORT_PAGER = re.compile(r"(?<= )p(?P<value>\d{4,5})\b")
_LOCAL = re.compile(r"(?<![\w.-])(?P<value>\d{3}-\d{4})(?![\w-])")
_SWIFT = re.compile(r"\b(?:SWIFT|BIC)(?:[ -][cC]ode)?[\s:]{1,3}(?P<value>[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)\b")
_BARE_SOCIAL = re.compile(
    r"\b(?:ssn?|social security(?: number)?)[\s:#]{1,3}(?P<value>\d{3}[- ]?\d{2}[- ]?\d{4})\b", re.IGNORECASE
)
_FORMS = (
    ("PHONE_NUMBER", CUED, _SHORT_PAGER),
    ("PHONE_NUMBER", GUESSED, _LOCAL),
    ("SWIFT_CODE", CUED, _SWIFT),
    ("US_SOCIAL_SECURITY_NUMBER", CUED, _BARE_SOCIAL),
)

_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_SPOKEN = frozenset(_TENS + _ONES)
_YEARS = re.compile(
    rf"(?:[- ](?:{'|'.join(_ONES[:9])}))?[\s-]{{0,2}}"
    r"(?:(?:years?|yrs?|months?|mos?|weeks?|wks?|days?)[\s-]{0,2}(?:old|of age)\b"
    r"|y\.?[/ ]?o\.?\b|yr?s?[/ ]o\b|m/?o\b)",
    re.IGNORECASE,
)
_SEX = re.compile(r"[MF]\b| [MF] (?:with|w/|who|presents|c/o|s/p|h/o)")
_TODAY = re.compile(r" (?:today|years|now)\b")


def found_numbers(passage: Passage) -> Iterator[Finding]:
    """Numbers in a passage that a word beside them tells; findings may overlap."""
    for info_type, score, form in _FORMS:
        yield from (Finding(*match.span("value"), info_type, score) for match in form.finditer(passage.text))
    for number, word in enumerate(passage.said):
        if word.isdigit() or word in _SPOKEN:
            yield from _ages(passage, number)
        else:
            yield from _ids(passage, number)
            yield from _telephones(passage, number)


def _ids(passage: Passage, number: int) -> Iterator[Finding]:
    """The id after a word that announces one."""
    for info_type, cues in _IDS.items():
        if passage.said[number] in cues and cues.length_at(passage.said, number):
            match = _ID.match(passage.text, passage.words[number].end)
            if match is not None:
                yield Finding(*match.span("value"), info_type, CUED)


def _telephones(passage: Passage, number: int) -> Iterator[Finding]:
    if passage.said[number] in _TELEPHONES:
        match = _TELEPHONE.match(passage.text, passage.words[number].end)
        if match is not None:
            yield Finding(*match.span("value"), "PHONE_NUMBER", CUED)


def _ages(passage: Passage, number: int) -> Iterator[Finding]:
    """An age whose number is this word: "62-year-old", "aged 62", "62M"."""
    word = passage.words[number]
    if word.text.isdigit() and len(word.text) > 3:
        return
    match = _YEARS.match(passage.text, word.end)
    if match is not None:
        yield Finding(word.start, match.end(), "AGE", CUED)
    elif word.text.isdigit() and passage.text[word.start - 1 : word.start] not in (".", "/"):
        yield from _bare_age(passage, number)


def _bare_age(passage: Passage, number: int) -> Iterator[Finding]:
    """An age that only what stands around it tells."""
    word, before = passage.words[number], passage.said[number - 1] if number else ""
    if before in ("age", "aged", "ages"):
        yield Finding(word.start, word.end, "AGE", CUED)
    elif (before in ("is", "turned", "turns", "was", "turning") and _TODAY.match(passage.text, word.end)) or (
        len(word.text) > 1 and _SEX.match(passage.text, word.end)
    ):
        yield Finding(word.start, word.end, "AGE", GUESSED)
