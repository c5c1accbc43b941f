"""Changes of versions and of the key that they belong to, inside a write."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulator.services.cloudkms import algorithms
from emulator.services.cloudkms.resources import KEYS, VERSIONS
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context


def view_version(version: Resource) -> dict[str, Any]:
    """A version as Cloud KMS answers it."""
    return {"name": version.name, "createTime": version.created, "generateTime": version.created, **version.body}


async def new_material(key: dict[str, Any]) -> bytes:
    """Key material for a new version of a key with that body."""
    return await asyncio.to_thread(algorithms.material, key["versionTemplate"]["algorithm"])


def add_version(context: Context, tx: sqlite3.Connection, key: str, material: bytes) -> Resource:
    """Add an enabled version with that key material to a key; versions are numbered from 1."""
    number = len(context.resources.list(VERSIONS, key, tx=tx)[0]) + 1
    name = f"{key}/cryptoKeyVersions/{number}"
    template = context.resources.require(KEYS, key, tx).body["versionTemplate"]
    body = {"state": "ENABLED", "protectionLevel": template["protectionLevel"], "algorithm": template["algorithm"]}
    kept = material if context.root_key is None else context.root_key.seal(material, name.encode())
    tx.execute("INSERT INTO kms_material(version, secret) VALUES(?, ?)", (name, kept))
    return context.resources.insert(tx, VERSIONS, name, key, body)


def set_primary(context: Context, tx: sqlite3.Connection, key: str, version: Resource) -> Resource:
    """Make a version the one that encrypts; gives the key."""
    stored = context.resources.require(KEYS, key, tx)
    return context.resources.replace(tx, KEYS, key, {**stored.body, "primary": view_version(version)})


def change_version(
    context: Context, tx: sqlite3.Connection, name: str, change: Callable[[Resource], dict[str, Any]]
) -> Resource:
    """Give a version the body that `change` makes of it; the key shows its primary version as it is."""
    old = context.resources.require(VERSIONS, name, tx)
    version = context.resources.replace(tx, VERSIONS, name, change(old))
    key = context.resources.require(KEYS, old.parent, tx)
    if key.body.get("primary", {}).get("name") == name:
        set_primary(context, tx, key.name, version)
    return version
