"""Resource-validate: whether a resource would be taken, and why not."""

from emulator.fhir import outcomes
from emulator.fhir.outcomes import Refused
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.fhir import checks, errors, searching
from emulator.services.healthcare.fhir.rest import answers, bodies, paths
from emulator.services.healthcare.fhir.rest.interactions import STORE, interaction


@interaction("fhir.Resource-validate", STORE)
async def validate(request: Request) -> Answer:
    """Say what is wrong with a resource, or that nothing is: 200 in either case."""
    answers.require_json(request)
    store, resource_type = paths.typed(request)
    profile = request.query.get("profile", "")
    if profile and searching.by_url(request.context.db.reader, store, "StructureDefinition", profile) is None:
        raise errors.bad_request("unknown_profile", f"no StructureDefinition of this store has the URL {profile[:300]}")
    try:
        checks.resource(store, await bodies.resource(request), resource_type)
    except Refused as refused:
        if refused.status != 400:
            raise
        return answers.json(refused.outcome)
    return answers.json(outcomes.outcome([outcomes.SUCCESS]))
