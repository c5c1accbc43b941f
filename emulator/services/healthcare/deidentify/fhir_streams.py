"""streamConfigs[].deidentifiedStoreDestination: what changes in a FHIR store is de-identified and kept in another one.

An entry of the outbox names a resource; what its store has of it when it is delivered is what is copied, or deleted.
Whatever can't be is logged and left out, as Google does. Imports are not streamed.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.deidentify.keys import Secret
from emulator.errors import ApiError, failed_precondition, invalid_argument, not_found
from emulator.gateway.request import Request
from emulator.services.healthcare import agent, changes
from emulator.services.healthcare.deidentify import config as configs
from emulator.services.healthcare.deidentify import fhir_copying
from emulator.services.healthcare.deidentify.fhir_copying import Copier, Copy
from emulator.services.healthcare.fhir import keeping, stored, streams, versions
from emulator.services.healthcare.fhir.keeping import Change
from emulator.services.healthcare.fhir.rest.interactions import UPDATE
from emulator.services.healthcare.fhir.store import FHIR
from emulator.services.healthcare.fhir.stored import Json, Version
from emulator.services.healthcare.names import StoreName
from emulator.services.healthcare.transfer.steps import Problem

if TYPE_CHECKING:
    from emulator.context import Context

_ENTRY = "FhirStreamLogEntry"
_NEEDED = ("enableUpdateCreate", "disableReferentialIntegrity")
_KEYS = "healthcare.deidentifiedStreams"
"""The kind of the resources below a store, gone with it, that keep the keys of its streams."""


@dataclass(frozen=True, slots=True)
class _Deleted:
    """A resource that the source has no longer, as the destination calls it."""

    type: str
    id: str


def allowed(request: Request, old: Json | None, new: Json) -> None:
    """Raise 400, 403 or 404 for a stream whose destination is not as it must be, or whose config can't be followed.

    Streams that were there before are not looked at again.
    """
    before = (old or {}).get("streamConfigs") or []
    source = request.name if old is not None else f"{request.name}/fhirStores/{request.query.get('fhirStoreId')}"
    for config in new.get("streamConfigs") or []:
        if streams.STORE in config and config not in before:
            given = config[streams.STORE]
            configs.check({"config": given.get("config") or {}})
            configs.require_model(request.context)
            _require_destination(request.context, source, new, str(given["store"]))


@streams.delivers(streams.STORE, allowed)
async def append(context: "Context", store: str, config: Json, payloads: Sequence[bytes]) -> None:
    """De-identify the resources that payloads name into the destination of a streamConfig."""
    destination = str(config[streams.STORE]["store"])
    try:
        settings = await configs.load(context, store, await _payload(context, store, config[streams.STORE]))
        source, to = stored.opened(context, store), stored.opened(context, destination)
        _require_destination(context, store, source.settings, destination)
    except ApiError as problem:
        _log(context, store, destination, Problem(problem.rpc_code, problem.message))
        return
    copier = Copier(context, settings, source, to)
    names = list(dict.fromkeys(payload.decode() for payload in payloads))
    found = await asyncio.to_thread(lambda: [_found(context, copier, name) for name in names])
    copies = iter(await copier.copied([each for each in found if isinstance(each, Version)]))
    changed = [next(copies) if isinstance(each, Version) else each for each in found]
    for name, change in zip(names, changed, strict=True):
        if isinstance(change, Problem):
            _log(context, store, f"{store}/fhir/{name}", change)
    await context.db.write(_keep, context, destination, [each for each in changed if not isinstance(each, Problem)])


def _require_destination(context: "Context", source: str, settings: Json, name: str) -> None:
    """Raise unless a store may be given the de-identified resources of another one."""
    if name == source:
        raise invalid_argument("deidentifiedStoreDestination.store must be another store than the source.")
    if StoreName.parse(name).location != StoreName.parse(source).location:
        raise invalid_argument("deidentifiedStoreDestination.store must be in the location of the source.")
    found = context.resources.get(FHIR.resource, name)
    if found is None:
        raise not_found(f"Resource not found: {name}.")
    if missing := [field for field in _NEEDED if not found.body.get(field)]:
        raise failed_precondition(f"The destination store {name} must have {' and '.join(missing)} set to true.")
    if found.body["version"] != settings["version"]:
        raise failed_precondition(
            f"The destination store {name} is of FHIR {found.body['version']}, the source of {settings['version']}."
        )
    if any(streams.STORE in config for config in found.body.get("streamConfigs") or []):
        raise failed_precondition(f"The destination store {name} has a deidentifiedStoreDestination of its own.")
    agent.require(context, source, (UPDATE,), name, "FHIR store")


async def _payload(context: "Context", store: str, destination: Json) -> Json:
    """What an operation keeps to read its config by, with the key that this stream was given at its first delivery."""
    name = f"{store}/deidentifiedStreams/{destination['store']}"
    found = context.resources.get(_KEYS, name)
    if found is None:
        body = {"key": Secret.random().key.hex()}
        found = await context.db.write(lambda tx: context.resources.insert(tx, _KEYS, name, store, body))
    return {"config": destination.get("config") or {}, "key": found.body["key"]}


def _found(context: "Context", copier: Copier, name: str) -> Version | _Deleted:
    """What the source has of a resource."""
    kind, identifier = name.split("/")
    version = versions.newest(context.db.reader, copier.source, kind, identifier)
    if version is None or version.deleted:
        return _Deleted(kind, copier.id(kind, identifier))
    return version


def _keep(tx: sqlite3.Connection, context: "Context", name: str, copies: Sequence[Copy | _Deleted]) -> None:
    """Change a store as its source changed, in one write, and tell who is to be told of its changes."""
    store = stored.opened_in(context, tx, name)
    at = int(context.clock.seconds() * 1_000_000)
    done: list[Change | None] = []
    for each in copies:
        if isinstance(each, _Deleted):
            done.append(keeping.delete(context, tx, store, each.type, each.id, at))
        else:
            done.append(fhir_copying.keep(context, tx, store, each, at))
    changes.announce(context, tx, store.resource, [each for each in done if each is not None])


def _log(context: "Context", store: str, source: str, problem: Problem) -> None:
    context.logs.write(agent.log_entry(store, _ENTRY, problem.code, problem.message, source=source))
