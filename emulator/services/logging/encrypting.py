"""Entries that only log buckets with a key have: encrypted in their rows, where data are encrypted at rest.

One that is in several buckets is encrypted if all of them have the same version: it has one row.
"""

from __future__ import annotations

import functools
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import orjson

from emulator.errors import ApiError
from emulator.services.logging import keys
from emulator.services.logging.buckets import BUCKETS
from emulator.services.logging.placing import routes
from emulator.services.logging.routing import Route
from emulator.services.logging.service import SERVICE
from emulator.state import data_keys
from emulator.state.data_keys import DataKeys

if TYPE_CHECKING:
    from emulator.context import Context

Versions = list[tuple[Route, str]]
"""What is brought to the buckets of a project, each with the version of its key, "" for none."""


@SERVICE.on_start
async def start(context: Context) -> None:
    """Encrypt what is stored from now on, where that is asked for."""
    if context.blobs.keys is not None:
        context.logs.encrypt = functools.partial(_encrypted, context, context.blobs.keys)


def _encrypted(
    context: Context, data: DataKeys, tx: sqlite3.Connection, entries: Sequence[tuple[str, bytes]]
) -> list[bytes]:
    """What rows hold of entries, each with its project."""
    protected = _protected(context, tx)
    if not protected:
        return [entry for _, entry in entries]
    known = {project: _versions(context, tx, project, versions) for project, versions in protected.items()}
    return [_kept(data, known.get(project, []), entry) for project, entry in entries]


def _protected(context: Context, tx: sqlite3.Connection) -> dict[str, dict[str, str]]:
    """Of each project that has some: the buckets with keys, and their versions."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for bucket in context.resources.every(BUCKETS, tx):
        if version := keys.version_of(bucket):
            found[bucket.name.split("/")[1]][bucket.name] = version
    return found


def _versions(context: Context, tx: sqlite3.Connection, project: str, versions: dict[str, str]) -> Versions:
    return [(route, versions.get(bucket, "")) for bucket, route in routes(context, project, tx)]


def _kept(data: DataKeys, versions: Versions, raw: bytes) -> bytes:
    """What a row holds of an entry: as it is while its version is closed, so that none is lost."""
    if not versions:
        return raw
    entry = orjson.loads(raw)
    found = {version for route, version in versions if route.takes(entry)}
    try:
        return data_keys.text_kept(data, found.pop(), raw) if len(found) == 1 else raw
    except ApiError:
        return raw
