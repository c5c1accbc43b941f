"""What goes with a key, where data are encrypted at rest: data in rows, which no version of it encrypts by itself.

Their pages are encrypted by the root key, which all versions are, too: what only a key's versions should open goes from
the disk with the last of them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from emulator.services.cloudkms.protecting import key_of
from emulator.services.cloudkms.resources import VERSIONS

if TYPE_CHECKING:
    from emulator.context import Context

Eraser = Callable[["Context", sqlite3.Connection, str], None]
LaterEraser = Callable[["Context", frozenset[str]], Awaitable[None]]
_ERASERS: list[Eraser] = []
_LATER: list[LaterEraser] = []


def erases(eraser: Eraser) -> Eraser:
    """Register what erases the data of a key, by its name, once all its versions are destroyed."""
    _ERASERS.append(eraser)
    return eraser


def erases_later(eraser: LaterEraser) -> LaterEraser:
    """Register what erases, beyond the database, the data of versions, by their names, once these are destroyed."""
    _LATER.append(eraser)
    return eraser


def erase(context: Context, tx: sqlite3.Connection, destroyed: Iterable[str]) -> None:
    """Erase the data of keys that have no version left, of which these were destroyed in the same transaction."""
    if context.root_key is None:
        return
    for key in sorted({key_of(version) for version in destroyed}):
        left = context.resources.list(VERSIONS, key, tx=tx)[0]
        if all(version.body["state"] == "DESTROYED" for version in left):
            for eraser in _ERASERS:
                eraser(context, tx, key)


async def erase_later(context: Context, destroyed: Iterable[str]) -> None:
    """Erase what of the data of versions is not in the database, after the transaction that destroyed them."""
    names = frozenset(destroyed)
    if context.root_key is not None and names:
        for eraser in _LATER:
            await eraser(context, names)
