"""What goes with a key, where data are encrypted at rest.

Rows that a version encrypts by itself go with it, and with them what they are found by. That, and all else whose pages
only the root key encrypts, goes with the last version of the key.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from itertools import product
from typing import TYPE_CHECKING

from emulator.services.cloudkms.protecting import key_of
from emulator.services.cloudkms.resources import VERSIONS

if TYPE_CHECKING:
    from emulator.context import Context

Eraser = Callable[["Context", sqlite3.Connection, str], None]
LaterEraser = Callable[["Context", frozenset[str]], Awaitable[None]]
_ERASERS: list[Eraser] = []
_OF_VERSIONS: list[Eraser] = []
_LATER: list[LaterEraser] = []


def erases(eraser: Eraser) -> Eraser:
    """Register what erases the data of a key, by its name, once all its versions are destroyed."""
    _ERASERS.append(eraser)
    return eraser


def erases_encrypted(eraser: Eraser) -> Eraser:
    """Register what erases the rows that a version encrypts, by its name, once it is destroyed and others are left."""
    _OF_VERSIONS.append(eraser)
    return eraser


def erases_later(eraser: LaterEraser) -> LaterEraser:
    """Register what erases, beyond the database, the data of versions, by their names, once these are destroyed."""
    _LATER.append(eraser)
    return eraser


def erase(context: Context, tx: sqlite3.Connection, destroyed: Iterable[str]) -> None:
    """Erase the data of versions that were destroyed in the same transaction, or of keys that have no other left."""
    if context.root_key is None:
        return
    by_key: dict[str, list[str]] = defaultdict(list)
    for version in sorted(destroyed):
        by_key[key_of(version)].append(version)
    for key, versions in by_key.items():
        left = context.resources.list(VERSIONS, key, tx=tx)[0]
        is_gone = all(version.body["state"] == "DESTROYED" for version in left)
        erasers, names = (_ERASERS, [key]) if is_gone else (_OF_VERSIONS, versions)
        for eraser, name in product(erasers, names):
            eraser(context, tx, name)


async def erase_later(context: Context, destroyed: Iterable[str]) -> None:
    """Erase what of the data of versions is not in the database, after the transaction that destroyed them."""
    names = frozenset(destroyed)
    if context.root_key is not None and names:
        for eraser in _LATER:
            await eraser(context, names)
