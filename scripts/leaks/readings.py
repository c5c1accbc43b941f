"""A text as somebody may read it: as it is, markup and RTF without their tags, escapes and base64 decoded."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from emulator.deidentify.fhir import rtf
from emulator.deidentify.text.layers import layers

_TAGS = re.compile(r"<[^>]*>")


def readings(text: str) -> Iterator[tuple[str, str]]:
    """The readings of a text, itself first, each with the words that stand behind its place in a report."""
    yield from (("", each) for each in _shown(text))
    for layer in layers(text):
        yield from ((f" ({layer.kind})", each) for each in _shown(layer.text))


def _shown(text: str) -> Iterator[str]:
    """A text, and what a browser or an editor would show of it."""
    yield text
    if "<" in text:
        yield html.unescape(_TAGS.sub(" ", text))
        yield html.unescape(_TAGS.sub("", text))
    if rtf.is_rtf(text):
        yield rtf.shown(text)
