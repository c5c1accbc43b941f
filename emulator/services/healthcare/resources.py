"""The healthcare resources that are declared: datasets and the four kinds of store, with their rules."""

import re
import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.errors import invalid_argument
from emulator.gateway.collections import Collection, crud
from emulator.gateway.request import Request
from emulator.services.healthcare.dicom.web import delete
from emulator.services.healthcare.service import SERVICE
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

Body = dict[str, Any]

PREFIX = "healthcare.projects.locations.datasets"
DATASET = "healthcare.datasets"
DICOM_STORE = "healthcare.dicomStores"
MAX_LABELS = 64
MAX_STREAMS = 5
MIN_CONSENT_TTL = 24 * 3600

_TABLE_URI = re.compile(r"bq://[^.:/]+[.:][^./]+\.[^./]+")
_TOPIC = re.compile(r"projects/[^/]+/topics/[^/]+")
_ID = re.compile(r"[\w\-.]{1,256}")
_FHIR_VERSIONS = ("DSTU2", "STU3", "R4", "R5")


def _labelled(body: Body) -> Body:
    labels = body.get("labels") or {}
    if len(labels) > MAX_LABELS:
        raise invalid_argument(f"labels has {len(labels)} entries; a resource takes at most {MAX_LABELS}.")
    for key, value in labels.items():
        if not 1 <= len(key) <= 63 or len(value) > 63:
            raise invalid_argument(f'Invalid label "{key[:80]}": keys take 1 to 63 characters, values at most 63.')
    return body


def _check_topics(body: Body) -> None:
    configs = [body.get("notificationConfig") or {}, *(body.get("notificationConfigs") or [])]
    for config in configs:
        topic = config.get("pubsubTopic", "")
        if topic and not _TOPIC.fullmatch(topic):
            raise invalid_argument(f'Invalid pubsubTopic "{topic}": it must be projects/PROJECT/topics/TOPIC.')


def _dataset(_request: Request, body: Body) -> Body:
    return _labelled(body)


def _dicom_store(_request: Request, body: Body) -> Body:
    return _checked_dicom_store(body)


def _checked_dicom_store(body: Body) -> Body:
    _check_topics(body)
    if body.get("notificationConfig", {}).get("pubsubTopic") and body.get("notificationConfigs"):
        raise invalid_argument("Only one of notificationConfig and notificationConfigs can be set.")
    uris = [config.get("bigqueryDestination", {}).get("tableUri", "") for config in body.get("streamConfigs") or []]
    for uri in uris:
        if not _TABLE_URI.fullmatch(uri):
            raise invalid_argument(f'Invalid BigQuery tableUri "{uri}": it must be bq://PROJECT.DATASET.TABLE.')
    if len(set(uris)) != len(uris) or len(uris) > MAX_STREAMS:
        raise invalid_argument(f"streamConfigs takes at most {MAX_STREAMS} destinations, each one once.")
    return _labelled(body)


def _fhir_store(_request: Request, body: Body) -> Body:
    if body.get("version", "VERSION_UNSPECIFIED") not in _FHIR_VERSIONS:
        raise invalid_argument(f"version is required: one of {', '.join(_FHIR_VERSIONS)}.")
    _check_topics(body)
    return _labelled(body)


def _hl7_store(_request: Request, body: Body) -> Body:
    _check_topics(body)
    return _labelled(body)


def _updated_hl7_store(_request: Request, old: Resource, body: Body) -> Body:
    _check_topics(body)
    versions = [given.get("parserConfig", {}).get("version") for given in (old.body, body)]
    if versions[0] != versions[1]:
        raise invalid_argument("Field parserConfig.version is immutable: it can be set only when the store is created.")
    return _labelled(body)


def _consent_store(_request: Request, body: Body) -> Body:
    ttl = body.get("defaultConsentTtl")
    if ttl and float(ttl.rstrip("s")) < MIN_CONSENT_TTL:
        raise invalid_argument(f"defaultConsentTtl must be at least 24 hours ({MIN_CONSENT_TTL}s).")
    return _labelled(body)


def _dataset_deleted(context: "Context", tx: sqlite3.Connection, resource: Resource) -> None:
    for row in tx.execute(
        "SELECT name FROM dicom_stores WHERE name > ? AND name < ?", (f"{resource.name}/", f"{resource.name}0")
    ).fetchall():
        delete.empty_store(context, tx, row[0])
    context.operations.delete_below(tx, resource.name)


def _dicom_store_deleted(context: "Context", tx: sqlite3.Connection, resource: Resource) -> None:
    delete.empty_store(context, tx, resource.name)


DATASETS = Collection(
    DATASET,
    "datasets",
    id_parameter="datasetId",
    id_pattern=_ID,
    immutable=frozenset(("encryptionSpec",)),
    prepare=_dataset,
    after_delete=_dataset_deleted,
)

STORES = (
    Collection(
        DICOM_STORE,
        "dicomStores",
        id_parameter="dicomStoreId",
        id_pattern=_ID,
        parent_kind=DATASET,
        prepare=_dicom_store,
        prepare_update=lambda _request, _old, body: _checked_dicom_store(body),
        after_delete=_dicom_store_deleted,
    ),
    Collection(
        "healthcare.fhirStores",
        "fhirStores",
        id_parameter="fhirStoreId",
        id_pattern=_ID,
        parent_kind=DATASET,
        immutable=frozenset(("version", "disableReferentialIntegrity", "disableResourceVersioning")),
        prepare=_fhir_store,
        prepare_update=lambda request, _old, body: _fhir_store(request, body),
    ),
    Collection(
        "healthcare.hl7V2Stores",
        "hl7V2Stores",
        id_parameter="hl7V2StoreId",
        id_pattern=_ID,
        parent_kind=DATASET,
        prepare=_hl7_store,
        prepare_update=_updated_hl7_store,
    ),
    Collection(
        "healthcare.consentStores",
        "consentStores",
        id_parameter="consentStoreId",
        id_pattern=_ID,
        parent_kind=DATASET,
        prepare=_consent_store,
        prepare_update=lambda request, _old, body: _consent_store(request, body),
    ),
)

crud(
    SERVICE,
    DATASETS,
    PREFIX,
    ("get", "list", "patch", "delete", "getIamPolicy", "setIamPolicy", "testIamPermissions"),
)
for _stores in STORES:
    crud(SERVICE, _stores, f"{PREFIX}.{_stores.segment}")
