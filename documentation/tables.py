"""Tables and code of the pages."""

from __future__ import annotations

MADE = "<!-- Made by `python -m documentation`. -->"


def code(text: str) -> str:
    """A text as code."""
    return f"`{text}`"


def row(*cells: str) -> str:
    """A row of a table."""
    return "| " + " | ".join(" ".join(each.split()).replace("|", "\\|") for each in cells) + " |"
