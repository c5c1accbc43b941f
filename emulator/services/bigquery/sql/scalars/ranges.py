"""RANGE from text: its two bounds.

https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#range_literals
"""

from __future__ import annotations

import re

from emulator.services.bigquery.sql.scalars.errors import ScalarError

RANGE = re.compile(r"\[\s*(?P<start>[^,\[\]()]*?)\s*,\s*(?P<end>[^,\[\]()]*?)\s*\)\Z")
UNBOUNDED = ("UNBOUNDED", "NULL")


def bounds(text: str) -> list[str | None]:
    """Start and end of `[start, end)` as they are written, None for UNBOUNDED. Raises ScalarError for other text."""
    found = RANGE.match(text)
    if found is None:
        raise ScalarError(f"Invalid RANGE value '{text}': it is written [start, end)")
    return [None if part.upper() in UNBOUNDED else part for part in (found["start"], found["end"])]
