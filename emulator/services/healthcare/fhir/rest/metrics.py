"""getFHIRStoreMetrics: how many resources of each type a store holds, and their bytes."""

import asyncio

from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.fhir.rest import paths
from emulator.services.healthcare.fhir.rest.interactions import STORE, interaction
from emulator.services.healthcare.fhir.stored import Json, Store
from emulator.state import data_keys


@interaction("getFHIRStoreMetrics", STORE)
async def metrics(request: Request) -> Answer:
    """Count current resources, their bytes, and those of all versions, by type."""
    store = paths.store_in(request)
    counted = await asyncio.to_thread(_counted, request, store)
    return {"name": store.name, "metrics": counted} if counted else {"name": store.name}


def _counted(request: Request, store: Store) -> list[Json]:
    size = "length(v.body)" if store.keys is None else data_keys.text_size("v.body")
    rows = request.context.db.all(
        f"SELECT v.type, count(r.rid), coalesce(sum(CASE WHEN r.rid IS NULL THEN 0 ELSE {size} END), 0),"  # noqa: S608
        f" coalesce(sum({size}), 0) FROM fhir_versions v LEFT JOIN fhir_index_resources r"
        " ON r.store = v.store AND r.rid = v.rid WHERE v.store = ? GROUP BY v.type ORDER BY v.type",
        (store.key,),
    )
    names = ("count", "structuredStorageSizeBytes", "versionedStorageSizeBytes")
    return [
        {"resourceType": row[0], **{name: str(number) for name, number in zip(names, row[1:], strict=True) if number}}
        for row in rows
    ]
