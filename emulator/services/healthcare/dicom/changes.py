"""What follows a change of instances: Pub/Sub notifications and rows for BigQuery streams, in the same transaction."""

import base64
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import orjson

from emulator.errors import ApiError
from emulator.services.healthcare import agent
from emulator.services.healthcare.names import DicomPath
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]


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
    document: bytes
    previous_class: str = ""


_LOAD = (
    "SELECT s.uid, e.uid, i.uid, e.modality, i.storage_class, i.version, i.updated, i.size, m.document, ?"
    " FROM dicom_instances i JOIN dicom_series e ON e.id = i.series JOIN dicom_studies s ON s.id = i.study"
    " JOIN dicom_metadata m ON m.instance = i.id WHERE i.id = ?"
)


def load(tx: sqlite3.Connection, instance: int, previous_class: str = "") -> Changed:
    """Read an instance as it is stored now: after a change, or before it is deleted."""
    return Changed(*tx.execute(_LOAD, (previous_class, instance)).fetchone())


def announce(
    context: "Context",
    tx: sqlite3.Connection,
    store: str,
    action: str,
    changed: Sequence[Changed],
    resource: Resource | None = None,
) -> None:
    """Publish and queue what a store's configs ask for; `resource` is the store, where the caller has read it.

    `action` is StoreInstances, ImportDicomData, DeleteInstances or SetBlobSettings. The older notificationConfig gets
    new instances only, those of an import only with sendForBulkImport (Cloud Healthcare: Pub/Sub notifications).
    A topic that is gone or closed to the service agent does not fail the change: the failure is logged.
    """
    resource = resource or context.resources.get("healthcare.dicomStores", store, tx)
    if resource is None or not changed:
        return
    old = resource.body.get("notificationConfig") or {}
    wants_old = action == "StoreInstances" or (action == "ImportDicomData" and old.get("sendForBulkImport"))
    if old.get("pubsubTopic") and wants_old:
        _publish(context, tx, store, old["pubsubTopic"], [(_data(store, one), {}) for one in changed])
    for config in resource.body.get("notificationConfigs") or []:
        if topic := config.get("pubsubTopic"):
            messages = [(_data(store, one), _attributes(store, action, one)) for one in changed]
            _publish(context, tx, store, topic, messages)
    if resource.body.get("streamConfigs"):
        _queue(tx, store, action, changed)


def _data(store: str, one: Changed) -> bytes:
    return f"{store}/dicomWeb/{DicomPath(one.study, one.series, one.uid)}".encode()


def _attributes(store: str, action: str, one: Changed) -> dict[str, str]:
    attributes = {
        "action": action,
        "lastUpdatedTime": format_datetime(datetime.fromisoformat(one.updated)).replace("+0000", "UTC"),
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


def _publish(
    context: "Context", tx: sqlite3.Connection, store: str, topic: str, messages: list[tuple[bytes, dict[str, str]]]
) -> None:
    from emulator.services.pubsub import api

    if not api.topic_exists(context, topic):
        problem = (5, f"Resource not found (resource={topic.rsplit('/', 1)[-1]}).")
    elif not context.policies.allows(agent.principal(context, store), "pubsub.topics.publish", topic):
        problem = (7, f"User not authorized to perform this action on topic {topic}; grant roles/pubsub.publisher.")
    else:
        try:
            api.publish_in(tx, context, topic, messages)
        except ApiError as refusal:  # the topic's schema does not allow it
            problem = (refusal.rpc_code, refusal.message)
        else:
            return
    context.logs.write_in(tx, agent.log_entry(store, "PubsubNotificationLogEntry", *problem, source=topic))


def _queue(tx: sqlite3.Connection, store: str, action: str, changed: Sequence[Changed]) -> None:
    """Keep the rows that the stream's task hands to BigQuery after the commit."""
    number = tx.execute("SELECT id FROM dicom_stores WHERE name = ?", (store,)).fetchone()[0]
    kind = {"DeleteInstances": "DELETE", "SetBlobSettings": "UPDATE", "UpdateInstances": "UPDATE"}.get(action, "INSERT")
    for one in changed:
        system = orjson.dumps(
            {
                "StructuredStorageSize": len(one.document),
                "StorageClass": one.storage_class,
                "LastUpdated": one.updated,
                "BlobStorageSize": one.size,
                "Type": kind,
            }
        )
        tx.execute("INSERT INTO dicom_outbox(store, system, document) VALUES(?,?,?)", (number, system, one.document))
