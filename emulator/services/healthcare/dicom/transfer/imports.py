"""dicomStores.import: objects of a bucket become instances that share their files."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.context import Job
from emulator.dicom.errors import DicomError
from emulator.services.healthcare.dicom import index, ingest
from emulator.services.healthcare.dicom.index import Instance, Stored
from emulator.services.healthcare.dicom.store import DICOM
from emulator.services.healthcare.transfer import imports
from emulator.services.healthcare.transfer.imports import Importer
from emulator.services.healthcare.transfer.steps import Problem

if TYPE_CHECKING:
    from emulator.services.storage.api import StoredObject

Json = dict[str, Any]
EMPTY = Problem(3, "empty DICOM instance found")
DIFFERENT = Problem(
    6,
    "An instance already exists in this DICOM Store with the same Study/Series/SOPInstance UID, "
    "but the DICOM files differ (checksum mismatch).",
)


@dataclass(frozen=True, slots=True)
class _Read:
    """An object whose header was read."""

    found: "StoredObject"
    instance: Instance

    @property
    def file(self) -> ingest.File:
        """The instance with the object's own bytes, which it shares."""
        found = self.found
        return ingest.File(self.instance, found.blob_id, Stored(found.blob_id, found.size, found.crc32c))


def _options(body: Json) -> Json:
    storage_class = (body.get("blobStorageSettings") or {}).get("blobStorageClass", "STANDARD")
    return {"storageClass": "STANDARD" if storage_class == "BLOB_STORAGE_CLASS_UNSPECIFIED" else storage_class}


def _read(_job: Job, path: Path, found: "StoredObject") -> Iterator[_Read | Problem]:
    try:
        yield _Read(found, index.read_file(path)) if found.size else EMPTY
    except DicomError as problem:
        yield Problem(3, str(problem))


def _store(tx: sqlite3.Connection, job: Job, read: Sequence[_Read]) -> list[Problem | None]:
    """Store instances; one whose object was deleted meanwhile has no bytes left."""
    alive = [one for one in read if _is_there(tx, one.found.blob_id)]
    files = [one.file for one in alive]
    stored = ingest.store_in(
        tx, job.context, job.payload["store"], files, "ImportDicomData", job.payload["storageClass"]
    )
    outcomes = {id(one): outcome for one, outcome in zip(alive, stored, strict=True)}
    return [_problem(outcomes.get(id(one), "gone")) for one in read]


def _problem(outcome: str) -> Problem | None:
    return {"different": DIFFERENT, "gone": imports.GONE}.get(outcome)


def _is_there(tx: sqlite3.Connection, blob: str) -> bool:
    return tx.execute("SELECT 1 FROM blobs WHERE id = ?", (blob,)).fetchone() is not None


imports.register(
    DICOM,
    Importer(
        "dicom.DicomService.ImportDicomData",
        "dicom.ImportDicomDataResponse",
        "ImportDicomLogEntry",
        read=_read,
        store=_store,
        options=_options,
    ),
)
