"""messages.get and delete."""

from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.hl7v2 import keeping, stored, views
from emulator.services.healthcare.hl7v2.receiving import MESSAGES
from emulator.services.healthcare.service import SERVICE

_PERMISSION = "healthcare.hl7V2Messages"


@SERVICE.handles(f"{MESSAGES}.get", permission=f"{_PERMISSION}.get")
async def get(request: Request) -> Answer:
    """One message, whole unless the view says otherwise."""
    reader, store = request.context.db.reader, _store_of(request.name)
    row = stored.require(reader, request.name)
    view = views.wanted(request.query, views.FULL)
    if view == views.BASIC:
        return views.named(store, row)
    version = stored.opened(request.context, store).version
    return views.shown(store, version, row, stored.body_of(reader, row.number), view)


@SERVICE.handles(f"{MESSAGES}.delete", permission=f"{_PERMISSION}.delete")
async def delete(request: Request) -> Answer:
    """Delete a message."""
    context = request.context
    at = int(context.clock.seconds() * 1_000_000)
    await context.db.write(lambda tx: keeping.delete(tx, stored.require(tx, request.name), at))
    return {}


def _store_of(name: str) -> str:
    return name.partition("/messages/")[0]
