"""Values out: JSON bodies and partial responses (`fields=items(name,size),nextPageToken`)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson

from emulator.errors import invalid_argument

Mask = dict[str, "Mask"]


def dumps(value: Any, mask: str | None = None) -> bytes:
    """JSON bytes of `value`, reduced to `mask` where one is given."""
    if mask and mask != "*":
        value = select(value, _parse(mask))
    return orjson.dumps(value)


def select(value: Any, mask: Mask) -> Any:
    """Only what the mask names, through lists and objects."""
    if not mask or ("*" in mask and not mask["*"]):
        return value
    if isinstance(value, list):
        return [select(item, mask) for item in value]
    if isinstance(value, dict):
        if "*" in mask:
            return {key: select(item, mask["*"]) for key, item in value.items()}
        return {key: select(item, mask[key]) for key, item in value.items() if key in mask}
    return value


@lru_cache(maxsize=256)
def _parse(text: str) -> Mask:
    mask, rest = _fields(text, 0)
    if rest != len(text):
        raise invalid_argument(f"Invalid field selection {text}", reason="invalidParameter")
    return mask


def _fields(text: str, at: int) -> tuple[Mask, int]:
    mask: Mask = {}
    while True:
        start = at
        while at < len(text) and text[at] not in ",()":
            at += 1
        path = text[start:at].strip()
        if not path:
            raise invalid_argument(f"Invalid field selection {text}", reason="invalidParameter")
        node = mask
        for part in path.split("/"):
            node = node.setdefault(part, {})
        if at < len(text) and text[at] == "(":
            inner, at = _fields(text, at + 1)
            if at >= len(text) or text[at] != ")":
                raise invalid_argument(f"Invalid field selection {text}", reason="invalidParameter")
            node.update(inner)
            at += 1
        if at < len(text) and text[at] == ",":
            at += 1
            continue
        return mask, at
