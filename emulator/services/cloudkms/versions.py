"""Versions of keys: create, get, list, enable, disable, destroy (after a delay) and restore."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from emulator.errors import failed_precondition, invalid_argument
from emulator.gateway import validation
from emulator.gateway.collections import Collection, crud
from emulator.gateway.request import Answer, Request
from emulator.services.cloudkms import erasing, rotation
from emulator.services.cloudkms.changes import add_version, change_version, new_material, view_version
from emulator.services.cloudkms.resources import GONE, KEYS, METHODS, VERSIONS, seconds
from emulator.services.cloudkms.service import SERVICE
from emulator.state.resources import Resource

_VERSIONS = f"{METHODS}.cryptoKeys.cryptoKeyVersions"


crud(
    SERVICE,
    Collection(kind=VERSIONS, segment="cryptoKeyVersions", parent_kind=KEYS, view=view_version),
    _VERSIONS,
    ("get", "list"),
)


@SERVICE.handles(f"{_VERSIONS}.create")
async def create(request: Request) -> Answer:
    """Add a version; it does not become the primary one by itself."""
    context = request.context
    material = await new_material(context.resources.require(KEYS, request.name).body)
    version = await context.db.write(lambda tx: add_version(context, tx, request.name, material))
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


async def _change(request: Request, change: Callable[[Resource], dict[str, Any]]) -> Answer:
    """Store what `change` makes of the version's body, once all that is due has happened."""
    context = request.context

    def step(tx: sqlite3.Connection) -> tuple[list[str], Resource]:
        _, destroyed = rotation.settle(tx, context)
        return destroyed, change_version(context, tx, request.name, change)

    destroyed, version = await context.db.write_alone(step)  # which may erase what a version encrypted
    rotation.changed(context)
    await erasing.erase_later(context, destroyed)
    return view_version(version)


def _wrong_state(version: Resource, verb: str) -> Exception:
    return failed_precondition(f"{version.name} can't be {verb}: its state is {version.body['state']}.")
