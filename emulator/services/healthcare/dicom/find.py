"""Finding a store, and the instances that a DICOMweb path names."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from emulator.dicom.header import Bulk
from emulator.errors import not_found
from emulator.gateway.request import Request
from emulator.services.healthcare.dicom.names import DICOM_STORE, DicomPath
from emulator.state import data_keys

if TYPE_CHECKING:
    from emulator.context import Context


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


def store_number(context: "Context", store: str, tx: sqlite3.Connection | None = None) -> int:
    """The store's number in the tables, 0 for one that is still empty; 404 where there is no such store.

    The number goes in the transaction that deletes the store.
    """
    sql = "SELECT id FROM dicom_stores WHERE name = ?"
    row = context.db.one(sql, (store,)) if tx is None else tx.execute(sql, (store,)).fetchone()
    if row is None:
        context.resources.require(DICOM_STORE, store, tx)
    return int(row[0]) if row else 0


_COLUMNS = "i.id, s.uid, e.uid, i.uid, i.syntax, i.frames, i.blob, i.size"


def instances(context: "Context", store: str, path: DicomPath) -> list[Row]:
    """The instances that a path names, in the order in which they were stored; 404 if there are none."""
    return [Row(*row) for row in _found(context, store, path, _COLUMNS)]


def documents(context: "Context", store: str, path: DicomPath) -> list[tuple[str, bytes]]:
    """The file's id and the DICOM JSON of each instance that a path names; 404 if there are none."""
    found = _found(context, store, path, "i.blob, m.document", " JOIN dicom_metadata m ON m.instance = i.id")
    return [(blob, data_keys.text_read(context.blobs.keys, document)) for blob, document in found]


def _found(context: "Context", store: str, path: DicomPath, columns: str, joins: str = "") -> Sequence[sqlite3.Row]:
    """Read rows of the instances that a path names. CROSS JOIN keeps SQLite to this order, each step by its key."""
    named = [("s.uid = ?", path.study), ("e.uid = ?", path.series), ("i.uid = ?", path.instance)]
    condition = " AND ".join(sql for sql, uid in named if uid)
    rows: Sequence[sqlite3.Row] = context.db.all(
        f"SELECT {columns} FROM dicom_stores d CROSS JOIN dicom_studies s ON s.store = d.id"  # noqa: S608
        " CROSS JOIN dicom_series e ON e.study = s.id CROSS JOIN dicom_instances i ON i.series = e.id"
        f"{joins} WHERE d.name = ? AND {condition} ORDER BY i.id",
        (store, *(uid for _, uid in named if uid)),
    )
    if not rows:
        context.resources.require(DICOM_STORE, store)
        raise not_found(f"Nothing is stored at {store}/dicomWeb/{path}.")
    return rows


def document_of(context: "Context", instance: int) -> tuple[dict[str, Any], list[Bulk]]:
    """The DICOM JSON of an instance, by its row's id, and where its bulk values lie; 404 if it is gone."""
    found = context.db.one("SELECT document, bulk FROM dicom_metadata WHERE instance = ?", (instance,))
    if found is None:
        raise not_found("The instance was deleted meanwhile.")
    document = data_keys.text_read(context.blobs.keys, found[0])
    return orjson.loads(document.replace(b"\x01", b"")), [Bulk(*bulk) for bulk in orjson.loads(found[1])]


def root_url(request: Request) -> str:
    """The URL of the store's DICOMweb root as the caller used it: host, port and API version included."""
    version = request.method.document.name.rpartition(".")[2]
    return f"{request.base_url}/{version}/{request.path['parent']}/dicomWeb"
