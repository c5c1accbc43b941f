"""What a request changes in a store, as far as the scopes of SMART that it comes with let it."""

from collections.abc import Callable
from typing import TypeVar

from emulator.gateway.request import Request
from emulator.services.healthcare.fhir import smart, work
from emulator.services.healthcare.fhir.bundles import executing
from emulator.services.healthcare.fhir.bundles.entries import Entry
from emulator.services.healthcare.fhir.consents import access
from emulator.services.healthcare.fhir.stored import Store
from emulator.services.healthcare.fhir.work import Done, Work

T = TypeVar("T")


async def perform(request: Request, store: Store, act: Callable[[Work], T]) -> T:
    """Do interactions in one write, all or none of them; what `act` gives, once that is on disk."""
    return await work.perform(request.context, store.name, act, smart.of(request))


async def one(request: Request, store: Store, entry: Entry) -> Done:
    """Do one interaction that names what it changes by a search."""
    return await executing.one(request.context, access.without_consents(request, store), entry)
