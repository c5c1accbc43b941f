"""Resource-validate: whether a resource would be taken, and why not."""

from emulator.fhir import outcomes
from emulator.fhir.outcomes import Refused
from emulator.fhir.validation.profiles import Profile
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.fhir import checks, errors, guides
from emulator.services.healthcare.fhir.rest import answers, bodies, paths
from emulator.services.healthcare.fhir.rest.interactions import STORE, interaction
from emulator.services.healthcare.fhir.stored import Store


@interaction("fhir.Resource-validate", STORE)
async def validate(request: Request) -> Answer:
    """Say what is wrong with a resource, or that nothing is: 200 in either case."""
    answers.require_json(request)
    store, resource_type = paths.typed(request)
    profile = _profile(request, store)
    try:
        checks.resource(store, await bodies.resource(request), resource_type, profile)
    except Refused as refused:
        if refused.status != 400:
            raise
        return answers.resource(refused.outcome(store.version))
    return answers.resource(outcomes.outcome([outcomes.SUCCESS], store.version))


def _profile(request: Request, store: Store) -> Profile | None:
    """The profile that is asked for by its URL; 400 where the store has none."""
    url = request.query.get("profile", "")
    if not url:
        return None
    structure = guides.by_url(
        request.context.db.reader, store.key, store.parameters, store.keys, "StructureDefinition", url
    )
    if structure is None:
        raise errors.bad_request("unknown_profile", f"no StructureDefinition of this store has the URL {url[:300]}")
    return Profile(structure, invariants=True)
