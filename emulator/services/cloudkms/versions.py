"""Versions of keys: create, get, list, enable, disable, destroy (after a delay) and restore."""

from __future__ import annotations

import secrets
import sqlite3
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from emulator.errors import failed_precondition, invalid_argument
from emulator.gateway import validation
from emulator.gateway.collections import Collection, crud
from emulator.gateway.request import Answer, Request
from emulator.services.cloudkms.resources import GONE, KEYS, METHODS, VERSIONS, seconds
from emulator.services.cloudkms.service import SERVICE
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_VERSIONS = f"{METHODS}.cryptoKeys.cryptoKeyVersions"


def view_version(version: Resource) -> dict[str, Any]:
    """A version as Cloud KMS answers it."""
    return {"name": version.name, "createTime": version.created, "generateTime": version.created, **version.body}


crud(
    SERVICE,
    Collection(kind=VERSIONS, segment="cryptoKeyVersions", parent_kind=KEYS, view=view_version),
    _VERSIONS,
    ("get", "list"),
)


def add_version(context: Context, tx: sqlite3.Connection, key: str) -> Resource:
    """Add an enabled version with new key material to a key; versions are numbered from 1."""
    number = len(context.resources.list(VERSIONS, key, tx=tx)[0]) + 1
    name = f"{key}/cryptoKeyVersions/{number}"
    template = context.resources.require(KEYS, key, tx).body["versionTemplate"]
    body = {"state": "ENABLED", "protectionLevel": template["protectionLevel"], "algorithm": template["algorithm"]}
    tx.execute("INSERT INTO kms_material(version, secret) VALUES(?, ?)", (name, secrets.token_bytes(32)))
    return context.resources.insert(tx, VERSIONS, name, key, body)


@SERVICE.handles(f"{_VERSIONS}.create")
async def create(request: Request) -> Answer:
    """Add a version; it does not become the primary one by itself."""
    context = request.context
    version = await context.db.write(lambda tx: add_version(context, tx, request.name))
    return view_version(version)


@SERVICE.handles(f"{_VERSIONS}.patch")
async def patch(request: Request) -> Answer:
    """Enable or disable a version."""
    if validation.field_mask(request.query.get("updateMask", "")) != ["state"]:
        raise invalid_argument("Of a CryptoKeyVersion only `state` can be updated.")
    wanted = request.body.get("state")
    if wanted not in ("ENABLED", "DISABLED"):
        raise invalid_argument("CryptoKeyVersion.state can be set to ENABLED or DISABLED; to destroy, call `destroy`.")

    def change(version: Resource) -> dict[str, Any]:
        if version.body["state"] in GONE:
            raise _wrong_state(version, "enabled or disabled")
        return {**version.body, "state": wanted}

    return await _change(request, change)


@SERVICE.handles(f"{_VERSIONS}.destroy")
async def destroy(request: Request) -> Answer:
    """Schedule a version for destruction; until the key's destroyScheduledDuration is over it can be restored."""
    context = request.context
    key = context.resources.require(KEYS, request.name.rpartition("/cryptoKeyVersions/")[0])
    delay = seconds(key.body["destroyScheduledDuration"], "destroyScheduledDuration")
    end = context.clock.now() + timedelta(seconds=delay)

    def change(version: Resource) -> dict[str, Any]:
        if version.body["state"] in GONE:
            raise _wrong_state(version, "destroyed")
        return {**version.body, "state": "DESTROY_SCHEDULED", "destroyTime": end.strftime("%Y-%m-%dT%H:%M:%SZ")}

    return await _change(request, change)


@SERVICE.handles(f"{_VERSIONS}.restore")
async def restore(request: Request) -> Answer:
    """Take a scheduled destruction back; the version is then disabled."""

    def change(version: Resource) -> dict[str, Any]:
        if version.body["state"] != "DESTROY_SCHEDULED":
            raise _wrong_state(version, "restored")
        return {**{k: v for k, v in version.body.items() if k != "destroyTime"}, "state": "DISABLED"}

    return await _change(request, change)


async def _change(request: Request, change: Any) -> Answer:
    """Store what `change` makes of the version's body; the key shows its primary version as it is."""
    context = request.context
    name = request.name

    def step(tx: sqlite3.Connection) -> Resource:
        finish_destructions(context, tx)
        old = context.resources.require(VERSIONS, name, tx)
        version = context.resources.replace(tx, VERSIONS, name, change(old))
        key = context.resources.require(KEYS, old.parent, tx)
        if key.body.get("primary", {}).get("name") == name:
            context.resources.replace(tx, KEYS, key.name, {**key.body, "primary": view_version(version)})
        return version

    return view_version(await context.db.write(step))


def finish_destructions(context: Context, tx: sqlite3.Connection) -> None:
    """Destroy the material of versions whose time has come: nothing can bring it back."""
    now = context.clock.now()
    sql = "SELECT version FROM kms_material"
    for (name,) in tx.execute(sql).fetchall():
        version = context.resources.get(VERSIONS, name, tx)
        if version is None or version.body["state"] != "DESTROY_SCHEDULED":
            continue
        if datetime.fromisoformat(version.body["destroyTime"]) <= now:
            ended = {**version.body, "state": "DESTROYED", "destroyEventTime": version.body["destroyTime"]}
            context.resources.replace(tx, VERSIONS, name, ended)
            tx.execute("DELETE FROM kms_material WHERE version = ?", (name,))


@SERVICE.on_start
async def destroy_what_is_due(context: Context) -> None:
    """Destroy what came due while the emulator was stopped."""
    if context.db.one("SELECT version FROM kms_material") is not None:
        await context.db.write(lambda tx: finish_destructions(context, tx))


def _wrong_state(version: Resource, verb: str) -> Exception:
    return failed_precondition(f"{version.name} can't be {verb}: its state is {version.body['state']}.")
