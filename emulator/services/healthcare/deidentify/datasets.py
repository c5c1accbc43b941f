"""datasets.deidentify: a new dataset with the stores of another one, their data de-identified by one key.

DICOM and FHIR stores are copied with their data, so that ImagingStudy and image still meet. Stores of other kinds
are made with their settings and stay empty: no method de-identifies what they hold.
"""

import re
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from emulator.context import Job
from emulator.deidentify.keys import Secret
from emulator.deidentify.settings import Settings
from emulator.errors import invalid_argument, not_found
from emulator.gateway.collections import DOT_SEGMENTS
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import operations
from emulator.services.healthcare.deidentify import config, dicom, fhir, provenance
from emulator.services.healthcare.dicom.store import DICOM
from emulator.services.healthcare.fhir.store import FHIR
from emulator.services.healthcare.names import DATASET, METHODS, StoreName
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.stores import registry
from emulator.services.healthcare.stores.kind import Json
from emulator.services.healthcare.transfer import steps
from emulator.state.operations import Operation
from emulator.state.resources import Resource

KIND = "healthcare.deidentify"
_METHOD = "deidentify.DeidentifyService.DeidentifyDataset"
_CREATE = "healthcare.datasets.create"
_NAME = re.compile(r"(?P<parent>projects/[^/]+/locations/(?P<location>[^/]+))/datasets/[\w\-.]{1,256}")
_LEADING_OUT = (
    *("notificationConfig", "notificationConfigs", "streamConfigs"),
    *("bulkExportGcsDestination", "consentConfig", "searchConfig"),
)
"""Settings that name what belongs to the source: topics, tables, buckets, policies, versions of resources."""
_STORES: dict[str, Callable[[Job, Settings, str, str], Awaitable[None]]] = {
    DICOM.collection: dicom.deidentify_store,
    FHIR.collection: fhir.deidentify_store,
}


@SERVICE.handles(f"{METHODS}.deidentify")
async def start(request: Request) -> Answer:
    """Make the new dataset with empty stores, and start to fill them."""
    context, body = request.context, request.body or {}
    source = context.resources.require(DATASET, request.name)
    name = _destination(request, str(body.get("destinationDataset") or ""))
    settings = config.check(body)
    config.require_model(context)
    if settings is not None and context.resources.list(DICOM.resource, source.name)[0]:
        config.require_detector(settings)
        provenance.check(context, source.name, settings)
    payload = {
        **{field: body[field] for field in ("config", "gcsConfigUri") if field in body},
        "key": Secret.random().key.hex(),
        "version": operations.version_of(request),
        "dataset": source.name,
        "destination": name,
    }
    operation = await context.db.write(_begin, request, source, payload)
    context.operations.run_soon(operation)
    return operations.started(operation)


@SERVICE.job(KIND)
async def run(job: Job) -> Json:
    """De-identify store after store; UIDs become in FHIR what they become in DICOM."""
    source, destination = job.payload["dataset"], job.payload["destination"]
    settings = await config.load(job.context, source, job.payload)
    fhir_rules = replace(settings.fhir, regenerate_uids=not settings.dicom.keep_ids)
    settings = replace(settings, fhir=fhir_rules)
    pairs = [(name, f"{destination}{name.removeprefix(source)}") for name in job.payload["stores"]]
    images = [pair for pair in pairs if StoreName.parse(pair[0]).collection == DICOM.collection]
    if images:
        await dicom.begin(job, settings, images)
    for name, twin in pairs:
        await _STORES[StoreName.parse(name).collection](job, settings, name, twin)
    await steps.commit(job, partial(provenance.tell_of_operation, ended=True), settings, images)
    job.counter.pop("pending", None)
    return operations.response(job, "deidentify.DeidentifySummary")


def _destination(request: Request, name: str) -> str:
    """The name of the dataset that is to be made; 400, 403 or 404 where that can't be."""
    found = _NAME.fullmatch(name)
    if found is None or name.rpartition("/")[2] in DOT_SEGMENTS:
        raise invalid_argument(
            f'Invalid destinationDataset "{name[:300]}": it must be projects/P/locations/L/datasets/D.'
        )
    if name == request.name:
        raise invalid_argument("destinationDataset must be another dataset than the source.")
    request.require(_CREATE, found["parent"])
    location = request.name.split("/")[3]
    if found["location"] != location:
        raise invalid_argument(
            f"destinationDataset must be in the source's location, {location}, and is in {found['location']}."
        )
    project = found["parent"].split("/")[1]
    if not request.context.project_exists(project):
        raise not_found(f"Resource not found: projects/{project}.")
    return name


def _begin(tx: sqlite3.Connection, request: Request, source: Resource, payload: Json) -> Operation:
    """Create the dataset, its stores and the operation, all or nothing; 409 where the dataset is there."""
    context, name = request.context, payload["destination"]
    parent = name.rpartition("/datasets/")[0]
    context.resources.insert(tx, DATASET, name, parent, {k: v for k, v in source.body.items() if k != "labels"})
    copied = []
    for kind in registry.kinds():
        for store in context.resources.list(kind.resource, source.name, tx=tx)[0]:
            body = {field: value for field, value in store.body.items() if field not in _LEADING_OUT}
            context.resources.insert(tx, kind.resource, f"{name}/{kind.collection}/{store.id}", name, body)
            copied += [store.name] if kind.collection in _STORES else []
    return context.operations.insert(
        tx,
        KIND,
        source.name,
        payload={**payload, "stores": copied},
        metadata=operations.metadata(request, _METHOD),
        principal=request.principal,
    )
