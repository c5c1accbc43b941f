"""What a text says in another writing: escapes of markup, JSON, URLs and HL7, wide letters, base64.

A layer is such a text as it would be read, with the place of each character in the one that it was made of, so that
what is found in it can be taken out there.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from urllib.parse import unquote_to_bytes

from emulator.deidentify.text.findings import Finding

Span = tuple[int, int]

_DEEPEST = 3
"""Layers within layers that are looked at: base64 of a URL in JSON."""
_HINT = re.compile(r"[%&\\=\uff01-\uff5e]")
_ESCAPE = re.compile(
    r"(?P<url>(?:%[0-9A-Fa-f]{2})+)"
    r"|(?P<html>&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});)"
    r"|\\u(?P<json>[0-9A-Fa-f]{4})"
    r"|\\X(?P<hl7>(?:[0-9A-Fa-f]{2})+)\\"
    r"|(?P<mail>(?:=[0-9A-F]{2})+)"
    r"|(?P<line>=\r?\n)"
    r"|(?P<wide>[\uff01-\uff5e])"
)
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{16,}(?:\r?\n[A-Za-z0-9+/]+)*={0,2}")
_WIDE = 0xFF01 - 0x21


@dataclass(frozen=True)
class Layer:
    """A text in another writing.

    kind    "escapes" or "base64"
    places  where each of its characters stands, (start, end), in the text that it was made of
    """

    kind: str
    text: str
    places: list[Span]

    def outside(self, found: Finding) -> Finding:
        """A finding of the layer as one of the text that it was made of."""
        return replace(found, start=self.places[found.start][0], end=self.places[found.end - 1][1])


def layers(text: str, depth: int = 0) -> Iterator[Layer]:
    """The layers of a text, and the layers within these; none of a text that is all as it is read."""
    for layer in _layers(text):
        yield layer
        if depth + 1 < _DEEPEST:
            yield from (_within(layer, inner) for inner in layers(layer.text, depth + 1))


def _layers(text: str) -> Iterator[Layer]:
    if _HINT.search(text) and _ESCAPE.search(text):
        yield _unescaped(text)
    for match in _BASE64.finditer(text):
        if (said := _decoded(match[0])) is not None:
            yield Layer("base64", said, [match.span()] * len(said))


def _within(outer: Layer, inner: Layer) -> Layer:
    """A layer of a layer as one of the text itself."""
    spans = [(outer.places[start][0], outer.places[end - 1][1]) for start, end in inner.places]
    return Layer(inner.kind, inner.text, spans)


def _unescaped(text: str) -> Layer:
    said, places, position = "", list[Span](), 0
    for match in _ESCAPE.finditer(text):
        character = _meant(match)
        said += text[position : match.start()] + character
        places += [(each, each + 1) for each in range(position, match.start())] + [match.span()] * len(character)
        position = match.end()
    places += [(each, each + 1) for each in range(position, len(text))]
    return Layer("escapes", said + text[position:], places)


def _meant(match: re.Match[str]) -> str:
    """The characters that an escape stands for."""
    written = match[match.lastgroup or 0]
    match match.lastgroup:
        case "url" | "mail":
            return _bytes(unquote_to_bytes(written.replace("=", "%")))
        case "html":
            return unescape(written)
        case "json":
            return chr(int(written, 16))
        case "hl7":
            return _bytes(bytes.fromhex(written))
        case "wide":
            return chr(ord(written) - _WIDE)
    return ""


def _bytes(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _decoded(written: str) -> str | None:
    """The text that base64 stands for; None where it stands for none."""
    packed = "".join(written.split()).rstrip("=")
    if len(packed) % 4 == 1:
        return None
    try:
        text = base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return text if all(each.isprintable() or each.isspace() for each in text) else None
