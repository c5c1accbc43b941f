"""Redacted films are read a second time: nothing of what was burned in is found, and clean films are left alone.

BURNED_IN_FILMS says how many films are made (3); the figures of 500 are in docs/deidentification.md.
"""

import os
from pathlib import Path

import pytest

from emulator.deidentify.image import Box, detector, redact, texts_of
from tests.emulator.deidentify.image.films import clean_film, film
from tests.emulator.deidentify.image.stamps import EVERYTHING
from tests.support.burned_in import Planted

FILMS = int(os.environ.get("BURNED_IN_FILMS", "3"))
GROUPS = 9
"""So many films are a test: one of each kind of pixels."""
LEGIBLE = 14
"""The least height in pixels of text that must be gone."""
TOUCHED = 0.001
"""Which part of the area of clean films may be blackened."""


def says(planted: Planted, box: Box) -> bool:
    """Whether a text that was read shows four characters in a row of one that was planted, at its place."""
    said, text = (each.upper().replace(" ", "") for each in (box.text, planted.text))
    met = box.meets(Box(planted.x, planted.y, planted.width, planted.height))
    return met and any(text[start : start + 4] in said for start in range(max(1, len(text) - 3)))


@pytest.mark.parametrize("first", range(0, FILMS, GROUPS))
def test_a_second_reading_finds_nothing_of_what_was_burned_in(first: int, tmp_path: Path) -> None:
    left = []
    for number in range(first, min(first + GROUPS, FILMS)):
        source, target = tmp_path / f"{number}.dcm", tmp_path / f"{number}-redacted.dcm"
        planted = film(number, source)
        redact(source, target, EVERYTHING, detector())
        for frame, (texts, boxes) in enumerate(zip(planted, texts_of(target, detector()), strict=True)):
            left += [(number, frame, each) for each in texts if any(says(each, box) for box in boxes)]
    assert [each for each in left if each[2].size >= LEGIBLE] == []


def test_clean_films_are_left_alone(tmp_path: Path) -> None:
    touched = []
    for number in range(max(2, FILMS // 10)):
        source = tmp_path / "clean.dcm"
        clean_film(number, source)
        found = redact(source, tmp_path / "redacted.dcm", EVERYTHING, detector())
        assert found is not None
        touched.append(found.area)
    assert sum(touched) / len(touched) <= TOUCHED
