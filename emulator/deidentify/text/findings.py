"""What was found in a text: where, of which infoType, and how sure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Origin(StrEnum):
    """Where something was found: in a file's header, in pixels, in a FHIR resource."""

    HEADER = "HEADER"
    PIXELS = "PIXELS"
    RESOURCE = "RESOURCE"


class FindingKind(NamedTuple):
    """What a report tells of a finding, and that tells of nobody: its origin, infoType and score.

    The infoType is "" for text in pixels that went without being looked at, or could not be read.
    """

    origin: Origin
    info_type: str
    score: float


@dataclass(frozen=True)
class Finding:
    """Characters start to end (exclusive) of a text, the infoType that they are of, and a score from 0 to 1."""

    start: int
    end: int
    info_type: str
    score: float

    @property
    def length(self) -> int:
        """How many characters it has."""
        return self.end - self.start

    def kind(self, origin: Origin) -> FindingKind:
        """What a report tells of it."""
        return FindingKind(origin, self.info_type, self.score)


KNOWN = 1.0
"""The record says so itself."""
CHECKED = 0.95
"""A form with a check digit, or one that nothing else has."""
CUED = 0.85
"""A word beside it says what it is."""
SHAPED = 0.7
"""It looks like one."""
GUESSED = 0.5
"""It may be one."""


def without_overlaps(found: Iterable[Finding]) -> list[Finding]:
    """The findings in their order in the text, overlapping ones as one, which is of the type of the longest."""
    kept: list[Finding] = []
    for each in sorted(found, key=lambda f: (f.start, -f.end)):
        if kept and each.start < kept[-1].end:
            kept[-1] = _joined(kept[-1], each)
        else:
            kept.append(each)
    return kept


def _joined(first: Finding, second: Finding) -> Finding:
    """Two findings that overlap as one."""
    best = max(first, second, key=lambda f: (f.length, f.score))
    return Finding(first.start, max(first.end, second.end), best.info_type, max(first.score, second.score))
