"""executeBundle: batches and transactions, with the rights that each entry asks for."""

import asyncio
from http import HTTPStatus
from typing import Any

import orjson

from emulator.fhir import parsing
from emulator.fhir.outcomes import Refused
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import operations
from emulator.services.healthcare.fhir import errors, instants
from emulator.services.healthcare.fhir.bundles import entries, executing
from emulator.services.healthcare.fhir.bundles.entries import Entry
from emulator.services.healthcare.fhir.consents import access
from emulator.services.healthcare.fhir.consents.access import Access
from emulator.services.healthcare.fhir.rest import (
    answers,
    binary,
    bodies,
    history,
    history_bundles,
    interactions,
    paths,
)
from emulator.services.healthcare.fhir.rest.interactions import EXECUTE, interaction
from emulator.services.healthcare.fhir.stored import Json, Store
from emulator.services.healthcare.fhir.work import Done


@interaction("fhir.executeBundle", EXECUTE)
async def execute(request: Request) -> Answer:
    """Execute a bundle: each entry by itself, or all of them or none."""
    answers.require_json(request)
    store = paths.store_in(request)
    bundle = await bodies.resource(request, parsing.MAX_BUNDLE)
    kind = entries.kind_of(bundle, with_history=operations.version_of(request) == "v1beta1")
    if kind == "history":
        return await history_bundles.execute(request, store, entries.raw_entries(bundle))
    found = await asyncio.to_thread(_entries, request, store, entries.raw_entries(bundle))
    reads = any(isinstance(each, Entry) and each.method == "GET" for each in found)
    reading = access.of(request, store) if reads else access.without_consents(request, store)
    act = _transaction if kind == "transaction" else _batch
    shown = await act(request, reading, found)
    return answers.json({"entry": shown, "resourceType": "Bundle", "type": f"{kind}-response"})


async def _transaction(request: Request, reading: Access, found: list[Entry | Refused]) -> list[Json]:
    wanted = []
    for each in found:
        if isinstance(each, Refused):
            raise each
        wanted.append(each)
    done = await executing.transaction(request.context, reading, wanted)
    return [await _shown(request, reading.store, entry, each) for entry, each in zip(wanted, done, strict=True)]


async def _batch(request: Request, reading: Access, found: list[Entry | Refused]) -> list[Json]:
    wanted = [each for each in found if isinstance(each, Entry)]
    results = await executing.batch(request.context, reading, wanted)
    done = {entry.place: result for entry, result in zip(wanted, results, strict=True)}
    shown = []
    for place, entry in enumerate(found):
        result = entry if isinstance(entry, Refused) else done[place]
        if isinstance(entry, Entry) and isinstance(result, Done):
            shown.append(await _shown(request, reading.store, entry, result))
        elif isinstance(result, Refused):
            shown.append(_refused(reading.store.version, result))
    return shown


def _refused(version: str, refused: Refused) -> Json:
    """The entry of the answer for one that was refused; in DSTU2 the outcome is its resource (DSTU2: batch rules)."""
    outcome, response = refused.outcome(version), {"status": _status(refused.status)}
    if version == "DSTU2":
        return {"resource": outcome, "response": response}
    return {"response": {"outcome": outcome, **response}}


def _entries(request: Request, store: Store, given: list[Any]) -> list[Entry | Refused]:
    """The entries as they are to be done; what is wrong with one, or the right that the caller lacks, in its place."""
    return [_entry(request, store, place, each) for place, each in enumerate(given)]


def _entry(request: Request, store: Store, place: int, given: Any) -> Entry | Refused:
    try:
        entry = entries.read(store, place, given)
    except Refused as refused:
        return refused
    resource = f"{store.name}/fhir/{entry.relative}" if entry.id else store.name
    wanted = [interactions.OF_VERBS[entry.method], *([interactions.SEARCH] if entry.criteria else [])]
    for permission in wanted:
        if not request.may(permission, resource):
            return errors.forbidden(permission, resource)
    return entry


async def _shown(request: Request, store: Store, entry: Entry, done: Done) -> Json:
    """The entry of the answer: the resource where it was read or is preferred, and what became of it."""
    response: Json = {"status": _status(done.status)}
    shown: Json = {"response": response}
    if entry.history and not entry.version:
        shown["resource"] = await history.bundle(request, paths.Target(store, entry.type, entry.id), {}, [])
    if done.version is not None:
        response["etag"] = done.version.etag
        response["lastModified"] = instants.last_updated(done.version.at)
        response["location"] = paths.address(paths.base(request, store.name), done.version)
        wanted = entry.method == "GET" or answers.preferred(request, "return") == "representation"
        if wanted and done.status != 304:
            shown["resource"] = orjson.Fragment(await binary.whole(request.context, done.version))
    return shown


def _status(code: int) -> str:
    return f"{code} {HTTPStatus(code).phrase}"
