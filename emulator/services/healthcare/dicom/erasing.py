"""What becomes of instances whose version of a key is destroyed, and taking instances out of a store."""

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from emulator.dicom.header import Header
from emulator.errors import ApiError
from emulator.services.healthcare.dicom import index
from emulator.services.healthcare.dicom.index import Instance
from emulator.state import data_keys
from emulator.state.data_keys import DataKeys
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_INSTANCES = (
    "SELECT i.id, i.blob, i.study, i.series FROM dicom_instances i JOIN dicom_metadata m ON m.instance = i.id"
    " WHERE i.store = ? AND substr(m.document, 1, ?) = ?"
)
_SERIES = (
    "SELECT s.id AS study, e.id AS series FROM dicom_series e JOIN dicom_studies s ON s.id = e.study"
    " WHERE e.store = ?1 AND (substr(e.found, 1, ?2) = ?3 OR substr(s.found, 1, ?2) = ?3)"
)
_LEFT = (
    "SELECT s.uid AS study, e.uid AS series, i.uid, i.sop_class, i.syntax, e.modality, s.patient_id, s.accession,"
    " s.study_date, m.document FROM dicom_instances i JOIN dicom_series e ON e.id = i.series"
    " JOIN dicom_studies s ON s.id = i.study JOIN dicom_metadata m ON m.instance = i.id"
    " WHERE i.series = ? ORDER BY i.id"
)
_COLUMNS = (
    *(("0020000D", "UI", "study"), ("0020000E", "UI", "series"), ("00080018", "UI", "uid")),
    *(("00080016", "UI", "sop_class"), ("00080060", "CS", "modality"), ("00100020", "LO", "patient_id")),
    *(("00080050", "SH", "accession"), ("00080020", "DA", "study_date")),
)
"""Attributes that rows have beside the document: tag, VR and column."""


def erase(context: "Context", tx: sqlite3.Connection, resource: Resource, start: bytes) -> None:
    """Take instances out of a store whose documents begin so, and let no study or series be described by them."""
    row = tx.execute("SELECT id FROM dicom_stores WHERE name = ?", (resource.name,)).fetchone()
    if row is None:
        return
    store = int(row[0])
    remove(context, tx, tx.execute(_INSTANCES, (store, len(start), start)).fetchall())
    for study, series in tx.execute(_SERIES, (store, len(start), start)).fetchall():
        index.describe(tx, store, study, series, _described(tx, context.blobs.keys, series))


def remove(context: "Context", tx: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> None:
    """Take instances (id, blob, study, series) out of a store, and the series and studies that become empty."""
    for instance, blob, _study, _series in rows:
        context.blobs.drop_ref(tx, blob)
        tx.execute("DELETE FROM dicom_metadata WHERE instance = ?", (instance,))
        tx.execute("DELETE FROM dicom_instances WHERE id = ?", (instance,))
    for series in {row[3] for row in rows}:
        tx.execute(
            "DELETE FROM dicom_series WHERE id = ? AND NOT EXISTS (SELECT 1 FROM dicom_instances WHERE series = ?)",
            (series, series),
        )
    for study in {row[2] for row in rows}:
        left = tx.execute("SELECT 1 FROM dicom_series WHERE study = ? LIMIT 1", (study,)).fetchone()
        if left is None:
            tx.execute("DELETE FROM dicom_names WHERE study = ?", (study,))
            tx.execute("DELETE FROM dicom_studies WHERE id = ?", (study,))


def _described(tx: sqlite3.Connection, keys: DataKeys | None, series: int) -> Instance:
    """An instance of a series to describe it and its study by: the first that can be read.

    Where none can, by what the rows of the first say beside its document.
    """
    rows = tx.execute(_LEFT, (series,)).fetchall()
    for row in rows:
        try:
            document = data_keys.text_read(keys, row["document"])
        except ApiError:
            continue
        elements = orjson.loads(document.replace(index.ROOT_MARK, b""))
        return index.encrypted(_made(elements, row["syntax"]), keys, data_keys.version_of(row["document"]))
    return _made({tag: {"vr": vr, "Value": [rows[0][column]]} for tag, vr, column in _COLUMNS}, rows[0]["syntax"])


def _made(elements: dict[str, Any], syntax: str) -> Instance:
    return index.prepare(Header(elements, (), syntax, 0, 0))
