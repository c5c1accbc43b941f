"""Texts as they are compared (Cloud Healthcare: string search).

Case and accents do not count, punctuation splits words and is ignored, and so is white space beyond one space.
"""

import unicodedata

_PLAIN = {ord(each): " " for each in map(chr, range(128)) if not each.isalnum()}


def folded(text: str) -> str:
    """A text in small letters without accents or punctuation, its words apart by single spaces."""
    if not text.isascii():
        text = "".join(map(_letter, unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())))
    return " ".join(text.translate(_PLAIN).lower().split())


def _letter(letter: str) -> str:
    category = unicodedata.category(letter)
    if category[0] == "M":
        return ""
    return " " if category[0] in "PZSC" else letter
