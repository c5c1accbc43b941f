"""Versions of secrets: added, read with their checksum, disabled, enabled and destroyed, at once or after a delay."""

from __future__ import annotations

import base64
import binascii
import sqlite3
from typing import TYPE_CHECKING, Any

from google_crc32c import value as crc32c

from emulator.errors import failed_precondition, invalid_argument
from emulator.gateway import filters, paging
from emulator.gateway.request import Answer, Request
from emulator.services.cloudkms import api as cloudkms
from emulator.services.secretmanager import due, keys, telling
from emulator.services.secretmanager.names import (
    require_secret,
    require_state,
    require_version,
    secret_of,
    shown,
    versions_of,
)
from emulator.services.secretmanager.service import METHODS, SERVICE, VERSIONS
from emulator.state import data_keys
from emulator.state.clock import Clock
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

LARGEST = 64 << 10  # bytes of a payload
ENABLED, DISABLED, DESTROYED = "ENABLED", "DISABLED", "DESTROYED"
_DEFAULT_PAGE, _MAX_PAGE = 100, 25_000


def view(version: Resource) -> dict[str, Any]:
    """A version as Secret Manager answers it."""
    times = {"createTime": version.created, "etag": f'"{version.etag}"'}
    return {"name": shown(version.name), **version.body, **times}


async def add(request: Request) -> Answer:
    """Add a version with its payload, which is the latest from then on."""
    context = request.context
    data, checksum = _payload(request.body.get("payload", {}))
    given = "dataCrc32c" in request.body["payload"]

    def step(tx: sqlite3.Connection) -> Resource:
        secret = require_secret(context, request.name, tx)
        keys.require_usable(context, secret.name, secret.body, tx)
        number = len(versions_of(context, secret.name, tx)) + 1
        name = f"{secret.name}/versions/{number}"
        body = {"state": ENABLED, **_replication_status(context, secret)}
        if given:
            body["clientSpecifiedPayloadChecksum"] = True
        made = context.resources.insert(tx, VERSIONS, name, secret.name, body)
        kept = data_keys.kept(context.blobs.keys, keys.protecting(context, secret.body), data)
        tx.execute("INSERT INTO secret_payloads VALUES(?,?,?)", (name, kept, checksum))
        telling.tell(context, tx, secret, "SECRET_VERSION_ADD", view(made))
        return made

    return view(await context.db.write(step))


def _payload(given: dict[str, Any]) -> tuple[bytes, int]:
    """The bytes of a payload and their CRC32C. Raises a 400 for too many, and for another checksum."""
    try:
        data = base64.b64decode(given.get("data", "").translate(str.maketrans("-_", "+/")), validate=True)
    except binascii.Error:
        raise invalid_argument("payload.data is not base64.") from None
    if not data:
        raise invalid_argument("payload.data is required.")
    if len(data) > LARGEST:
        raise invalid_argument(f"The payload has {len(data)} bytes; at most {LARGEST} are allowed.")
    checksum = crc32c(data)
    if "dataCrc32c" in given and str(given["dataCrc32c"]) != str(checksum):
        raise invalid_argument("The payload's checksum is not the one in dataCrc32c: the data were changed on the way.")
    return data, checksum


def _replication_status(context: Context, secret: Resource) -> dict[str, Any]:
    """How a version's payload is kept, by which version of a key."""

    def by_key(given: dict[str, Any]) -> dict[str, Any]:
        key = given.get("customerManagedEncryption", {}).get("kmsKeyName")
        found = {"kmsKeyVersionName": cloudkms.primary_of(context, key)} if key else None
        return {"customerManagedEncryption": found} if found else {}

    replication = secret.body.get("replication")
    if replication is None:
        return by_key(secret.body)
    if "automatic" in replication:
        return {"replicationStatus": {"automatic": by_key(replication["automatic"])}}
    replicas = [{"location": each["location"], **by_key(each)} for each in replication["userManaged"]["replicas"]]
    return {"replicationStatus": {"userManaged": {"replicas": replicas}}}


async def get(request: Request) -> Answer:
    """One version, without its payload."""
    return view(require_version(request.context, request.name))


async def list_versions(request: Request) -> Answer:
    """The versions of a secret, newest first."""
    secret, text = require_secret(request.context, request.name), request.query.get("filter", "")
    keep = filters.compile_filter(text) if text else None
    found = [view(version) for version in versions_of(request.context, secret.name)]
    found = [version for version in found if keep is None or keep(version)]
    page, following = paging.cut(found, paging.asked(request.query, _DEFAULT_PAGE, _MAX_PAGE))
    answer: dict[str, Any] = {"versions": page, "totalSize": len(found)} if found else {}
    return {**answer, "nextPageToken": following} if following else answer


