"""The storage class of instances' files: of a study, series, instance, of what a filter file names, or of a store."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from emulator.errors import invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import operations
from emulator.services.healthcare.dicom import changes
from emulator.services.healthcare.dicom.find import store_number
from emulator.services.healthcare.dicom.ingest import STORAGE_CLASSES
from emulator.services.healthcare.dicom.names import STORES, DicomPath
from emulator.services.healthcare.dicom.transfer import filters
from emulator.services.healthcare.names import StoreName, store_of
from emulator.services.healthcare.service import SERVICE
from emulator.state.operations import Operation

_WRITE = "healthcare.dicomStores.dicomWebWrite"
_JOINED = "dicom_instances i JOIN dicom_series e ON e.id = i.series JOIN dicom_studies s ON s.id = i.study"


def _store(request: Request) -> str:
    return store_of(request.path["resource"])


@SERVICE.handles(f"{STORES}.setBlobStorageSettings", permission=_WRITE, on=_store)
@SERVICE.handles(f"{STORES}.dicomWeb.studies.setBlobStorageSettings", permission=_WRITE, on=_store)
async def set_blob_storage_settings(request: Request) -> Answer:
    """Give instances another storage class; the operation is finished when it is answered.

    The resource is a store, or a study, series or instance in it; filterConfig goes with a store only.
    """
    wanted = (request.body.get("blobStorageSettings") or {}).get("blobStorageClass", "")
    if wanted not in STORAGE_CLASSES:
        raise invalid_argument(f"blobStorageSettings.blobStorageClass must be one of {', '.join(STORAGE_CLASSES)}.")
    context, store = request.context, _store(request)
    below = request.path["resource"].partition("/dicomWeb/")[2].strip("/")
    paths = await filters.paths(context, store, request.body.get("filterConfig"))
    if paths is not None and below:
        raise invalid_argument("With filterConfig, the resource must be the DICOM store itself.")
    meant = [DicomPath.parse(below)] if paths is None else paths

    def step(tx: sqlite3.Connection) -> Operation:
        number = store_number(context, store, tx)
        changed = [change for path in meant for change in _change(tx, request, number, path, wanted)]
        changes.announce(context, tx, store, "SetBlobSettings", changed)
        method = "storageinfo.StorageInfoService.SetBlobStorageSettings"
        response = {"@type": operations.type_url(request, "storageinfo.SetBlobStorageSettingsResponse")}
        return operations.finished_in(tx, request, StoreName.parse(store).dataset, method, response)

    return operations.view(await context.db.write(step))


def _change(
    tx: sqlite3.Connection, request: Request, store: int, path: DicomPath, wanted: str
) -> Sequence[changes.Changed]:
    """Change what a path names; one without a study names the whole store."""
    named = [("s.uid = ?", path.study), ("e.uid = ?", path.series), ("i.uid = ?", path.instance)]
    where = " AND ".join(["s.store = ?", *(sql for sql, uid in named if uid), "i.storage_class != ?"])
    values: list[Any] = [store, *(uid for _, uid in named if uid), wanted]
    rows = tx.execute(f"SELECT i.id, i.storage_class FROM {_JOINED} WHERE {where}", values).fetchall()  # noqa: S608
    clock = request.context.clock
    now, version = clock.stamp(), int(clock.seconds() * 1_000_000)
    update = "UPDATE dicom_instances SET storage_class = ?, updated = ?, version = ? WHERE id = ?"
    tx.executemany(update, [(wanted, now, version, row[0]) for row in rows])
    return [changes.load(request.context, tx, row[0], previous_class=row[1]) for row in rows]
