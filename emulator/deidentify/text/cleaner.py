"""Text in, text without what identifies a person out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from emulator.deidentify.keys import Secret
from emulator.deidentify.text.calendar.written import WrittenDate
from emulator.deidentify.text.detectors.together import found_by_rules
from emulator.deidentify.text.findings import Finding, without_overlaps
from emulator.deidentify.text.info_types import CONTEXTUAL
from emulator.deidentify.text.joining import joined
from emulator.deidentify.text.known import Known
from emulator.deidentify.text.layers import layers
from emulator.deidentify.text.models import Model
from emulator.deidentify.text.passage import Passage
from emulator.deidentify.text.rules import TextRules
from emulator.deidentify.text.transformations import DateShift, moved_date, transformed


@dataclass(frozen=True)
class Cleaned:
    """A cleaned text, and what was found in the one before it."""

    text: str
    findings: tuple[Finding, ...]


class Cleaner:
    """Cleans texts by rules; a secret gives hashes and date shifts where the rules have no key of their own.

    A model finds names beside them, where one is given.
    """

    def __init__(self, rules: TextRules, secret: Secret, model: Model | None = None) -> None:
        self.rules = rules
        self._model = model
        self._secret = secret
        self._wanted = rules.wanted | {CONTEXTUAL}

    def find(self, text: str, known: Known) -> list[Finding]:
        """What would be transformed, in its order in the text, without overlaps."""
        return self._found(Passage(text), known)

    def clean(self, text: str, known: Known, context: str) -> Cleaned:
        """The text with every finding transformed; context is the patient's id, by which dates are shifted alike."""
        replaced = self.replacements(text, known, context)
        return Cleaned("".join(_pieces(text, replaced)), tuple(each for each, _ in replaced))

    def replacements(self, text: str, known: Known, context: str) -> list[tuple[Finding, str]]:
        """As `find`, each with what takes its place."""
        passage = Passage(text)
        findings = self._found(passage, known)
        dates = {(each.start, each.end): each for each in passage.dates} if findings else {}
        return [(each, self._replacement(text, each, dates.get((each.start, each.end)), context)) for each in findings]

    def _found(self, passage: Passage, known: Known) -> list[Finding]:
        found = self._said(passage, known)
        for layer in layers(passage.text):
            found += [layer.outside(each) for each in self._said(Passage(layer.text), known)]
        return without_overlaps(joined(passage.text, without_overlaps(found)))

    def _said(self, passage: Passage, known: Known) -> list[Finding]:
        """What is found in a text as it is written, in no order."""
        found = [*known.find(passage), *found_by_rules(passage, self._wanted)]
        if self._model is not None:
            found += self._model.find(passage.text)
        return [each for each in found if each.info_type in self._wanted]

    def _replacement(self, text: str, found: Finding, written: WrittenDate | None, context: str) -> str:
        """What takes the place of a finding, which may be a date of the text."""
        how = self.rules.transformation(found.info_type)
        said = text[found.start : found.end]
        if isinstance(how, DateShift) and written is not None:
            return moved_date(text, written, (how.secret or self._secret).days(context)) or f"[{found.info_type}]"
        return said if how is None else transformed(said, found.info_type, how, self._secret)


def _pieces(text: str, replaced: list[tuple[Finding, str]]) -> Iterator[str]:
    """A text with findings replaced, piece by piece."""
    place = 0
    for found, new in replaced:
        yield text[place : found.start]
        yield new
        place = found.end
    yield text[place:]
