"""update, patch, delete and purge of a resource by its id."""

from emulator.fhir import patches
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.fhir import checks, keeping
from emulator.services.healthcare.fhir.conditions import Conditions
from emulator.services.healthcare.fhir.rest import answers, bodies, changing, paths
from emulator.services.healthcare.fhir.rest.interactions import DELETE, PATCH, PURGE, UPDATE, interaction


@interaction("fhir.update", UPDATE)
async def update(request: Request) -> Answer:
    """Replace a resource, or create it where the store lets clients choose ids."""
    answers.require_json(request)
    target = paths.target_of(request)
    given = checks.resource(target.store, await bodies.resource(request), target.type)
    new = keeping.made_ready(target.store, checks.same_id(given, target.id))
    conditions = Conditions.of_headers(request.headers)
    done = await changing.perform(request, target.store, lambda w: w.update(new, conditions))
    return answers.changed(request, target.store.name, done)


@interaction("fhir.patch", PATCH)
async def patch(request: Request) -> Answer:
    """Apply a JSON Patch to a resource."""
    answers.require_json(request)
    target = paths.target_of(request)
    operations = patches.parse(await bodies.patch(request))
    conditions = Conditions.of_headers(request.headers)
    done = await changing.perform(
        request, target.store, lambda w: w.patch(target.type, target.id, operations, conditions)
    )
    return answers.changed(request, target.store.name, done)


@interaction("fhir.delete", DELETE, open_query=False)
async def delete(request: Request) -> Answer:
    """Delete a resource; 200 whether or not it was there."""
    target = paths.target_of(request)
    conditions = Conditions.of_headers(request.headers)
    await changing.perform(request, target.store, lambda w: w.delete(target.type, target.id, conditions))
    return answers.json({})


@interaction("fhir.Resource-purge", PURGE)
async def purge(request: Request) -> Answer:
    """Forget the old versions of a resource, all of a deleted one."""
    target = paths.target_of(request)
    await changing.perform(request, target.store, lambda w: w.purge(target.type, target.id))
    return answers.json({})
