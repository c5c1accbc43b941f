"""Interactions on what a search finds: create unless it is there, update, patch and delete."""

from urllib.parse import urlencode

from emulator.fhir import patches
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import operations
from emulator.services.healthcare.fhir import checks, keeping
from emulator.services.healthcare.fhir.bundles.entries import Entry
from emulator.services.healthcare.fhir.conditions import Conditions
from emulator.services.healthcare.fhir.rest import answers, bodies, changing, paths
from emulator.services.healthcare.fhir.rest.interactions import (
    CREATE,
    DELETE,
    PATCH,
    SEARCH,
    UPDATE,
    interaction,
)
from emulator.services.healthcare.fhir.rest.pages import OF_TRANSPORT


@interaction("fhir.create", CREATE)
async def create(request: Request) -> Answer:
    """Create a resource, unless If-None-Exist finds one."""
    answers.require_json(request)
    store, resource_type = paths.typed(request)
    criteria = request.headers.get("if-none-exist", "").strip().partition("?")
    wanted = criteria[2] or criteria[0]
    if wanted:
        request.require(SEARCH, store.name)
    given = checks.resource(store, await bodies.resource(request), resource_type)
    if wanted:
        entry = Entry(0, "POST", resource_type, criteria=wanted, resource=given)
        return answers.changed(request, store.name, await changing.one(request, store, entry))
    new = keeping.made_ready(store, given)
    done = await changing.perform(request, store, lambda w: w.create(new))
    return answers.changed(request, store.name, done)


@interaction("fhir.conditionalUpdate", SEARCH, UPDATE)
async def update(request: Request) -> Answer:
    """Update the one resource that matches, or create one."""
    answers.require_json(request)
    store, resource_type = paths.typed(request)
    given = checks.resource(store, await bodies.resource(request), resource_type)
    entry = Entry(
        0,
        "PUT",
        resource_type,
        criteria=_criteria(request),
        resource=given,
        conditions=Conditions.of_headers(request.headers),
    )
    return answers.changed(request, store.name, await changing.one(request, store, entry))


@interaction("fhir.conditionalPatch", SEARCH, PATCH)
async def patch(request: Request) -> Answer:
    """Patch the one resource that matches."""
    answers.require_json(request)
    store, resource_type = paths.typed(request)
    entry = Entry(
        0,
        "PATCH",
        resource_type,
        criteria=_criteria(request),
        operations=patches.parse(await bodies.patch(request)),
        conditions=Conditions.of_headers(request.headers),
    )
    return answers.changed(request, store.name, await changing.one(request, store, entry))


@interaction("fhir.conditionalDelete", SEARCH, DELETE)
async def delete(request: Request) -> Answer:
    """Delete what matches, up to _count; v1 deletes by identifier only where one resource has it."""
    store, resource_type = paths.typed(request)
    criteria = _criteria(request)
    if operations.version_of(request) == "v1" and _names_identifier(request):
        await changing.perform(request, store, lambda w: w.delete_only(resource_type, criteria))
    else:
        await changing.one(request, store, Entry(0, "DELETE", resource_type, criteria=criteria))
    return answers.json({})


def _names_identifier(request: Request) -> bool:
    return any(name.partition(":")[0] == "identifier" for name, _ in request.raw_query)


def _criteria(request: Request) -> str:
    """The search in the query string, "?" where there is none, which no search is."""
    return urlencode([pair for pair in request.raw_query if pair[0] not in OF_TRANSPORT]) or "&"
