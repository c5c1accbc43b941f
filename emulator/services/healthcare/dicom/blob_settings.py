"""The storage class of instances' files: of a study, series, instance, of what a filter file names, or of a store."""

import sqlite3
from collections.abc import Sequence

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
    """Give instances another storage class; the operation, whose name is the answer, is finished by then.

    The resource is a store, or a study, series or instance in it; filterConfig goes with a store only. The operation
    counts the instances that are meant, with those that had the class before (Cloud Healthcare: DICOM storage classes).
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
        named: set[int] = set()
        changed: list[changes.Changed] = []
        for path in meant:
            instances = _named(tx, number, path)
            named.update(instances)
            changed += _change(tx, request, instances, wanted)
        changes.announce(context, tx, store, "SetBlobSettings", changed)
        method = "storageinfo.StorageInfoService.SetBlobStorageSettings"
        response = {"@type": "type.googleapis.com/google.protobuf.Empty"}
        counter = {"success": len(named)}
        return operations.finished_in(tx, request, StoreName.parse(store).dataset, method, response, counter)

    return operations.started(await context.db.write(step))


def _named(tx: sqlite3.Connection, store: int, path: DicomPath) -> dict[int, str]:
    """The storage classes, by their ids, of the instances that a path names; one without a study names the store."""
    named = [("s.uid = ?", path.study), ("e.uid = ?", path.series), ("i.uid = ?", path.instance)]
    where = " AND ".join(["s.store = ?", *(sql for sql, uid in named if uid)])
    values = [store, *(uid for _, uid in named if uid)]
    return dict(tx.execute(f"SELECT i.id, i.storage_class FROM {_JOINED} WHERE {where}", values).fetchall())  # noqa: S608


def _change(
    tx: sqlite3.Connection, request: Request, instances: dict[int, str], wanted: str
) -> Sequence[changes.Changed]:
    """Give instances a class, but for those that have it."""
    others = {instance: before for instance, before in instances.items() if before != wanted}
    clock = request.context.clock
    now, version = clock.stamp(), int(clock.seconds() * 1_000_000)
    update = "UPDATE dicom_instances SET storage_class = ?, updated = ?, version = ? WHERE id = ?"
    tx.executemany(update, [(wanted, now, version, instance) for instance in others])
    return [changes.load(request.context, tx, instance, previous_class=before) for instance, before in others.items()]
