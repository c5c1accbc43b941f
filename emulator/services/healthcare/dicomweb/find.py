"""Finding a store, and the instances that a DICOMweb path names."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.gateway.errors import not_found
from emulator.gateway.request import Request
from emulator.services.healthcare.names import DicomPath

if TYPE_CHECKING:
    from emulator.app import Emulator

DICOM_STORE = "healthcare.dicomStores"


@dataclass(frozen=True, slots=True)
class Row:
    """What retrieving needs of a stored instance."""

    id: int
    study: str
    series: str
    uid: str
    syntax: str
    frames: int
    blob: str
    size: int

    @property
    def path(self) -> str:
        """studies/U/series/U/instances/U."""
        return str(DicomPath(self.study, self.series, self.uid))


def store_number(emulator: "Emulator", store: str, tx: sqlite3.Connection | None = None) -> int:
    """Give the store's number in the tables, 0 for one that is still empty; 404 where there is no such store."""
    emulator.resources.require(DICOM_STORE, store, tx)
    sql = "SELECT id FROM dicom_stores WHERE name = ?"
    row = emulator.db.one(sql, (store,)) if tx is None else tx.execute(sql, (store,)).fetchone()
    return int(row[0]) if row else 0


def instances(emulator: "Emulator", store: str, path: DicomPath) -> list[Row]:
    """Give the instances that a path names, in the order in which they were stored; 404 if there are none."""
    number = store_number(emulator, store)
    named = [("s.uid = ?", path.study), ("e.uid = ?", path.series), ("i.uid = ?", path.instance)]
    condition = " AND ".join(sql for sql, uid in named if uid)
    rows: Sequence[sqlite3.Row] = emulator.db.all(
        "SELECT i.id, s.uid, e.uid, i.uid, i.syntax, i.frames, i.blob, i.size FROM dicom_studies s"  # noqa: S608
        " JOIN dicom_series e ON e.study = s.id JOIN dicom_instances i ON i.series = e.id"
        f" WHERE s.store = ? AND {condition} ORDER BY i.id",
        (number, *(uid for _, uid in named if uid)),
    )
    if not rows:
        raise not_found(f"Nothing is stored at {store}/dicomWeb/{path}.")
    return [Row(*row) for row in rows]


def root_url(request: Request) -> str:
    """Give the URL of the store's DICOMweb root as the caller used it: host, port and API version included."""
    version = request.method.document.name.rpartition(".")[2]
    return f"{request.base_url}/{version}/{request.path['parent']}/dicomWeb"
