"""Counts and sizes of stores, studies, series, instances, and the storage class of their files."""

import sqlite3
from typing import Any

from emulator.gateway.errors import invalid_argument, not_found
from emulator.gateway.operations import Operation
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import SERVICE, changes, operations
from emulator.services.healthcare.dicomweb.find import store_number
from emulator.services.healthcare.dicomweb.ingest import STORAGE_CLASSES
from emulator.services.healthcare.names import DicomPath, StoreName, store_of

Json = dict[str, Any]
_STORES = "healthcare.projects.locations.datasets.dicomStores"
_STUDIES = f"{_STORES}.dicomWeb.studies"
_READ = "healthcare.dicomStores.dicomWebRead"


def _resource(request: Request) -> str:
    return next(iter(request.path.values()))


def _store(request: Request) -> str:
    return store_of(_resource(request))


def _path(request: Request) -> DicomPath:
    return DicomPath.parse(_resource(request).partition("/dicomWeb/")[2])


_JOINED = "dicom_instances i JOIN dicom_series e ON e.id = i.series JOIN dicom_studies s ON s.id = i.study"


def _where(store: int, path: DicomPath) -> tuple[str, list[Any]]:
    named = [("s.uid = ?", path.study), ("e.uid = ?", path.series), ("i.uid = ?", path.instance)]
    conditions = ["s.store = ?", *(sql for sql, uid in named if uid)]
    return " AND ".join(conditions), [store, *(uid for _, uid in named if uid)]


def _sizes(request: Request) -> tuple[int, int, int, int, int]:
    """Count studies, series and instances, and sum the bytes of their files and of their documents."""
    where, values = _where(store_number(request.emulator, _store(request)), _path(request))
    row = request.emulator.db.one(
        "SELECT count(DISTINCT i.study), count(DISTINCT i.series), count(*), coalesce(sum(i.size), 0),"  # noqa: S608
        f" coalesce(sum(i.structured), 0) FROM {_JOINED} WHERE {where}",
        values,
    )
    studies, series, instances, blob, structured = row if row is not None else (0, 0, 0, 0, 0)
    return studies, series, instances, blob, structured


def _shown(**numbers: int) -> Json:
    """Show int64 numbers as strings; zeros are left out."""
    return {name: str(number) for name, number in numbers.items() if number}


@SERVICE.handles(f"{_STORES}.getDICOMStoreMetrics", permission="healthcare.dicomStores.get")
async def store_metrics(request: Request) -> Answer:
    """Count what a store holds."""
    studies, series, instances, blob, structured = _sizes(request)
    return {
        "name": request.name,
        **_shown(
            studyCount=studies,
            seriesCount=series,
            instanceCount=instances,
            blobStorageSizeBytes=blob,
            structuredStorageSizeBytes=structured,
        ),
    }


@SERVICE.handles(f"{_STUDIES}.getStudyMetrics", permission=_READ, on=_store)
async def study_metrics(request: Request) -> Answer:
    """Count what a study holds; 404 if it is not there."""
    _, series, instances, blob, structured = _sizes(request)
    if not instances:
        raise not_found(f"Nothing is stored at {_resource(request)}.")
    numbers = _shown(
        seriesCount=series, instanceCount=instances, blobStorageSizeBytes=blob, structuredStorageSizeBytes=structured
    )
    return {"study": _resource(request), **numbers}


@SERVICE.handles(f"{_STUDIES}.series.getSeriesMetrics", permission=_READ, on=_store)
async def series_metrics(request: Request) -> Answer:
    """Count what a series holds; 404 if it is not there."""
    _, _, instances, blob, structured = _sizes(request)
    if not instances:
        raise not_found(f"Nothing is stored at {_resource(request)}.")
    numbers = _shown(instanceCount=instances, blobStorageSizeBytes=blob, structuredStorageSizeBytes=structured)
    return {"series": _resource(request), **numbers}


@SERVICE.handles(f"{_STUDIES}.series.instances.getStorageInfo", permission=_READ, on=_store)
async def storage_info(request: Request) -> Answer:
    """Tell an instance's sizes, storage class and when it was last changed."""
    where, values = _where(store_number(request.emulator, _store(request)), _path(request))
    row = request.emulator.db.one(
        f"SELECT i.size, i.storage_class, i.updated, i.structured FROM {_JOINED} WHERE {where}",  # noqa: S608
        values,
    )
    if row is None:
        raise not_found(f"Nothing is stored at {_resource(request)}.")
    size, storage_class, updated, structured = row
    return {
        "referencedResource": _resource(request),
        "blobStorageInfo": {"sizeBytes": str(size), "storageClass": storage_class, "storageClassUpdateTime": updated},
        "structuredStorageInfo": {"sizeBytes": str(structured)},
    }


@SERVICE.handles(f"{_STORES}.setBlobStorageSettings", permission="healthcare.dicomStores.dicomWebWrite", on=_store)
@SERVICE.handles(f"{_STUDIES}.setBlobStorageSettings", permission="healthcare.dicomStores.dicomWebWrite", on=_store)
async def set_blob_storage_settings(request: Request) -> Answer:
    """Give the instances of a study (or of the whole store) another storage class."""
    if (request.body.get("filterConfig") or {}).get("resourcePathsGcsUri"):
        raise invalid_argument("filterConfig is not emulated for setBlobStorageSettings; name a study instead.")
    wanted = (request.body.get("blobStorageSettings") or {}).get("blobStorageClass", "")
    if wanted not in STORAGE_CLASSES:
        raise invalid_argument(f"blobStorageSettings.blobStorageClass must be one of {', '.join(STORAGE_CLASSES)}.")
    emulator, store, path = request.emulator, _store(request), _path(request)

    def step(tx: sqlite3.Connection) -> Operation:
        where, values = _where(store_number(emulator, store, tx), path)
        sql = f"SELECT i.id, i.storage_class FROM {_JOINED} WHERE {where} AND i.storage_class != ?"  # noqa: S608
        rows = tx.execute(sql, (*values, wanted)).fetchall()
        now, version = emulator.clock.stamp(), int(emulator.clock.seconds() * 1_000_000)
        update = "UPDATE dicom_instances SET storage_class = ?, updated = ?, version = ? WHERE id = ?"
        tx.executemany(update, [(wanted, now, version, row[0]) for row in rows])
        changed = [changes.load(tx, row[0], previous_class=row[1]) for row in rows]
        changes.announce(emulator, tx, store, "SetBlobSettings", changed)
        return emulator.operations.insert(
            tx,
            "healthcare.done",
            StoreName.parse(store).dataset,
            metadata=operations.metadata(request, "storageinfo.StorageInfoService.SetBlobStorageSettings"),
            principal=request.principal,
            response={"@type": operations.type_url(request, "storageinfo.SetBlobStorageSettingsResponse")},
        )

    return operations.view(await emulator.db.write(step))
