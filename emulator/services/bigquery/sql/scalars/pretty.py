"""JSON for people: TO_JSON_STRING(value, TRUE).

https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#to_json_string
"""

from __future__ import annotations

import re

PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+')


def pretty_json(text: str) -> str:
    """A JSON text with a line for each element, indented by two spaces; numbers and strings stay as they are."""
    parts: list[str] = []
    depth = 0
    pieces = PIECE.findall(text)
    for before, piece in zip(["", *pieces], pieces, strict=False):
        closing = piece in ("]", "}")
        depth -= closing
        if (before in ("[", "{", ",") and not (closing and before != ",")) or (closing and before not in ("[", "{")):
            parts.append("\n" + "  " * depth)
        parts.append(": " if piece == ":" else piece)
        depth += piece in ("[", "{")
    return "".join(parts)
