"""What a TextConfig says: which infoTypes are looked for, and what becomes of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emulator.deidentify.text.info_types import CONTEXTUAL, DEFAULTS
from emulator.deidentify.text.transformations import DateShift, Replace, Transformation


@dataclass(frozen=True)
class TextRules:
    """The infoTypes that are looked for, those that are left alone, and what is done with the others."""

    default: Transformation | None = None
    """For infoTypes that have none of their own; without it they are left alone."""
    of: Mapping[str, Transformation] = field(default_factory=dict)
    """Transformations of single infoTypes."""
    excluded: frozenset[str] = frozenset()
    info_types: frozenset[str] = DEFAULTS

    @classmethod
    def basic(cls, date_shift: DateShift | None = None) -> TextRules:
        """The profile BASIC of v1beta1: dates are shifted, everything else becomes its infoType in brackets."""
        return cls(Replace(), {"DATE": date_shift or DateShift()})

    @classmethod
    def empty(cls) -> TextRules:
        """The profile EMPTY of v1beta1: nothing is transformed."""
        return cls()

    def transformation(self, info_type: str) -> Transformation | None:
        """What is done with findings of an infoType; None where they are left alone.

        CTX, the record's own values found by context, always becomes [CTX] (v1beta1: ContextualDeidConfig).
        """
        if info_type == CONTEXTUAL:
            return Replace()
        return None if info_type in self.excluded else self.of.get(info_type, self.default)

    @property
    def wanted(self) -> frozenset[str]:
        """The infoTypes that are looked for and would be transformed."""
        named = self.info_types | self.of.keys()
        return frozenset(each for each in named if self.transformation(each) is not None)
