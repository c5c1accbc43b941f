"""Environments: created, changed and deleted by operations, with the bucket that their DAGs are read from."""

from __future__ import annotations

import copy
import re
import sqlite3
from typing import Any

from emulator.errors import failed_precondition, invalid_argument
from emulator.gateway import validation
from emulator.gateway.collections import Collection, apply_path, crud
from emulator.gateway.request import Answer, Request
from emulator.services.composer import image_versions, operations
from emulator.services.composer.service import CHANGE, ENVIRONMENTS, METHODS, SERVICE
from emulator.services.composer.views import view
from emulator.services.iam.api import require_act_as
from emulator.services.storage import api as storage
from emulator.state.operations import Operation
from emulator.state.resources import Resource

Json = dict[str, Any]
_PREFIX = f"{METHODS}.environments"
_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_TAIL = 8  # characters of the bucket's name that make it its own
_LONGEST_BUCKET = 63
# Composer: projects.locations.environments.patch, "updateMask".
_CHANGEABLE = (
    *("labels", "config.softwareConfig", "config.environmentSize", "config.workloadsConfig", "config.databaseConfig"),
    *("config.webServerConfig", "config.webServerNetworkAccessControl", "config.maintenanceWindow"),
    *("config.recoveryConfig", "config.nodeCount", "config.privateEnvironmentConfig", "config.resilienceMode"),
    *("config.masterAuthorizedNetworksConfig", "config.dataRetentionConfig", "config.nodeConfig.network"),
    *("config.nodeConfig.subnetwork", "config.nodeConfig.composerNetworkAttachment"),
)
_OUTPUT = ("dagGcsPrefix", "airflowUri", "gkeCluster")

COLLECTION = Collection(kind=ENVIRONMENTS, segment="environments", view=view)
crud(SERVICE, COLLECTION, _PREFIX, ("get", "list"))


@SERVICE.handles(f"{_PREFIX}.create")
async def create(request: Request) -> Answer:
    """Create an environment; its operation is done when it runs."""
    context, parent = request.context, request.name
    name = _new_name(request)
    body = _checked(request, copy.deepcopy(request.body))
    wanted = body.get("storageConfig", {}).get("bucket", "")
    if wanted:
        storage.get_bucket(context, wanted)

    def step(tx: sqlite3.Connection) -> Operation:
        bucket = wanted or _bucket_name(request, name)
        full = _with_outputs(request, name, bucket, {**body, "uuid": context.ids.uuid()})
        context.resources.insert(tx, ENVIRONMENTS, name, parent, {**full, "state": "CREATING"})
        if not wanted:
            storage.create_bucket_in(tx, context, name.split("/")[1], bucket, name.split("/")[3])
        return _operation(request, tx, name, full, "CREATE")

    return await _answered(request, step)


async def _answered(request: Request, step: Any) -> Answer:
    """The operation that a write stored, begun."""
    operation: Operation = await request.context.db.write(step)
    request.context.operations.run_soon(operation)
    return operations.view(operation)


def _new_name(request: Request) -> str:
    name: str = request.body.get("name", "")
    head, _, last = name.rpartition("/environments/")
    if head.split("/")[2:] != request.name.split("/")[2:] or not _ID.fullmatch(last):
        raise invalid_argument(
            f'Environment name "{name[:120]}" is invalid: it must be {request.name}/environments/ID, the ID lower-case '
            "letters, digits and hyphens, starting with a letter."
        )
    return f"{request.name}/environments/{last}"


def _checked(request: Request, body: Json) -> Json:
    """An environment with the version that it names. Raises a 400 or 403 for what it can't be."""
    for field in ("name", "state", "uuid", "createTime", "updateTime"):
        body.pop(field, None)
    config = body.setdefault("config", {})
    for field in _OUTPUT:
        config.pop(field, None)
    software = config.setdefault("softwareConfig", {})
    software["imageVersion"] = image_versions.resolved(software.get("imageVersion", ""))
    require_act_as(request.context, request.principal, config.get("nodeConfig", {}).get("serviceAccount"))
    return body


def _bucket_name(request: Request, name: str) -> str:
    """The name of the bucket that comes with an environment: region, environment and something of its own."""
    _, _, _, location, _, environment = name.split("/")
    tail = f"-{request.context.ids.hex(_TAIL)}-bucket"
    return f"{location}-{environment}"[: _LONGEST_BUCKET - len(tail)].rstrip("-") + tail


def _with_outputs(request: Request, name: str, bucket: str, body: Json) -> Json:
    """An environment with what Composer says of it; nothing answers at the address of its web interface."""
    location = name.split("/")[3]
    outputs = {
        "dagGcsPrefix": f"gs://{bucket}/dags",
        "airflowUri": f"https://{request.context.ids.hex(32)}-dot-{location}.composer.googleusercontent.com",
    }
    return {**body, "config": {**body["config"], **outputs}, "storageConfig": {"bucket": bucket}}


def _operation(request: Request, tx: sqlite3.Connection, name: str, body: Json, kind: str) -> Operation:
    """Store the operation that makes an environment what `body` says."""
    metadata = {"operationType": kind, "resource": name, "resourceUuid": body["uuid"]}
    return request.context.operations.insert(
        tx,
        CHANGE,
        name.rpartition("/environments/")[0],
        payload={"environment": name, "body": body},
        metadata=metadata,
        principal=request.principal,
    )


@SERVICE.handles(f"{_PREFIX}.patch")
async def patch(request: Request) -> Answer:
    """Change the fields that `updateMask` names; the operation is done when they count."""
    context, name = request.context, request.name
    mask = validation.field_mask(request.query.get("updateMask", ""))
    for path in mask:
        if not any(path == known or path.startswith(f"{known}.") for known in _CHANGEABLE):
            raise validation.unknown_mask(path)

    def step(tx: sqlite3.Connection) -> Operation:
        environment = _require_running(request, tx)
        body = copy.deepcopy(environment.body)
        for path in mask:
            apply_path(body, request.body, path)
        software = body["config"].setdefault("softwareConfig", {})
        software["imageVersion"] = image_versions.resolved(software.get("imageVersion", ""))
        context.resources.replace(tx, ENVIRONMENTS, name, {**environment.body, "state": "UPDATING"})
        return _operation(request, tx, name, body, "UPDATE")

    return await _answered(request, step)


def _require_running(request: Request, tx: sqlite3.Connection) -> Resource:
    found = request.context.resources.require(ENVIRONMENTS, request.name, tx)
    if found.body["state"] != "RUNNING":
        raise failed_precondition(
            f"The environment {request.name} is {found.body['state']}; wait for its operation to end."
        )
    return found


@SERVICE.handles(f"{_PREFIX}.delete")
async def delete(request: Request) -> Answer:
    """Delete an environment; its bucket stays (Composer: "Delete environments")."""
    context, name = request.context, request.name

    def step(tx: sqlite3.Connection) -> Operation:
        environment = _require_running(request, tx)
        context.resources.replace(tx, ENVIRONMENTS, name, {**environment.body, "state": "DELETING"})
        return _operation(request, tx, name, environment.body, "DELETE")

    return await _answered(request, step)
