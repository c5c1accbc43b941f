"""Extractors: what a log-based metric, or an alert on log entries, takes out of an entry (LogMetric.label_extractors).

EXTRACT(field) and REGEXP_EXTRACT(field, "expression with one group").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from emulator.errors import invalid_argument
from emulator.patterns import extractor
from emulator.services.logging.fields import values_at

Extractor = Callable[[dict[str, Any]], str | None]
_FIELD = re.compile(r"\s*EXTRACT\(\s*([\w.@/\-]+)\s*\)\s*", re.ASCII)
_PART = re.compile(r"""\s*REGEXP_EXTRACT\(\s*([\w.@/\-]+)\s*,\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*\)\s*""")


def compile_extractor(text: str) -> Extractor:
    """What gives the text that is extracted from an entry, None where its field is missing or does not match.

    Raises a 400 for an expression that can't be read.
    """
    if field := _FIELD.fullmatch(text):
        path = field[1]
        return lambda entry: _first(entry, path)
    part = _PART.fullmatch(text)
    if part is None:
        raise invalid_argument(
            f'Invalid extractor "{text[:100]}": write EXTRACT(field) or REGEXP_EXTRACT(field, "expression").'
        )
    try:
        extract = extractor(re.sub(r'\\(["\'\\])', r"\1", part[2] if part[2] is not None else part[3]))
    except ValueError as problem:
        raise invalid_argument(f'Invalid extractor "{text[:100]}": {problem}.') from None
    return lambda entry: _extracted(_first(entry, part[1]), extract)


def compile_all(texts: Mapping[str, str]) -> Callable[[dict[str, Any]], dict[str, str]]:
    """What gives the labels of an entry, by name; "" where there is nothing to extract. Raises a 400."""
    made = {name: compile_extractor(text) for name, text in texts.items()}
    return lambda entry: {name: extract(entry) or "" for name, extract in made.items()}


def _first(entry: dict[str, Any], path: str) -> str | None:
    found = next(values_at(entry, path), None)
    if isinstance(found, bool):
        return str(found).lower()
    return None if found is None or isinstance(found, dict) else str(found)


def _extracted(text: str | None, extract: Callable[[str], str]) -> str | None:
    return None if text is None else extract(text) or None
