"""getHL7v2StoreMetrics: how many messages of each type a store holds, and their bytes."""

import asyncio

from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.hl7v2 import stored
from emulator.services.healthcare.hl7v2.stored import Json
from emulator.services.healthcare.names import METHODS
from emulator.services.healthcare.service import SERVICE


@SERVICE.handles(f"{METHODS}.hl7V2Stores.getHL7v2StoreMetrics", permission="healthcare.hl7V2Stores.get")
async def metrics(request: Request) -> Answer:
    """Count messages by MSH-9.1."""
    store = stored.opened(request.context, request.name)
    counted = await asyncio.to_thread(_counted, request, store.name)
    return {"name": store.name, "metrics": counted} if counted else {"name": store.name}


def _counted(request: Request, store: str) -> list[Json]:
    rows = request.context.db.all(
        "SELECT m.type, count(*), sum(m.size) FROM hl7v2_stores s JOIN hl7v2_messages m ON m.store = s.key"
        " WHERE s.name = ? AND m.live = 1 GROUP BY m.type ORDER BY m.type",
        (store,),
    )
    return [
        {**({"messageType": kind} if kind else {}), "count": str(count), "structuredStorageSizeBytes": str(size)}
        for kind, count, size in rows
    ]
