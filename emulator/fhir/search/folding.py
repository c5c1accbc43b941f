"""Texts as they are compared (Cloud Healthcare: string search).

Case and accents do not count, punctuation splits words and is ignored, and so is white space beyond one space.
"""

import unicodedata
from functools import lru_cache

_SHORT = 64
"""Letters of texts that are remembered: names, cities and displays of codes come again."""
_PLAIN = {ord(each): " " for each in map(chr, range(128)) if not each.isalnum()}


def folded(text: str) -> str:
    """A text in small letters without accents or punctuation, its words apart by single spaces."""
    return _remembered(text) if len(text) <= _SHORT else _folded(text)


def _folded(text: str) -> str:
    if not text.isascii():
        text = "".join(map(_letter, unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())))
    return " ".join(text.translate(_PLAIN).lower().split())


_remembered = lru_cache(maxsize=8192)(_folded)


def _letter(letter: str) -> str:
    category = unicodedata.category(letter)
    if category[0] == "M":
        return ""
    return " " if category[0] in "PZSC" else letter
