"""What an operation does to an environment when its time has come: made and changed ones run, deleted ones are gone."""

from __future__ import annotations

import sqlite3
from typing import Any

from emulator.context import Job
from emulator.services.composer.service import CHANGE, ENVIRONMENTS, SERVICE, TYPES
from emulator.services.composer.views import view


@SERVICE.job(CHANGE)
async def change(job: Job) -> dict[str, Any]:
    """Bring an environment to the state that its operation is for."""
    context, name = job.context, job.payload["environment"]

    def step(tx: sqlite3.Connection) -> dict[str, Any]:
        if job.operation.metadata["operationType"] == "DELETE":
            context.resources.delete_tree(tx, name)
            return {"@type": "type.googleapis.com/google.protobuf.Empty"}
        environment = context.resources.require(ENVIRONMENTS, name, tx)
        body = {**job.payload.get("body", environment.body), "state": "RUNNING"}
        changed = context.resources.replace(tx, ENVIRONMENTS, name, body)
        return {"@type": f"{TYPES}.Environment", **view(changed)}

    return await context.db.write(step)
