"""Searches of a type and of a whole store, by POST and by GET (see aliases.py)."""

import sqlite3

from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.fhir import indexing, searching
from emulator.services.healthcare.fhir.consents import access
from emulator.services.healthcare.fhir.rest import answers, bodies, paths, searchsets
from emulator.services.healthcare.fhir.rest.interactions import SEARCH, interaction
from emulator.services.healthcare.fhir.rest.pages import OF_TRANSPORT
from emulator.services.healthcare.fhir.stored import Store


@interaction("fhir.search-type", SEARCH)
async def search_type(request: Request) -> Answer:
    """Search the resources of a type."""
    store = paths.store_in(request)
    return await _search(request, store, store.require_type(request.path["resourceType"]))


@interaction("fhir.search", SEARCH)
async def search(request: Request) -> Answer:
    """Search all resources of a store, or those of the type that resourceType names, in the query or in the body."""
    store = paths.store_in(request)
    named = request.query.get("resourceType") or await bodies.type_searched(request)
    return await _search(request, store, store.require_type(named) if named else None)


async def _search(request: Request, store: Store, resource_type: str | None) -> Answer:
    answers.require_json(request)
    await bodies.refuse_form(request)
    pairs = [pair for pair in request.raw_query if pair[0] not in OF_TRANSPORT and pair[0] != "resourceType"]
    strict, reading = answers.is_strict(request, store), access.of(request, store)
    if resource_type:
        reading.require_type(resource_type)

    def find(connection: sqlite3.Connection) -> searching.Answer:
        return searching.find(connection, store, resource_type, pairs, strict=strict, reading=reading)

    found = await indexing.read(request.context, store.key, find)
    address = f"{paths.base(request, store.name)}/{resource_type}" if resource_type else paths.base(request, store.name)
    return answers.json(await searchsets.bundle(request, store, address, found))
