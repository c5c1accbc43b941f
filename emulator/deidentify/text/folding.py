"""Texts without case and accents, so that one person's name is one word however it is written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_RUN = re.compile(r"[^\W\d_]+|\d+")
_ONE_CHARACTER_WORDS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_HUMP = re.compile(r"(?<=[a-z])[A-Z]|(?<=[A-Z])[A-Z](?=[a-z])")
_KATAKANA, _HIRAGANA = range(0x30A1, 0x30F7), 0x3041
"""The same syllables in two scripts."""


@dataclass(frozen=True, slots=True)
class Word:
    """A run of letters or of digits: its folded text, and where it stands in the original."""

    text: str
    start: int
    end: int


def words(text: str) -> list[Word]:
    """The words of a text in order. Chinese, Japanese and Korean characters are a word each: no spaces part them."""
    if text.isascii():
        return [Word(match[0], match.start(), match.end()) for match in _RUN.finditer(text.lower())]
    return list(_folded_words(text))


def humps(text: str, word: Word) -> list[Word]:
    """The parts of a word of a text that begin with a capital within it; the word alone where it has none."""
    starts = [word.start, *(word.start + each.start() for each in _HUMP.finditer(text[word.start : word.end]))]
    ends = [*starts[1:], word.end]
    return [Word(folded(text[start:end]), start, end) for start, end in zip(starts, ends, strict=True) if start < end]


def folded(text: str) -> str:
    """A text in small letters without accents."""
    return text.lower() if text.isascii() else "".join(_character(each) for each in text)


@lru_cache(maxsize=4096)
def _character(one: str) -> str:
    """What a character is folded to: none for an accent that stands alone, two for ß, hiragana for katakana."""
    parts = unicodedata.normalize("NFKD", one.casefold())
    return "".join(_syllable(part) for part in parts if not unicodedata.combining(part))


def _syllable(one: str) -> str:
    return chr(ord(one) - _KATAKANA.start + _HIRAGANA) if ord(one) in _KATAKANA else one


def _folded_words(text: str) -> Iterator[Word]:
    pieces = [(_character(one), position) for position, one in enumerate(text)]
    flat = "".join(piece for piece, _ in pieces)
    places = [position for piece, position in pieces for _ in piece]
    for match in _RUN.finditer(flat):
        for start, end in _split(match):
            yield Word(flat[start:end], places[start], _end(text, places[end - 1]))


def _split(match: re.Match[str]) -> Iterator[tuple[int, int]]:
    """The run, or where it has characters that are words each, these."""
    if not _ONE_CHARACTER_WORDS.search(match[0]):
        yield match.span()
        return
    for position in range(*match.span()):
        yield position, position + 1


def _end(text: str, last: int) -> int:
    """Where a word ends: after the accents that follow its last character."""
    last += 1
    while last < len(text) and unicodedata.combining(text[last]):
        last += 1
    return last
