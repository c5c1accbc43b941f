"""executeBundle of type history (v1beta1): versions put into the history of one resource, all of them or none.

Cloud Healthcare: history bundles. Nobody is notified, and references may lead to nothing, as with importHistory.
"""

import asyncio
import sqlite3
from typing import Any

from emulator.fhir.outcomes import Refused
from emulator.gateway.request import Request, Response
from emulator.services.healthcare.fhir import errors, keeping, past_versions, smart, stored
from emulator.services.healthcare.fhir.bundles.entries import resource_at
from emulator.services.healthcare.fhir.keeping import Past
from emulator.services.healthcare.fhir.rest import interactions
from emulator.services.healthcare.fhir.stored import Store


async def execute(request: Request, store: Store, given: list[Any]) -> Response:
    """Put the versions in their places; the answer is empty, as Google's is."""
    request.require(interactions.IMPORT, store.name)
    past_versions.require_modifiable(store.settings)
    if len(given) > past_versions.IN_A_BUNDLE:
        sentence = f"a bundle of type history has at most {past_versions.IN_A_BUNDLE} entries, this one {len(given)}"
        raise errors.bad_request("invalid_bundle", sentence)
    found = await asyncio.to_thread(_read, request, store, given)

    def step(tx: sqlite3.Connection) -> None:
        current = stored.opened_in(request.context, tx, store.name)
        for place, past in enumerate(found):
            if not keeping.insert(request.context, tx, current, past, ""):
                raise errors.full_microsecond().within(resource_at(place))

    await request.context.db.write(step)
    return Response()


def _read(request: Request, store: Store, given: list[Any]) -> list[Past]:
    """The versions that the entries are; refused for one that is none, or whose change the caller may not make."""
    found = []
    for place, entry in enumerate(given):
        try:
            found.append(_version(store, given[0], entry))
        except Refused as refused:
            raise refused.within(resource_at(place)) from None
    grant = smart.of(request)
    for past in found:
        if grant is not None:
            grant.require_all("write", past.type)
        request.require(interactions.OF_VERBS[past.method], f"{store.name}/fhir/{past.type}/{past.id}")
    return found


def _version(store: Store, first: Any, entry: Any) -> Past:
    if not isinstance(entry, dict) or past_versions.named(entry) != past_versions.named(first):
        raise errors.bad_request("invalid_bundle", past_versions.OTHERS)
    response = entry.get("response")
    if not isinstance(response, dict) or not isinstance(response.get("status"), str):
        raise errors.bad_request("invalid_bundle", "response.status is required")
    return past_versions.read(store, entry)
