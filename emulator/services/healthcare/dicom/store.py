"""DICOM stores as a kind of store: the settings that they take, and what becomes of their instances."""

import sqlite3
from typing import TYPE_CHECKING

from emulator.errors import invalid_argument
from emulator.services.healthcare.dicom import changes, erasing, streams
from emulator.services.healthcare.dicom.tables import SCHEMA
from emulator.services.healthcare.stores import registry, settings
from emulator.services.healthcare.stores.kind import Json, StoreKind, Stream

if TYPE_CHECKING:
    from emulator.context import Context

MAX_STREAMS = 5


def check(_old: Json | None, body: Json) -> None:
    """Raise 400 for topics in both fields, and for streams that are too many or name no table."""
    settings.check_one_of_both(body)
    configs = body.get("streamConfigs") or []
    for config in configs:
        streams.check(config)
    uris = [streams.uri(config) for config in configs]
    if len(set(uris)) != len(uris) or len(uris) > MAX_STREAMS:
        raise invalid_argument(f"streamConfigs takes at most {MAX_STREAMS} destinations, each one once.")


def empty(context: "Context", tx: sqlite3.Connection, store: str) -> None:
    """Delete all that a store holds, in the transaction that deletes the store; nobody is notified."""
    row = tx.execute("SELECT id FROM dicom_stores WHERE name = ?", (store,)).fetchone()
    if row is None:
        return
    for (blob,) in tx.execute("SELECT blob FROM dicom_instances WHERE store = ?", row).fetchall():
        context.blobs.drop_ref(tx, blob)
    tx.execute("DELETE FROM dicom_metadata WHERE instance IN (SELECT id FROM dicom_instances WHERE store = ?)", row)
    for table in ("dicom_instances", "dicom_series", "dicom_names", "dicom_studies"):
        tx.execute(f"DELETE FROM {table} WHERE store = ?", row)  # noqa: S608 (our own table names)
    tx.execute("DELETE FROM dicom_stores WHERE id = ?", row)


DICOM = registry.register(
    StoreKind(
        "dicom",
        "dicomStores",
        schema=SCHEMA,
        check=check,
        empty=empty,
        erase=erasing.erase,
        data=("dicomWeb.", "studies."),
        message=changes.message,
        stream=Stream(streams.uri, streams.payload, streams.append),
    )
)
