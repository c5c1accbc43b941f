"""Text from outside (values of DICOM files, names of files and objects, messages of servers), made safe to print.

A terminal obeys control characters, and a spreadsheet computes what begins like a formula: whoever writes a patient's
name or names a file must command neither.
"""

from __future__ import annotations

import re

# C0, DEL and C1 controls, line and paragraph separators, marks and overrides that turn the direction of text, and lone
# surrogates (bytes of a file's name that are not UTF-8).
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_FORMULA = re.compile(r"[=+\-@]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def legible(text: str) -> str:
    r"""`text` on one line with every unsafe character written out: `\x1b` for an escape, `\n` for a line break."""
    return _UNSAFE.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte, as Python's surrogateescape keeps it
        code -= 0xDC00
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def legible_json(document: str) -> str:
    r"""A JSON document with the unsafe characters of its strings as `\u....`: another program reads the same values."""
    return _UNSAFE.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", document)


def plain_cell(value: object) -> str:
    """A value as one cell of tab-separated text, which a spreadsheet takes as text and not as a formula.

    A text that begins like one gets an apostrophe in front (OWASP: CSV injection); numbers stay as they are.
    """
    text = " ".join(str(value).split())
    if isinstance(value, str) and _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        text = f"'{text}"
    return legible(text)
