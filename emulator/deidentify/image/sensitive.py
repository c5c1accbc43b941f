"""Which of the texts that were read in a picture identify a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from emulator.deidentify.image.boxes import Box
from emulator.deidentify.image.misreading import known_in
from emulator.deidentify.image.rules import ImageRules
from emulator.deidentify.text import Cleaner, Finding, Known
from emulator.deidentify.text.findings import FindingKind, Origin

UNREADABLE = 0.6
"""Below this score a text was not read well enough to say that it identifies nobody."""
_BESIDE = 3
"""How many times its height a text may be away from the one before it in a row to be read on from there."""


def sensitive(boxes: Iterable[Box], rules: ImageRules, cleaner: Cleaner, known: Known) -> list[Box]:
    """The boxes that are to be blackened: those with a finding, and those that could not be read.

    A box is blackened as a whole, with what else its line says. Texts that follow each other in a row are looked at
    together, so that "Name:" tells what the next one is.
    """
    return [box for row in rows(boxes) for box in _in_row(row, rules, cleaner, known)]


def rows(boxes: Iterable[Box]) -> list[list[Box]]:
    """The boxes by rows, from left to right; a box whose text runs up or down is a row of its own."""
    found: list[list[Box]] = []
    for box in sorted(boxes, key=lambda box: box.x):
        row = next((row for row in found if _reads_on(row[-1], box)), None)
        if row is None:
            found.append([box])
        else:
            row.append(box)
    return found


def _reads_on(before: Box, box: Box) -> bool:
    height = min(before.height, box.height)
    beside = min(before.bottom, box.bottom) - max(before.y, box.y) > height / 2
    level = before.width >= before.height and box.width >= box.height
    return level and beside and box.x - before.right < _BESIDE * height


def _in_row(row: Sequence[Box], rules: ImageRules, cleaner: Cleaner, known: Known) -> Iterator[Box]:
    text = " ".join(box.text for box in row)
    findings = list(_found(text, rules, cleaner, known))
    start = 0
    for box in row:
        end = start + len(box.text)
        unread = box.score < UNREADABLE or not box.text
        kinds = _kinds(each for each in findings if each.start < end and start < each.end)
        if unread or kinds or _matches(box.text, rules):
            yield replace(box, found=kinds)
        start = end + 1


def _found(text: str, rules: ImageRules, cleaner: Cleaner, known: Known) -> Iterator[Finding]:
    """What identifies somebody in a text."""
    found = [*cleaner.find(text, known), *known_in(text, known)]
    yield from (each for each in found if each.info_type not in rules.exclude)


def _kinds(findings: Iterable[Finding]) -> tuple[FindingKind, ...]:
    """The infoTypes of findings, each once, by the surest of them."""
    best: dict[str, FindingKind] = {}
    for each in sorted(findings, key=lambda finding: finding.score):
        best[each.info_type] = each.kind(Origin.PIXELS)
    return tuple(best.values())


def _matches(text: str, rules: ImageRules) -> bool:
    return any(expression.found_in(text) for expression in rules.expressions)
