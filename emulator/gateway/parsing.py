"""JSON in: as strictly as it is usually written, else as leniently as Google's parser reads it.

That takes texts in single quotes, keys without any, and a comma after the last entry (protobuf, json_stream_parser.cc);
curl lines of Cloud Healthcare's pages count on it.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

_LARGEST = 1 << 16
"""Bytes of what is read leniently: documents that a person wrote."""
# What has no end is one token, too, so that no place is looked at twice.
_TOKEN = re.compile(
    r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'
    r"|'(?P<text>[^'\\]*+(?:\\.[^'\\]*+)*+)(?:(?P<end>')|\\?\Z)"
    r"|(?P<word>[A-Za-z_$][\w$]*+)(?P<colon>\s*+:)?"
    r"|[{\[]\s*+,"
    r"|(?P<comma>,)(?=\s*+[}\]])",
    re.DOTALL,
)
_QUOTE = re.compile(r"\\.|\"", re.DOTALL)
_STANDARD = {"\\'": "'", '"': '\\"'}


def loads(raw: bytes) -> Any:
    """The value that JSON states. Raises ValueError, which says where a strict reader stopped, for what is none."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as problem:
        if len(raw) > _LARGEST:
            raise
        try:
            return orjson.loads(_TOKEN.sub(_strictly, raw.decode()))
        except ValueError:
            raise problem from None


def _strictly(found: re.Match[str]) -> str:
    """A token as strict JSON has it."""
    if found["end"]:
        return '"' + _QUOTE.sub(lambda each: _STANDARD.get(each[0], each[0]), found["text"]) + '"'
    if found["colon"]:
        return f'"{found["word"]}":'
    return "" if found["comma"] else found[0]
