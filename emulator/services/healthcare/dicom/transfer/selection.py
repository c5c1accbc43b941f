"""The instances that an export takes, in batches that a checkpoint can continue."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from emulator.services.healthcare.dicom.find import Row, store_number
from emulator.services.healthcare.dicom.names import DicomPath
from emulator.state import data_keys

if TYPE_CHECKING:
    from emulator.context import Context

BATCH = 64
_FROM = "dicom_instances i JOIN dicom_series e ON e.id = i.series JOIN dicom_studies s ON s.id = i.study"
_COLUMNS = "i.id, s.uid, e.uid, i.uid, i.syntax, i.frames, i.blob, i.size, i.storage_class, i.updated, m.document"


@dataclass(frozen=True, slots=True)
class Exported(Row):
    """What an export needs of an instance; `document` is its DICOM JSON."""

    storage_class: str
    updated: str
    document: bytes


def _where(paths: Sequence[DicomPath] | None) -> tuple[str, list[str]]:
    """The condition of a filter; one that names nothing takes nothing."""
    if paths is None:
        return "1", []
    terms, values = ["0"], []
    for path in paths:
        named = [("s.uid = ?", path.study), ("e.uid = ?", path.series), ("i.uid = ?", path.instance)]
        terms.append("(" + " AND ".join(sql for sql, uid in named if uid) + ")")
        values += [uid for _, uid in named if uid]
    return "(" + " OR ".join(terms) + ")", values


_TERMS = 200
"""Paths in one SQL condition."""


def count(context: "Context", store: str, paths: Sequence[DicomPath] | None) -> int:
    """Count the instances that are taken."""
    return sum(len(batch) for batch in batches(context, store, paths, documents=False))


def batches(
    context: "Context", store: str, paths: Sequence[DicomPath] | None, after: int = 0, *, documents: bool = True
) -> Iterator[list[Exported]]:
    """The instances with ids above `after`, in the order of ids, so that a checkpoint is one number."""
    number = store_number(context, store)
    columns = _COLUMNS if documents else _COLUMNS.replace("m.document", "x''")
    source = f"{_FROM} JOIN dicom_metadata m ON m.instance = i.id" if documents else _FROM
    if paths is not None and len(paths) > _TERMS:
        ids = sorted(_ids(context, number, paths, after))
        condition = f"i.id IN ({','.join('?' * BATCH)})"
        for start in range(0, len(ids), BATCH):
            wanted = ids[start : start + BATCH]
            rows = context.db.all(
                f"SELECT {columns} FROM {source} WHERE {condition} ORDER BY i.id",  # noqa: S608
                [*wanted, *[0] * (BATCH - len(wanted))],
            )
            yield _exported(context, rows)
        return
    where, values = _where(paths)
    sql = f"SELECT {columns} FROM {source} WHERE i.store = ? AND i.id > ? AND {where} ORDER BY i.id LIMIT ?"  # noqa: S608
    while rows := context.db.all(sql, [number, after, *values, BATCH]):
        yield _exported(context, rows)
        after = rows[-1][0]


def _exported(context: "Context", rows: Sequence[sqlite3.Row]) -> list[Exported]:
    keys, found = context.blobs.keys, [Exported(*row) for row in rows]
    return found if keys is None else [replace(one, document=data_keys.text_read(keys, one.document)) for one in found]


def _ids(context: "Context", store: int, paths: Sequence[DicomPath], after: int) -> set[int]:
    found: set[int] = set()
    for start in range(0, len(paths), _TERMS):
        where, values = _where(paths[start : start + _TERMS])
        sql = f"SELECT i.id FROM {_FROM} WHERE i.store = ? AND i.id > ? AND {where}"  # noqa: S608
        found.update(row[0] for row in context.db.all(sql, [store, after, *values]))
    return found
