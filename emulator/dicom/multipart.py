"""multipart/related bodies (PS3.18 8.6, RFC 2046 5.1), written as they stream; gateway/multipart.py reads them."""

from collections.abc import Sequence


def part_head(boundary: str, content_type: str, location: str = "") -> bytes:
    """Write what precedes a part's bytes. (Viewers want this letter case of `Content-Type`, and the boundary first.)"""
    place = f"Content-Location: {location}\r\n" if location else ""
    return f"--{boundary}\r\nContent-Type: {content_type}\r\n{place}\r\n".encode()


PART_END = b"\r\n"


def length_of(heads: Sequence[bytes], bodies: Sequence[int], boundary: str) -> int:
    """The length of a body of parts with these heads, and with contents of these lengths."""
    return sum(map(len, heads)) + sum(bodies) + len(heads) * len(PART_END) + len(closing(boundary))


def closing(boundary: str) -> bytes:
    """Write what ends the body."""
    return f"--{boundary}--\r\n".encode()
