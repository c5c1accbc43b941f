"""What HL7 calls the fields of segments and the components of data types, by version (names.json)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_TABLES = Path(__file__).with_name("names.json")
DEFAULT_VERSION = "2.5.1"
"""Whose names a message gets that states none, or one that is not known."""


@dataclass(frozen=True)
class Part:
    """A field or a component: HL7's name of it, and its data type; both empty where the tables have none."""

    name: str = ""
    type: str = ""


class Names:
    """The names of one version of HL7."""

    def __init__(self, segments: Mapping[str, int], types: Mapping[str, int], lists: list[list[str]]) -> None:
        self._segments = segments
        self._types = types
        self._lists = lists

    def field(self, segment: str, number: int) -> Part:
        """The field of a segment by HL7's number, from 1."""
        return self._part(self._segments.get(segment), number)

    def component(self, data_type: str, number: int) -> Part:
        """The component of a data type by its number, from 1."""
        return self._part(self._types.get(data_type), number)

    def _part(self, place: int | None, number: int) -> Part:
        parts = self._lists[place] if place is not None else []
        if not 1 <= number <= len(parts) or not parts[number - 1]:
            return Part()
        data_type, _, name = parts[number - 1].partition(" ")
        return Part(name, data_type)


def of_version(version: str) -> Names:
    """The names of the version that MSH-12 states; of 2.5.1 where there are none for it."""
    tables = _tables()
    found = tables["versions"].get(version) or tables["versions"][DEFAULT_VERSION]
    return Names(found["segments"], found["types"], tables["lists"])


@cache
def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = json.loads(_TABLES.read_text(encoding="utf-8"))
    return tables
