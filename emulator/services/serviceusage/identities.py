"""Service agents: generateServiceIdentity makes the account that a Google service acts as (v1beta1)."""

from __future__ import annotations

import sqlite3
from typing import Any

from emulator.access.hierarchy import PROJECTS
from emulator.errors import failed_precondition
from emulator.gateway.request import Answer, Request
from emulator.services.serviceusage.api import IDENTITIES
from emulator.services.serviceusage.apis import known_api, project_of, store_operation
from emulator.services.serviceusage.service import SERVICE
from emulator.state.operations import Operation

_TYPE = "type.googleapis.com/google.api.serviceusage.v1beta1.ServiceIdentity"


@SERVICE.handles("serviceusage.services.generateServiceIdentity", permission="serviceusage.services.enable")
async def generate(request: Request) -> Answer:
    """Make the service agent of an API exist; asked again, the answer names the same one."""
    context = request.context
    api = known_api(request.name.rpartition("/")[2])
    parent = f"projects/{project_of(request)}"
    email = api.agent_email(context.resources.require(PROJECTS, parent).body["projectNumber"])
    if not email:
        raise failed_precondition(f"The service {api.name} has no service agent.")

    def step(tx: sqlite3.Connection) -> Operation:
        name = f"{parent}/identities/{email}"
        identity = context.resources.get(IDENTITIES, name, tx)
        if identity is None:
            unique = "1" + context.ids.number()[:20]
            identity = context.resources.insert(tx, IDENTITIES, name, parent, {"email": email, "uniqueId": unique})
        response: dict[str, Any] = {"@type": _TYPE, **identity.body}
        return store_operation(request, tx, response)

    operation = await context.db.write(step)
    return operation.to_json()
