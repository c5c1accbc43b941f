"""Renaming a member of policies everywhere, when its account is deleted or undeleted."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.context import Context

Renaming = Callable[[sqlite3.Connection, "Context", str, str], None]
_ELSEWHERE: list[Renaming] = []


def renames(function: Renaming) -> Renaming:
    """Register what renames members outside of policies: inside a write, from one member's name to another.

    The service that keeps them registers it: it knows IAM, not the other way round.
    """
    _ELSEWHERE.append(function)
    return function


def rename(tx: sqlite3.Connection, context: Context, before: str, after: str) -> None:
    """Put one member in place of another in policies and wherever else a service keeps members."""
    context.policies.rename_member(tx, before, after)
    for function in _ELSEWHERE:
        function(tx, context, before, after)
