"""What became of instances, as notifications and streams tell it."""

import base64
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from emulator.services.healthcare import changes
from emulator.services.healthcare.dicom.names import DICOM_STORE, DicomPath
from emulator.services.healthcare.notifications import time_of
from emulator.services.healthcare.stores.kind import Message, NotificationConfig
from emulator.state import data_keys
from emulator.state.data_keys import DataKeys
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context


@dataclass(frozen=True, slots=True)
class Changed:
    """An instance that was stored, changed or deleted."""

    study: str
    series: str
    uid: str
    modality: str
    storage_class: str
    version: int
    updated: str
    size: int
    kept: bytes
    """Its document as the row has it: encrypted or not."""
    previous_class: str = ""
    keys: DataKeys | None = field(default=None, kw_only=True)
    """Those that encrypted it, None where nothing is encrypted."""

    @property
    def document(self) -> bytes:
        """Its DICOM JSON; 400 where the version of the key that encrypted it can't be used."""
        return data_keys.text_read(self.keys, self.kept)


@dataclass(frozen=True, slots=True)
class Change:
    """What was done with an instance: StoreInstances, ImportDicomData, UpdateInstances, ..."""

    action: str
    instance: Changed


_LOAD = (
    "SELECT s.uid, e.uid, i.uid, e.modality, i.storage_class, i.version, i.updated, i.size, m.document, ?"
    " FROM dicom_instances i JOIN dicom_series e ON e.id = i.series JOIN dicom_studies s ON s.id = i.study"
    " JOIN dicom_metadata m ON m.instance = i.id WHERE i.id = ?"
)


def load(context: "Context", tx: sqlite3.Connection, instance: int, previous_class: str = "") -> Changed:
    """Read an instance as it is stored now: after a change, or before it is deleted."""
    return Changed(*tx.execute(_LOAD, (previous_class, instance)).fetchone(), keys=context.blobs.keys)


def announce(
    context: "Context",
    tx: sqlite3.Connection,
    store: str,
    action: str,
    changed: Sequence[Changed],
    resource: Resource | None = None,
) -> None:
    """Publish and queue what a store's configs ask for; `resource` is the store, where the caller has read it.

    `action` is StoreInstances, ImportDicomData, UpdateInstances, DeleteInstances or SetBlobSettings.
    """
    resource = resource or context.resources.get(DICOM_STORE, store, tx)
    if resource is not None:
        changes.announce(context, tx, resource, [Change(action, one) for one in changed])


def message(store: str, config: NotificationConfig, change: Change) -> Message | None:
    """The notification of a change. The older config is told of new instances only, and without attributes.

    Of those that an import brings only with sendForBulkImport (Cloud Healthcare: Pub/Sub notifications).
    """
    one = change.instance
    data = f"{store}/dicomWeb/{DicomPath(one.study, one.series, one.uid)}".encode()
    if not config.older:
        return data, _attributes(store, change.action, one)
    imported = change.action == "ImportDicomData" and config.settings.get("sendForBulkImport")
    return (data, {}) if imported or change.action == "StoreInstances" else None


def _attributes(store: str, action: str, one: Changed) -> dict[str, str]:
    attributes = {
        "action": action,
        "lastUpdatedTime": time_of(datetime.fromisoformat(one.updated)),
        "storeName": store,
        "studyInstanceUID": one.study,
        "seriesInstanceUID": one.series,
        "sopInstanceUID": one.uid,
        "versionId": base64.urlsafe_b64encode(str(one.version).encode()).decode().rstrip("="),
        "modality": one.modality,
        "storageClass": one.storage_class,
    }
    if one.previous_class:
        attributes["previousStorageClass"] = one.previous_class
    return attributes
