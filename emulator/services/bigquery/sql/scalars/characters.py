"""BYTES as text with one character for each byte, U+0000 to U+00FF, and back."""

from __future__ import annotations


def characters(value: bytes) -> str:
    """The characters of some bytes."""
    return value.decode("latin-1")


def bytes_of(text: str) -> bytes:
    """The bytes of characters that `characters` made."""
    return text.encode("latin-1")


def text_of(value: bytes) -> str:
    """SAFE_CONVERT_BYTES_TO_STRING: bytes as UTF-8, with U+FFFD for what is none."""
    return value.decode("utf-8", errors="replace")
