"""Deleting studies, series and instances (Cloud Healthcare's addition to DICOMweb)."""

import sqlite3
from typing import TYPE_CHECKING

from emulator.errors import not_found
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import operations
from emulator.services.healthcare.dicom import changes, erasing
from emulator.services.healthcare.dicom.find import store_number
from emulator.services.healthcare.dicom.names import STORES, DicomPath
from emulator.services.healthcare.names import StoreName
from emulator.services.healthcare.service import SERVICE
from emulator.state.operations import Operation

if TYPE_CHECKING:
    from emulator.context import Context

_PERMISSION = "healthcare.dicomStores.dicomWebDelete"


def delete_instances(context: "Context", tx: sqlite3.Connection, store: str, path: DicomPath) -> int:
    """Delete what a path names, with the series and study that become empty; give the number of instances."""
    number = store_number(context, store, tx)
    condition, values = _condition(path)
    rows = tx.execute(
        "SELECT i.id, i.blob, i.study, i.series FROM dicom_instances i JOIN dicom_series e ON e.id = i.series"  # noqa: S608
        f" JOIN dicom_studies s ON s.id = i.study WHERE s.store = ? AND {condition}",
        (number, *values),
    ).fetchall()
    if not rows:
        return 0
    changed = [changes.load(context, tx, row[0]) for row in rows]
    erasing.remove(context, tx, rows)
    changes.announce(context, tx, store, "DeleteInstances", changed)
    return len(rows)


def _condition(path: DicomPath) -> tuple[str, tuple[str, ...]]:
    named = [("s.uid = ?", path.study), ("e.uid = ?", path.series), ("i.uid = ?", path.instance)]
    return " AND ".join(sql for sql, uid in named if uid), tuple(uid for _, uid in named if uid)


async def _delete(request: Request, method: str) -> Operation | None:
    """Delete what the request's path names; give the finished operation where the method has one."""
    context, store = request.context, request.path["parent"]
    path = DicomPath.parse(request.path["dicomWebPath"])

    def step(tx: sqlite3.Connection) -> Operation | None:
        deleted = delete_instances(context, tx, store, path)
        if not deleted:
            raise not_found(f"Nothing is stored at {store}/dicomWeb/{path}.")
        if not method:
            return None
        name, response = f"dicomweb.DicomWebService.{method}", {"@type": "type.googleapis.com/google.protobuf.Empty"}
        return operations.finished_in(tx, request, StoreName.parse(store).dataset, name, response)

    return await context.db.write(step)


@SERVICE.handles(f"{STORES}.studies.delete", permission=_PERMISSION)
async def delete_study(request: Request) -> Answer:
    """Delete a study; the answer is the name of an operation that is finished by then."""
    operation = await _delete(request, "DeleteStudy")
    return operations.started(operation) if operation else {}


@SERVICE.handles(f"{STORES}.studies.series.delete", permission=_PERMISSION)
async def delete_series(request: Request) -> Answer:
    """Delete a series; the answer is the name of an operation that is finished by then."""
    operation = await _delete(request, "DeleteSeries")
    return operations.started(operation) if operation else {}


@SERVICE.handles(f"{STORES}.studies.series.instances.delete", permission=_PERMISSION)
async def delete_instance(request: Request) -> Answer:
    """Delete one instance."""
    await _delete(request, "")
    return {}