async def access(request: Request) -> Answer:
    """The payload of a version that is enabled, with its checksum."""
    context = request.context
    version = require_version(context, request.name)
    require_state(version, ENABLED)
    secret = require_secret(context, secret_of(version.name))
    keys.require_usable(context, secret.name, secret.body)
    row = context.db.one("SELECT data, checksum FROM secret_payloads WHERE version = ?", (version.name,))
    if row is None:  # destroyed between the two reads
        raise failed_precondition(f"Secret Version [{shown(version.name)}] is in {DESTROYED} state.")
    data = data_keys.read(context.blobs.keys, row["data"])
    payload = {"data": base64.b64encode(data).decode(), "dataCrc32c": str(row["checksum"])}
    return {"name": shown(version.name), "payload": payload}


async def enable(request: Request) -> Answer:
    """Let a version be read; one that was to be destroyed is kept."""
    return await _switch(request, ENABLED, "SECRET_VERSION_ENABLE")


async def disable(request: Request) -> Answer:
    """Keep a version from being read."""
    return await _switch(request, DISABLED, "SECRET_VERSION_DISABLE")


async def _switch(request: Request, state: str, event: str) -> Answer:
    context = request.context

    def step(tx: sqlite3.Connection) -> Resource:
        version = require_version(context, request.name, tx)
        _require_etag(request, version)
        require_state(version, ENABLED, DISABLED)
        body = {key: value for key, value in version.body.items() if key != "scheduledDestroyTime"}
        if state == body["state"] and body == version.body:
            return version
        due.enter(tx, version.name, due.DESTROY, None)
        return _change(context, tx, version, {**body, "state": state}, event)

    return view(await context.db.write(step))


def _require_etag(request: Request, version: Resource) -> None:
    given = (request.body or {}).get("etag")
    if given and given.strip('"') != version.etag:
        raise failed_precondition(f"The etag is not that of {shown(version.name)}: it was changed meanwhile.")


def _change(context: Context, tx: sqlite3.Connection, version: Resource, body: dict[str, Any], event: str) -> Resource:
    changed = context.resources.replace(tx, VERSIONS, version.name, body)
    telling.tell(context, tx, require_secret(context, secret_of(version.name), tx), event, view(changed))
    return changed


async def destroy(request: Request) -> Answer:
    """Destroy a version's payload for good; where the secret says so, after a delay while which it is disabled."""
    context = request.context

    def step(tx: sqlite3.Connection) -> Resource:
        version = require_version(context, request.name, tx)
        _require_etag(request, version)
        require_state(version, ENABLED, DISABLED)
        delay = require_secret(context, secret_of(version.name), tx).body.get("versionDestroyTtl")
        if not delay:
            return destroy_in(context, tx, version)
        if "scheduledDestroyTime" in version.body:
            raise failed_precondition(f"Secret Version [{shown(version.name)}] is to be destroyed already.")
        at = Clock.stamp_of(context.clock.seconds() + float(delay[:-1]))
        due.enter(tx, version.name, due.DESTROY, at)
        body = {**version.body, "state": DISABLED, "scheduledDestroyTime": at}
        return _change(context, tx, version, body, "SECRET_VERSION_DESTROY_SCHEDULED")

    return view(await context.db.write(step))


def destroy_in(context: Context, tx: sqlite3.Connection, version: Resource) -> Resource:
    """Destroy a version, in the caller's write."""
    due.enter(tx, version.name, due.DESTROY, None)
    tx.execute("DELETE FROM secret_payloads WHERE version = ?", (version.name,))
    kept = {key: value for key, value in version.body.items() if key != "scheduledDestroyTime"}
    body = {**kept, "state": DESTROYED, "destroyTime": context.clock.stamp()}
    return _change(context, tx, version, body, "SECRET_VERSION_DESTROY")


_HANDLERS = {
    "addVersion": (add, "add"),
    "versions.list": (list_versions, "list"),
    "versions.get": (get, "get"),
    "versions.access": (access, "access"),
    "versions.enable": (enable, "enable"),
    "versions.disable": (disable, "disable"),
    "versions.destroy": (destroy, "destroy"),
}
for _methods in METHODS:
    for _method, (_handler, _permission) in _HANDLERS.items():
        SERVICE.handles(f"{_methods}.{_method}", permission=f"secretmanager.versions.{_permission}")(_handler)
