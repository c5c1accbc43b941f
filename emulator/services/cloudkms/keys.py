"""Keys: create with a first version, get, list, patch, choose the primary version, IAM."""

from __future__ import annotations

import sqlite3

from emulator.errors import already_exists, failed_precondition, not_found
from emulator.gateway import validation
from emulator.gateway.collections import crud, new_name, update
from emulator.gateway.request import Answer, Request
from emulator.services.cloudkms import rotation
from emulator.services.cloudkms.changes import add_version, new_material, set_primary
from emulator.services.cloudkms.resources import (
    KEY,
    KEYS,
    METHODS,
    RINGS,
    SYMMETRIC,
    VERSIONS,
    is_abandoned,
    not_enabled,
)
from emulator.services.cloudkms.service import SERVICE
from emulator.state.resources import Resource

_KEYS = f"{METHODS}.cryptoKeys"

crud(SERVICE, KEY, _KEYS, ("get", "list", "getIamPolicy", "setIamPolicy", "testIamPermissions"))


@SERVICE.handles(f"{_KEYS}.create")
async def create(request: Request) -> Answer:
    """Create a key, with a first version that is its primary one.

    A key of that name whose versions are all destroyed becomes the new one, where Google answers 409 (see rings).
    """
    context = request.context
    name, ring = new_name(KEY, request)
    body = KEY.prepare(request, {key: value for key, value in request.body.items() if key != "name"})
    material = await new_material(body)

    def step(tx: sqlite3.Connection) -> Resource:
        if context.resources.get(RINGS, ring, tx) is None:
            raise not_found(f"KeyRing {ring} not found.")
        if context.resources.get(KEYS, name, tx) is None:
            context.resources.insert(tx, KEYS, name, ring, body)
        elif is_abandoned(context, name, tx):
            context.resources.replace(tx, KEYS, name, body)
            context.policies.delete(tx, name)
        else:
            raise already_exists(f"CryptoKey {name} already exists.")
        if not request.query.get("skipInitialVersionCreation") and not body.get("importOnly"):
            version = add_version(context, tx, name, material)
            if body["purpose"] == SYMMETRIC:
                return set_primary(context, tx, name, version)
        return context.resources.require(KEYS, name, tx)

    key = await context.db.write(step)
    rotation.changed(context)
    return KEY.view(key)


@SERVICE.handles(f"{_KEYS}.patch")
async def patch(request: Request) -> Answer:
    """Change labels, rotation or the template of new versions.

    A field that the mask names and the body has as null is cleared; a body without any field changes nothing, where
    Google would clear what the mask names. The record of the gcp provider's calls wants it so.
    """
    mask = validation.field_mask(request.query.get("updateMask", ""))
    known = request.method.document.schemas["CryptoKey"]["properties"]
    for path in mask:
        if path.partition(".")[0] not in known:
            raise validation.unknown_mask(path)
    if int(request.headers.get("content-length", "0")) <= len("{}") and "transfer-encoding" not in request.headers:
        return KEY.view(request.context.resources.require(KEYS, request.name))
    key = await update(KEY, request, request.body, mask)
    rotation.changed(request.context)
    return KEY.view(key)


@SERVICE.handles(f"{_KEYS}.updatePrimaryVersion", permission="cloudkms.cryptoKeys.update")
async def update_primary(request: Request) -> Answer:
    """Make another enabled version the one that encrypts."""
    context = request.context
    name = request.name

    def step(tx: sqlite3.Connection) -> Resource:
        key = context.resources.require(KEYS, name, tx)
        if key.body["purpose"] != SYMMETRIC:
            raise failed_precondition(f"A key of purpose {key.body['purpose']} has no primary version.")
        wanted = f"{name}/cryptoKeyVersions/{request.body.get('cryptoKeyVersionId', '')}"
        version = context.resources.require(VERSIONS, wanted, tx)
        if version.body["state"] != "ENABLED":
            raise not_enabled(version)
        return set_primary(context, tx, name, version)

    return KEY.view(await context.db.write(step))
