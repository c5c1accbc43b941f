"""Schemas as named resources with revisions (Pub/Sub: create and manage schemas)."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from emulator.gateway.collections import Collection, crud
from emulator.gateway.errors import invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.pubsub import SERVICE
from emulator.state.resources import Resource

KIND = "pubsub.schemas"
PREFIX = "pubsub.projects.schemas"


def _prepare(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    _check(body)
    return {**body, "revisionId": request.emulator.ids.hex(8), "revisionCreateTime": request.emulator.clock.stamp()}


def _check(body: dict[str, Any]) -> None:
    if body.get("type") not in ("AVRO", "PROTOCOL_BUFFER"):
        raise invalid_argument("Invalid schema: type must be AVRO or PROTOCOL_BUFFER.")
    definition = body.get("definition", "")
    if not definition:
        raise invalid_argument("Invalid schema: definition is required.")
    if body["type"] == "AVRO":
        import json

        try:
            json.loads(definition)
        except ValueError as error:
            raise invalid_argument(f"Invalid schema: the AVRO definition is not JSON ({error}).") from None


SCHEMAS = Collection(
    kind=KIND,
    segment="schemas",
    id_parameter="schemaId",
    id_pattern=re.compile(r"(?!goog)[A-Za-z][\w.~+%-]{2,254}"),
    immutable=frozenset(("type",)),
    prepare=_prepare,
)
crud(
    SERVICE, SCHEMAS, PREFIX, ("create", "get", "list", "delete", "getIamPolicy", "setIamPolicy", "testIamPermissions")
)


@SERVICE.handles(f"{PREFIX}.commit")
async def commit(request: Request) -> Answer:
    """Give a schema a new revision."""
    emulator = request.emulator
    changes = (request.body or {}).get("schema") or {}
    body = _prepare(request, {k: changes[k] for k in ("type", "definition") if k in changes})

    def step(tx: sqlite3.Connection) -> Resource:
        old = emulator.resources.require(KIND, request.name, tx)
        if old.body["type"] != body["type"]:
            raise invalid_argument("Invalid schema: a revision can't change the type.")
        return emulator.resources.replace(tx, KIND, request.name, body)

    resource = await emulator.db.write(step)
    return {"name": resource.name, **resource.body}


@SERVICE.handles(f"{PREFIX}.validate", permission="pubsub.schemas.validate")
async def validate(request: Request) -> Answer:
    """Whether a definition can be read."""
    _check((request.body or {}).get("schema") or {})
    return {}
