"""Delimiters inside of values, as escape sequences: F for the field separator, and so on (HL7 v2.5, 2.7.1; v2.7: P)."""

import re
from functools import lru_cache

from emulator.hl7v2.delimiters import Delimiters


def unescaped(text: str, delimiters: Delimiters) -> str:
    """A value with delimiters in the place of their escape sequences; all other sequences stay as they are."""
    if not delimiters.escape or delimiters.escape not in text:
        return text
    meanings = _meanings(delimiters)
    return _pattern(delimiters.escape).sub(lambda found: meanings.get(found[1]) or found[0], text)


def escaped(text: str, delimiters: Delimiters) -> str:
    """A value with escape sequences in the place of delimiters."""
    if not delimiters.escape:
        return text
    letters = {meant: letter for letter, meant in _meanings(delimiters).items() if meant}
    return "".join(
        f"{delimiters.escape}{letters[each]}{delimiters.escape}" if each in letters else each for each in text
    )


@lru_cache(maxsize=64)
def _pattern(escape: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(escape)}([EFPRST]){re.escape(escape)}")


@lru_cache(maxsize=64)
def _meanings(delimiters: Delimiters) -> dict[str, str]:
    return {
        "F": delimiters.field,
        "S": delimiters.component,
        "T": delimiters.subcomponent,
        "R": delimiters.repetition,
        "E": delimiters.escape,
        "P": delimiters.truncation,
    }
