"""Datasets (creating one is an operation that is finished when it is answered), and the locations where they can be."""

import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.errors import not_found
from emulator.gateway import collections, paging
from emulator.gateway.collections import Collection, crud
from emulator.gateway.request import Answer, Request
from emulator.services.cloudkms import api as cloudkms
from emulator.services.healthcare import keys, operations, zones
from emulator.services.healthcare.labels import check_labels
from emulator.services.healthcare.names import DATASET, ID, METHODS
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.stores import registry
from emulator.state import data_keys
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

LOCATIONS = [
    "asia-east1",
    "asia-east2",
    "asia-northeast1",
    "asia-northeast2",
    "asia-northeast3",
    "asia-south1",
    "asia-southeast1",
    "asia-southeast2",
    "australia-southeast1",
    "australia-southeast2",
    "eu",
    "europe-north1",
    "europe-west2",
    "europe-west3",
    "europe-west4",
    "europe-west6",
    "me-central1",
    "me-central2",
    "me-west1",
    "northamerica-northeast1",
    "northamerica-northeast2",
    "southamerica-east1",
    "us",
    "us-central1",
    "us-east1",
    "us-east4",
    "us-west1",
    "us-west2",
    "us-west3",
]
"""Cloud Healthcare: regional and multi-regional locations (docs.cloud.google.com/healthcare-api/docs/requirements)."""


def _prepared(_request: Request, body: dict[str, Any]) -> dict[str, Any]:
    check_labels(body.get("labels") or {})
    zones.of_name(body.get("timeZone", ""))
    return body


def _deleted(context: "Context", tx: sqlite3.Connection, dataset: Resource) -> None:
    registry.empty_dataset(context, tx, dataset.name)
    context.operations.delete_below(tx, dataset.name)
    context.db.after_commit(lambda: keys.forget(context, dataset.name))


@cloudkms.erases
def _erase(context: "Context", tx: sqlite3.Connection, key: str) -> None:
    """Empty the stores of all datasets of a key that is gone."""
    for dataset in _of_key(context, tx, key):
        registry.empty_dataset(context, tx, dataset)


@cloudkms.erases_encrypted
def _erase_encrypted(context: "Context", tx: sqlite3.Connection, version: str) -> None:
    """Take what a version that is gone encrypted out of the stores of all datasets of its key."""
    for dataset in _of_key(context, tx, cloudkms.key_of(version)):
        registry.erase_encrypted(context, tx, dataset, data_keys.text_start(version))


def _of_key(context: "Context", tx: sqlite3.Connection, key: str) -> list[str]:
    """The names of the datasets that a key protects."""
    specs = ((one.name, one.body.get("encryptionSpec") or {}) for one in context.resources.every(DATASET, tx))
    return [name for name, spec in specs if spec.get("kmsKeyName") == key]


DATASETS = Collection(
    DATASET,
    "datasets",
    id_parameter="datasetId",
    id_pattern=ID,
    immutable=frozenset(("encryptionSpec",)),
    prepare=_prepared,
    prepare_update=lambda request, _old, body: _prepared(request, body),
    after_delete=_deleted,
)
_VERBS = ("get", "list", "patch", "delete", "getIamPolicy", "setIamPolicy", "testIamPermissions")
crud(SERVICE, DATASETS, METHODS, _VERBS)


@SERVICE.handles(f"{METHODS}.create")
async def create(request: Request) -> Answer:
    """Create a dataset: readable as soon as the operation is answered, which the provider relies on."""
    location = request.path["parent"].rsplit("/", 1)[-1]
    if location not in LOCATIONS:
        raise not_found(f"Location {location} is not found or access is unauthorized.")
    key = ((request.body or {}).get("encryptionSpec") or {}).get("kmsKeyName")
    if key:
        keys.require_usable(request.context, key, f"{request.name}/datasets/{request.query.get('datasetId', '')}")
    dataset = await collections.create(DATASETS, request)
    operation = await operations.finished(
        request,
        dataset.name,
        "dataset.DatasetService.CreateDataset",
        {"@type": operations.type_url(request, "dataset.Dataset"), "name": dataset.name, **dataset.body},
    )
    return operations.view(operation)


def _location(project: str, location: str) -> dict[str, str]:
    return {"name": f"{project}/locations/{location}", "locationId": location}


@SERVICE.handles("healthcare.projects.locations.list")
async def list_locations(request: Request) -> Answer:
    """List where datasets can be created."""
    page, following = paging.cut(LOCATIONS, paging.asked(request.query, len(LOCATIONS), len(LOCATIONS)))
    answer: dict[str, object] = {"locations": [_location(request.name, location) for location in page]}
    if following:
        answer["nextPageToken"] = following
    return answer


@SERVICE.handles("healthcare.projects.locations.get")
async def get_location(request: Request) -> Answer:
    """One location."""
    project, _, location = request.name.rpartition("/locations/")
    if location not in LOCATIONS:
        raise not_found(f"Location {location} is not found or access is unauthorized.")
    return _location(project, location)
