"""XHTML of narratives, and other markup in attachments: its texts and telling attributes cleaned, its tags kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

from emulator.deidentify.text import Cleaner, Known
from emulator.deidentify.text.findings import FindingKind, Origin

_XHTML = "http://www.w3.org/1999/xhtml"
_HARMLESS = frozenset(
    re.findall(
        r"\S+",
        "xmlns lang xml:lang dir align valign width height colspan rowspan border cellpadding"
        " cellspacing span scope start type",
    )
)
"""Attributes that say how something looks."""
_READ = frozenset(("title", "alt", "summary", "abbr", "name", "id", "class", "style", "headers"))
"""Attributes that are texts. All others, href and src among them, are left out unless they point into the document."""
_INLINE = frozenset(re.findall(r"\S+", "a abbr b big cite code em font i img q s small span strong sub sup tt u var"))
_BARE_AMPERSAND = re.compile(r"&(?!#?\w+;)")


@dataclass
class _Piece:
    """A run of text, or markup that is written as it is."""

    text: str
    is_text: bool = True
    in_tag: bool = False


@dataclass
class _Reader(HTMLParser):
    """Takes markup apart. Comments, processing instructions and scripts are left out."""

    pieces: list[_Piece] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open(tag, attrs, ">")
        self._skipped += tag in ("script", "style")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open(tag, attrs, "/>")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._skipped = max(0, self._skipped - 1)
        self._markup(f"</{tag}>", breaks=tag not in _INLINE)

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.pieces.append(_Piece(data))

    def _open(self, tag: str, attrs: list[tuple[str, str | None]], end: str) -> None:
        self._markup(f"<{tag}", breaks=tag not in _INLINE)
        for name, value in attrs:
            if value and (name in _READ or (name == "href" and value.startswith("#"))):
                self._markup(f' {name}="')
                self.pieces.append(_Piece(value, in_tag=True))
                self._markup('"')
            elif value and name in _HARMLESS:
                self._markup(f' {name}="{escape(value)}"')
        self._markup(end)

    def _markup(self, text: str, *, breaks: bool = False) -> None:
        if breaks and self.pieces:
            self.pieces.append(_Piece("", is_text=False))
        self.pieces.append(_Piece(text, is_text=False))


class Narrative:
    """Cleans markup. A text that tags divide is read as one, so that what they divide is found."""

    def __init__(self, cleaner: Cleaner) -> None:
        self._cleaner = cleaner

    def cleaned(self, markup: str, known: Known, context: str) -> tuple[str, tuple[FindingKind, ...]]:
        """The markup with its texts cleaned, and what was found."""
        pieces = _read(markup)
        whole, places = _joined(pieces)
        replaced = self._cleaner.replacements(whole, known, context)
        for finding, new in reversed(replaced):
            _replace(pieces, places, finding.start, finding.end, new)
        return _written(pieces), tuple(each.kind(Origin.RESOURCE) for each, _ in replaced)

    def masked(self, markup: str, character: str) -> str:
        """The markup with every character of its texts but blanks made the masking character."""
        pieces = _read(markup)
        for piece in pieces:
            if piece.is_text:
                piece.text = re.sub(r"\S", lambda _: character, piece.text)
        return _written(pieces)

    def saying(self, text: str) -> str:
        """A narrative of one text."""
        return f'<div xmlns="{_XHTML}">{escape(text, quote=False)}</div>'


def _read(markup: str) -> list[_Piece]:
    reader = _Reader()
    reader.feed(_BARE_AMPERSAND.sub("&amp;", markup))
    reader.close()
    return reader.pieces


def _joined(pieces: list[_Piece]) -> tuple[str, list[tuple[int, int]]]:
    """The texts of pieces as one, and where in it each piece begins: (position, number of the piece).

    Between texts that more than inline tags divide there is a line end; attributes follow, a line each.
    """
    whole, places = "", []
    for number, piece in enumerate(pieces):
        if piece.is_text and not piece.in_tag:
            places.append((len(whole), number))
            whole += piece.text
        elif not piece.text and not whole.endswith("\n"):
            whole += "\n"
    for number, piece in enumerate(pieces):
        if piece.in_tag:
            whole += "\n"
            places.append((len(whole), number))
            whole += piece.text
    return whole, places


def _replace(pieces: list[_Piece], places: list[tuple[int, int]], start: int, end: int, new: str) -> None:
    """Put a text in the place of characters start to end of all texts, which may be those of several pieces."""
    for position, number in reversed(places):
        piece = pieces[number]
        first, last = max(start - position, 0), end - position
        if last <= 0 or first >= len(piece.text):
            continue
        put = new if start >= position else ""
        piece.text = piece.text[:first] + put + piece.text[last:]
        if start >= position:
            return


def _written(pieces: list[_Piece]) -> str:
    return "".join(escape(piece.text, quote=piece.in_tag) if piece.is_text else piece.text for piece in pieces)
