"""Arguments of functions and procedures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Argument:
    """An argument of a routine: its type as it is written, "" for ANY TYPE; mode is IN, OUT or INOUT."""

    name: str
    kind: str
    mode: str = "IN"
