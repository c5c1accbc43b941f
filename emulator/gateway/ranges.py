"""Parts and versions of what is retrieved: the Range and If-None-Match headers (RFC 9110 13.1.2, 14.2)."""

import re

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """[start, stop) of a Range header; None where it asks for everything, start >= stop where it cannot be satisfied.

    Several ranges, and what is no range of bytes, count as no header at all (RFC 9110 14.2).
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        length = int(match[2])
        return (max(0, size - length), size) if length else (size, size)
    start = int(match[1])
    stop = min(int(match[2]) + 1, size) if match[2] else size
    if match[2] and int(match[2]) < start:
        return None
    return start, stop


def not_modified(if_none_match: str, etag: str) -> bool:
    """Whether the caller has this version already: its ETag is in the list, or that is `*` (weak comparison)."""
    if not if_none_match:
        return False
    known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in known or etag.removeprefix("W/") in known
