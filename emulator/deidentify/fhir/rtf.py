"""Rich Text Format (Microsoft, version 1.9.1): the text that it shows, and a document that shows a text plainly."""

from __future__ import annotations

import re

_START = "{\\rtf"
_TOKEN = re.compile(
    r"\\u(?P<unicode>-?\d{1,5}) ?(?:\\'[0-9A-Fa-f]{2}|[^\\{}])?"
    r"|\\'(?P<byte>[0-9A-Fa-f]{2})"
    r"|\\(?P<word>[a-z]{1,32})(?P<number>-?\d{1,10})? ?"
    r"|\\(?P<symbol>[^a-z])"
    r"|(?P<open>\{)|(?P<close>\})|[\r\n]+|(?P<text>[^\\{}\r\n]+)",
    re.IGNORECASE | re.DOTALL,
)
_BREAKS = {"par": "\n", "line": "\n", "row": "\n", "sect": "\n", "page": "\n", "tab": "\t", "cell": "\t"}
_SIGNS = {"emdash": "\u2014", "endash": "\u2013", "lquote": "\u2018", "rquote": "\u2019", "bullet": "\u2022"}
_SYMBOLS = {"~": "\u00a0", "_": "-", "\\": "\\", "{": "{", "}": "}", "\n": "\n", "\r": "\n"}
_UNSEEN = frozenset(
    (
        *("fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "fldinst", "listtable", "listoverridetable"),
        *("revtbl", "rsidtbl", "generator", "themedata", "datastore", "xmlnstbl", "filetbl"),
    )
)
"""Destinations that hold no text of the document, but for names of authors and files."""


def is_rtf(text: str) -> bool:
    """Whether a text begins as a document of this format does."""
    return text.lstrip("\ufeff \r\n").startswith(_START)


def shown(document: str) -> str:
    """The text of a document, without its formatting, pictures, fields' codes, and what tells of its author."""
    said, depth, unseen = "", 0, None
    for token in _TOKEN.finditer(document):
        depth += bool(token["open"]) - bool(token["close"])
        if unseen is not None and depth < unseen:
            unseen = None
        if unseen is None and (token["word"] in _UNSEEN or token["symbol"] == "*"):
            unseen = depth
        if unseen is None:
            said += _said(token)
    return said


def written(text: str) -> str:
    """A document that shows a text."""
    return f"{_START}1\\ansi\\uc1 {''.join(map(_escaped, text))}}}"


def _said(token: re.Match[str]) -> str:
    if token["unicode"]:
        return chr(int(token["unicode"]) % 0x10000)
    if token["byte"]:
        return bytes.fromhex(token["byte"]).decode("cp1252", "replace")
    if word := token["word"]:
        return _BREAKS.get(word) or _SIGNS.get(word, "")
    return _SYMBOLS.get(token["symbol"], "") if token["symbol"] else token["text"] or ""


def _escaped(one: str) -> str:
    if one == "\n":
        return "\\par\n"
    if one in "\\{}":
        return f"\\{one}"
    if one.isascii():
        return one
    units = one.encode("utf-16-le", "replace")
    numbers = (int.from_bytes(units[at : at + 2], "little", signed=True) for at in range(0, len(units), 2))
    return "".join(f"\\u{number}?" for number in numbers)
