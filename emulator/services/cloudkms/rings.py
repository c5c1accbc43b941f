"""Key rings. Google never deletes one: a program that is destroyed and created again takes it over here."""

from __future__ import annotations

import sqlite3

from emulator.errors import already_exists
from emulator.gateway.collections import crud, new_name
from emulator.gateway.request import Answer, Request
from emulator.services.cloudkms.resources import KEYS, METHODS, RING, RINGS, is_abandoned
from emulator.services.cloudkms.service import SERVICE
from emulator.state.resources import Resource

crud(SERVICE, RING, METHODS, ("get", "list", "getIamPolicy", "setIamPolicy", "testIamPermissions"))


@SERVICE.handles(f"{METHODS}.create")
async def create(request: Request) -> Answer:
    """Create a key ring.

    A ring of that name whose keys are all destroyed is given back as if new, where Google answers 409: otherwise
    a stack with a key ring could be created only once on one emulator.
    """
    context = request.context
    name, parent = new_name(RING, request)

    def step(tx: sqlite3.Connection) -> Resource:
        ring = context.resources.get(RINGS, name, tx)
        if ring is None:
            return context.resources.insert(tx, RINGS, name, parent, {})
        keys = context.resources.list(KEYS, name, tx=tx)[0]
        if not keys or not all(is_abandoned(context, key.name, tx) for key in keys):
            raise already_exists(f"KeyRing {name} already exists.")
        return ring

    return RING.view(await context.db.write(step))
