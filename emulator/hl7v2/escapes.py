"""Delimiters inside of values, as escape sequences: F for the field separator, and so on (HL7 v2.5, 2.7.1; v2.7: P)."""

import re
from collections.abc import Callable
from functools import lru_cache, partial

from emulator.hl7v2.delimiters import Delimiters

_SEQUENCE = "{0}([EFPRSTHN]|[.CMXZ][^{0}]*){0}"
"""Any escape sequence (HL7 v2.5, 2.7; v2.7 adds P) between two escape characters: highlighting has H and N."""


def unescaped(text: str, delimiters: Delimiters) -> str:
    """A value with delimiters in the place of their escape sequences; other sequences stay as they are, as a whole."""
    if not delimiters.escape or delimiters.escape not in text:
        return text
    return unescaper(delimiters)(text)


@lru_cache(maxsize=64)
def unescaper(delimiters: Delimiters) -> Callable[[str], str]:
    """`unescaped` for many texts with the same delimiters, an escape character among them."""
    mark, meanings = re.escape(delimiters.escape), _meanings(delimiters)
    return partial(re.compile(_SEQUENCE.format(mark)).sub, lambda found: meanings.get(found[1]) or found[0])


def escaped(text: str, delimiters: Delimiters) -> str:
    """A value with escape sequences in the place of delimiters."""
    if not delimiters.escape:
        return text
    letters = {meant: letter for letter, meant in _meanings(delimiters).items() if meant}
    return "".join(
        f"{delimiters.escape}{letters[each]}{delimiters.escape}" if each in letters else each for each in text
    )


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
