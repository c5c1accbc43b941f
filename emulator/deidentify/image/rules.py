"""What is to become of text in pixels: what an ImageConfig says, whichever version of the API it came by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Mode(StrEnum):
    """Which text is blackened (Cloud Healthcare: TextRedactionMode)."""

    ALL = "REDACT_ALL_TEXT"
    SENSITIVE = "REDACT_SENSITIVE_TEXT"
    NONE = "REDACT_NO_TEXT"
    SENSITIVE_AND_DESCRIPTORS = "REDACT_SENSITIVE_TEXT_CLEAN_DESCRIPTORS"


class Expression(Protocol):
    """A person's regular expression, compiled by whoever read it: customRegexes of v1."""

    def found_in(self, text: str) -> bool:
        """Whether it matches some part of a text."""


@dataclass(frozen=True)
class ImageRules:
    """How images are redacted.

    What counts as sensitive is the text cleaner's to say, so that infoTypes that are looked for in addition
    (additionalInfoTypes of v1beta1) belong to its rules; those in `exclude` are left alone here. A text that one of the
    expressions matches is sensitive, too.
    """

    mode: Mode = Mode.NONE
    exclude: frozenset[str] = frozenset()
    expressions: Sequence[Expression] = field(default=())
