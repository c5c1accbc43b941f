"""Findings of names as one where they stand beside each other, with the initials around them."""

from __future__ import annotations

import re

from emulator.deidentify.text.detectors.vocabulary import listed
from emulator.deidentify.text.findings import Finding
from emulator.deidentify.text.info_types import CONTEXTUAL

_NAMES = ("PERSON_NAME", CONTEXTUAL)
_PARTICLES = "|".join(sorted(listed("particles")))
_BETWEEN = re.compile(rf"[ ,.^'\u2019-]{{0,3}}(?:(?:[A-Z]|(?i:{_PARTICLES}))(?:\.|\b)[ ,.^'\u2019-]{{0,2}}){{0,3}}")
_BEFORE = re.compile(r"(?<![\w.'\u2019])(?:[A-Z]\.[ ]?){1,2}$")
_AFTER = re.compile(r",? ?[A-Z]\.(?!\w)|, ?(?![AI]\b)[A-Z](?=\s*[-\u2013\";\n]|\.?$)|,? ?[AI](?=\")")


def joined(text: str, findings: list[Finding]) -> list[Finding]:
    """The findings, in order, with those of one name as one: "WALL, PETER J." and not "WALL", "PETER"."""
    result: list[Finding] = []
    for each in findings:
        widened = _with_initials(text, each)
        if result and _are_one(text, result[-1], widened):
            first = result.pop()
            widened = Finding(
                first.start, max(first.end, widened.end), first.info_type, max(first.score, widened.score)
            )
        result.append(widened)
    return result


def _with_initials(text: str, found: Finding) -> Finding:
    if found.info_type not in _NAMES:
        return found
    before = _BEFORE.search(text, max(0, found.start - 8), found.start)
    after = _AFTER.match(text, found.end)
    start, end = before.start() if before else found.start, after.end() if after else found.end
    return Finding(start, end, found.info_type, found.score)


def _are_one(text: str, first: Finding, second: Finding) -> bool:
    if first.info_type not in _NAMES or first.info_type != second.info_type:
        return False
    return first.end >= second.start or bool(_BETWEEN.fullmatch(text, first.end, second.start))
