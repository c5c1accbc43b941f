"""Files into a store: one transaction for instances, their announcement, and whatever else belongs to it."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.services.healthcare import keys
from emulator.services.healthcare.dicom import changes, index
from emulator.services.healthcare.dicom.index import Instance, Outcome, Stored
from emulator.services.healthcare.dicom.names import DICOM_STORE
from emulator.state.blob_files import Blob

if TYPE_CHECKING:
    from emulator.context import Context

STORAGE_CLASSES = ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE")


@dataclass(frozen=True, slots=True)
class File:
    """A file read and ready to be stored; `blob` is a finished one, or the shared one of a Cloud Storage object."""

    instance: Instance
    blob: Blob | str
    stored: Stored


def of_blob(instance: Instance, blob: Blob) -> File:
    """Make the File of a blob that was just written."""
    return File(instance, blob, Stored(blob.id, blob.size, blob.crc32c))


def store_in(
    tx: sqlite3.Connection,
    context: "Context",
    store: str,
    files: Sequence[File],
    action: str,
    storage_class: str = "STANDARD",
) -> list[Outcome]:
    """Store files in the caller's transaction and announce them; give the outcome of each.

    404 if the store is gone. A file that is there already with the same bytes is "identical", with others "different";
    neither changes anything.
    """
    resource = context.resources.require(DICOM_STORE, store, tx)
    number = index.store_id(tx, store)
    updated = context.clock.stamp()
    version = int(context.clock.seconds() * 1_000_000)
    protected = keys.version_for_data(context, store, tx)
    outcomes: list[Outcome] = []
    changed: list[changes.Changed] = []
    for file in files:
        one = file.instance
        kept = index.encrypted(one, context.blobs.keys, protected)
        outcome = index.insert(tx, number, kept, file.stored, storage_class, updated, version)
        outcomes.append(outcome)
        if outcome == "stored":
            context.blobs.add_ref(tx, file.blob, protected)
            changed.append(
                changes.Changed(
                    one.study,
                    one.series,
                    one.uid,
                    one.modality,
                    storage_class,
                    version,
                    updated,
                    file.stored.size,
                    one.document,
                )
            )
    changes.announce(context, tx, store, action, changed, resource)
    return outcomes
