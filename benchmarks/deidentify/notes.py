"""Made-up clinical notes in several styles, with what in them identifies a person marked: the answer key of text rules.

The styles are files of notes/: variants parted by %%, with {names} for what is planted. They were written before the
rules that are measured by them; clinical sentences hold eponyms, values and words that are surnames, too, as traps. The
rules were tuned with the set "tuned", and never with "held_out", which has other styles, people and places.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.deidentify.story import Story

_HERE = Path(__file__).parent / "notes"
_PLACE = re.compile(r"\{(\w+)\}")
TUNED, HELD_OUT = "tuned", "held_out"


@dataclass(frozen=True)
class Planted:
    """What identifies a person in a note: characters start to end, its infoType, and which kind of it."""

    start: int
    end: int
    info_type: str
    kind: str


@dataclass(frozen=True)
class Note:
    """A note, its style, what is planted in it, and what the patient's record would say (infoType, value)."""

    text: str
    style: str
    planted: tuple[Planted, ...]
    known: tuple[tuple[str, str], ...]


def notes(count: int, of: str = TUNED, seed: int = 1) -> list[Note]:
    """So many notes of a set, its styles in turn; the same ones for a seed."""
    chance = random.Random(seed)  # noqa: S311
    styles = sorted(_styles(of).items())
    return [_note(*styles[number % len(styles)], Story(chance, _pools(of))) for number in range(count)]


@cache
def _styles(of: str) -> dict[str, list[str]]:
    """The variants of each style of a set."""
    return {path.stem: path.read_text().split("%%\n") for path in (_HERE / of).glob("*.txt")}


@cache
def _pools(of: str) -> dict[str, list[str]]:
    """The words of a set: names, places and sentences."""
    found: dict[str, list[str]] = json.loads((_HERE / of / "pools.json").read_text())
    return found


def _note(style: str, variants: list[str], story: Story) -> Note:
    """A note of a style, one of its variants filled in."""
    text, planted, place = "", [], 0
    template = story.chance.choice(variants).strip("\n")
    for match in _PLACE.finditer(template):
        text += template[place : match.start()]
        said = story.said(match[1])
        if said.info_type:
            planted.append(Planted(len(text), len(text) + len(said.text), said.info_type, match[1]))
        text += said.text
        place = match.end()
    return Note(text + template[place:], style, tuple(planted), tuple(story.known()))
