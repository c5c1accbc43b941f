"""Counts and sizes of stores, studies, series, instances."""

from typing import Any

from emulator.errors import not_found
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.dicom.find import store_number
from emulator.services.healthcare.dicom.names import STORES, DicomPath
from emulator.services.healthcare.names import store_of
from emulator.services.healthcare.service import SERVICE

Json = dict[str, Any]
_STUDIES = f"{STORES}.dicomWeb.studies"
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
    where, values = _where(store_number(request.context, _store(request)), _path(request))
    row = request.context.db.one(
        "SELECT count(DISTINCT i.study), count(DISTINCT i.series), count(*), coalesce(sum(i.size), 0),"  # noqa: S608
        f" coalesce(sum(i.structured), 0) FROM {_JOINED} WHERE {where}",
        values,
    )
    studies, series, instances, blob, structured = row if row is not None else (0, 0, 0, 0, 0)
    return studies, series, instances, blob, structured


def _shown(**numbers: int) -> Json:
    """Show int64 numbers as strings; zeros are left out."""
    return {name: str(number) for name, number in numbers.items() if number}


@SERVICE.handles(f"{STORES}.getDICOMStoreMetrics", permission="healthcare.dicomStores.get")
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
    """An instance's sizes, storage class and when it was last changed."""
    where, values = _where(store_number(request.context, _store(request)), _path(request))
    row = request.context.db.one(
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
