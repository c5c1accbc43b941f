"""Instances in place of the ones with their UIDs: what an update and a change of metadata do in their transaction."""

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

from emulator.services.healthcare import keys
from emulator.services.healthcare.dicom import changes, index, ingest
from emulator.services.healthcare.dicom.index import Outcome
from emulator.services.healthcare.dicom.ingest import File
from emulator.services.healthcare.dicom.names import DICOM_STORE

if TYPE_CHECKING:
    from emulator.context import Context

_ACTION = "UpdateInstances"
_FIND = (
    "SELECT i.id, i.blob, i.storage_class, i.study, i.series FROM dicom_instances i"
    " JOIN dicom_series e ON e.id = i.series JOIN dicom_studies s ON s.id = i.study"
    " WHERE s.store = ? AND s.uid = ? AND e.uid = ? AND i.uid = ?"
)


def replace_in(
    tx: sqlite3.Connection, context: "Context", store: str, files: Sequence[File], storage_class: str = ""
) -> list[Outcome]:
    """Store files, each in place of the instance with its UIDs where there is one; give the outcome of each: "stored".

    The study and the series are then found by what the last file says of them. Without a storage class, an instance
    keeps the one it has. 404 if the store is gone.
    """
    context.resources.require(DICOM_STORE, store, tx)
    number = index.store_id(tx, store)
    outcomes: list[Outcome] = []
    for file in files:
        one = file.instance
        there = tx.execute(_FIND, (number, one.study, one.series, one.uid)).fetchone()
        if there is None:
            outcomes += ingest.store_in(tx, context, store, [file], _ACTION, storage_class or "STANDARD")
            continue
        instance, blob, old_class, study, series = there
        tx.execute("DELETE FROM dicom_metadata WHERE instance = ?", (instance,))
        tx.execute("DELETE FROM dicom_instances WHERE id = ?", (instance,))
        context.blobs.drop_ref(tx, blob)
        updated, version = context.clock.stamp(), int(context.clock.seconds() * 1_000_000)
        protected = keys.version_for_data(context, store, tx)
        kept = index.encrypted(one, context.blobs.keys, protected)
        index.insert(tx, number, kept, file.stored, storage_class or old_class, updated, version)
        context.blobs.add_ref(tx, file.blob, protected)
        index.describe(tx, number, study, series, kept)
        new = tx.execute(_FIND, (number, one.study, one.series, one.uid)).fetchone()
        changes.announce(context, tx, store, _ACTION, [changes.load(context, tx, new[0])])
        outcomes.append("stored")
    return outcomes
