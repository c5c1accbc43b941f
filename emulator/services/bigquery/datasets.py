"""datasets: insert, get, list, update, patch, delete."""

from __future__ import annotations

import sqlite3
from typing import Any

from emulator.errors import ApiError
from emulator.gateway import paging
from emulator.gateway.request import Answer, Request, Response
from emulator.services.bigquery import access, catalog, errors, history, warehouse
from emulator.services.bigquery.encryption import version_for
from emulator.services.bigquery.names import DatasetName
from emulator.services.bigquery.requests import (
    asked_page,
    check_dataset_id,
    check_etag,
    dataset_of,
    merge,
    on_dataset,
    on_project,
    project_of,
)
from emulator.services.bigquery.service import SERVICE
from emulator.state.resources import Resource

MADE_BY_SERVER = (
    "kind", "etag", "id", "selfLink", "creationTime", "lastModifiedTime", "datasetReference", "type", "satisfiesPzs",
    "satisfiesPzi", "maxTimeTravelHours",
)  # fmt: skip
IMMUTABLE = ("location", "isCaseInsensitive")
DEFAULT_TIME_TRAVEL_HOURS = "168"


@SERVICE.handles("bigquery.datasets.insert", permission="bigquery.datasets.create", on=on_project)
async def insert(request: Request) -> Answer:
    """Create a dataset."""
    body = request.body
    reference = body.get("datasetReference") or {}
    if not reference.get("datasetId"):
        raise errors.invalid("Required parameter is missing: datasetReference.datasetId")
    name = DatasetName(project_of(request), reference["datasetId"])
    if reference.get("projectId") and request.context.project_id(reference["projectId"]) != name.project:
        raise errors.invalid(f"The project in the body, {reference['projectId']}, is not that of the path.")
    created = await request.context.db.write(
        create_in, request.context, name, body, request.principal, request.query.get("accessPolicyVersion", 1)
    )
    return catalog.dataset_view(request.context, created)


def create_in(
    tx: sqlite3.Connection,
    context: Any,
    name: DatasetName,
    body: dict[str, Any],
    principal: str,
    policy_version: int = 1,
) -> Resource:
    """Create a dataset inside a write. Raises 400 for a bad name or access list, 409 where the name is taken, 501."""
    check_dataset_id(name.dataset)
    if body.get("isCaseInsensitive"):
        raise errors.error("notImplemented", "Datasets with isCaseInsensitive are not emulated.")
    entries = body.get("access")
    stored = {
        "location": catalog.DEFAULT_LOCATION,
        "maxTimeTravelHours": DEFAULT_TIME_TRAVEL_HOURS,
        **_settable(body),
        "access": access.default_entries(principal) if entries is None else access.normalise(entries, policy_version),
    }
    version_for(context, name.project, stored.get("defaultEncryptionConfiguration"), stored["location"], tx)
    if body.get("maxTimeTravelHours"):
        stored["maxTimeTravelHours"] = body["maxTimeTravelHours"]
    try:
        created: Resource = context.resources.insert(
            tx, catalog.DATASETS, name.resource, f"projects/{name.project}", stored
        )
    except ApiError:
        raise errors.duplicate("Dataset", name) from None
    context.policies.set(tx, name.resource, access.to_policy(name, stored["access"]))
    return created


def _settable(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in MADE_BY_SERVER and value is not None}


@SERVICE.handles("bigquery.datasets.get", on=on_dataset)
async def get(request: Request) -> Answer:
    """Show a dataset."""
    found = catalog.dataset(request.context, dataset_of(request))
    if request.headers.get("if-none-match", "").strip('"') == found.etag:
        return Response(304)
    return catalog.dataset_view(request.context, found)


@SERVICE.handles("bigquery.datasets.list", permission="", on=on_project)
async def list_(request: Request) -> Answer:
    """List the datasets of a project that the caller may see."""
    context = request.context
    if not context.project_exists(project_of(request)):
        raise errors.error("notFound", f"Not found: Project {project_of(request)}")
    wanted = _filter(request.query.get("filter", ""))

    def keep(found: Resource) -> bool:
        labels = found.body.get("labels") or {}
        if any(key not in labels or (value and labels[key] != value) for key, value in wanted):
            return False
        return context.policies.allows(request.principal, "bigquery.datasets.get", found.name)

    page = asked_page(request, 50, str)
    found, last = context.resources.list(catalog.DATASETS, on_project(request), page.size, page.name, keep)
    items = [_item(resource) for resource in found]
    answer: dict[str, Any] = {"kind": "bigquery#datasetList", "etag": context.ids.etag()}
    if items:
        answer["datasets"] = items
    if last:
        answer["nextPageToken"] = paging.encode(last)
    return answer


def _item(resource: Resource) -> dict[str, Any]:
    name = catalog.dataset_name(resource)
    item = {
        "kind": "bigquery#dataset",
        "id": str(name),
        "datasetReference": name.reference,
        "location": resource.body.get("location"),
    }
    for key in ("labels", "friendlyName"):
        if resource.body.get(key):
            item[key] = resource.body[key]
    return item


def _filter(text: str) -> list[tuple[str, str]]:
    """labels.key:value pairs, separated by spaces. Raises a 400 for anything else."""
    pairs = []
    for part in text.split():
        prefix, dot, rest = part.partition(".")
        key, _, value = rest.partition(":")
        if prefix != "labels" or not dot or not key:
            raise errors.invalid(f'Invalid filter "{text}"; write labels.KEY or labels.KEY:VALUE.')
        pairs.append((key, value))
    return pairs


@SERVICE.handles("bigquery.datasets.update", on=on_dataset)
async def update(request: Request) -> Answer:
    """Replace a dataset's fields; what is left out is cleared, but the access list is kept."""
    return await _change(request, replace=True)


@SERVICE.handles("bigquery.datasets.patch", permission="bigquery.datasets.update", on=on_dataset)
async def patch(request: Request) -> Answer:
    """Change the fields that the body has."""
    return await _change(request, replace=False)


async def _change(request: Request, *, replace: bool) -> Answer:
    context, name = request.context, dataset_of(request)
    version = request.query.get("accessPolicyVersion", 1)

    def change(tx: sqlite3.Connection) -> Resource:
        old = catalog.dataset(context, name, tx)
        check_etag(request, old)
        body = _changed(old.body, request.body, replace=replace)
        _check_key(tx, context, name, old.body, body)
        if request.body.get("access") is not None:
            body["access"] = access.normalise(request.body["access"], version, old.body.get("access") or ())
            context.policies.set(tx, name.resource, access.to_policy(name, body["access"]))
        return context.resources.replace(tx, catalog.DATASETS, name.resource, body)

    return catalog.dataset_view(context, await context.db.write(change))


def change_in(tx: sqlite3.Connection, context: Any, name: DatasetName, given: dict[str, Any]) -> Resource:
    """Change fields of a dataset in a transaction, as ALTER SCHEMA does; None clears one. Raises 400 and 404."""
    old = catalog.dataset(context, name, tx)
    body = _changed(old.body, given, replace=False)
    _check_key(tx, context, name, old.body, body)
    changed: Resource = context.resources.replace(tx, catalog.DATASETS, name.resource, body)
    return changed


def _check_key(
    tx: sqlite3.Connection, context: Any, name: DatasetName, old: dict[str, Any], new: dict[str, Any]
) -> None:
    key = new.get("defaultEncryptionConfiguration")
    if key != old.get("defaultEncryptionConfiguration"):
        version_for(context, name.project, key, new["location"], tx)


def _changed(old: dict[str, Any], new: dict[str, Any], *, replace: bool) -> dict[str, Any]:
    for key in IMMUTABLE:
        if new.get(key) is not None and str(new[key]).lower() != str(old.get(key, "")).lower():
            raise errors.invalid(f"Cannot change {key} of a dataset: it is {old.get(key)}.")
    given = {key: value for key, value in new.items() if key not in (*MADE_BY_SERVER, "access", *IMMUTABLE)}
    if new.get("maxTimeTravelHours"):
        given["maxTimeTravelHours"] = new["maxTimeTravelHours"]
    if not replace:
        return merge(old, given)
    kept = {key: old[key] for key in ("location", "access", "maxTimeTravelHours", *IMMUTABLE) if key in old}
    return {**kept, **{key: value for key, value in given.items() if value is not None}}


@SERVICE.handles("bigquery.datasets.delete", on=on_dataset)
async def delete(request: Request) -> Answer:
    """Delete a dataset; with tables in it only where deleteContents says so."""
    await remove(request.context, dataset_of(request), contents=bool(request.query.get("deleteContents")))
    return Response(204)


async def remove(context: Any, name: DatasetName, *, contents: bool) -> None:
    """Delete a dataset, its tables and their rows. Raises 404, and 400 where it holds tables that are to stay."""

    def change(tx: sqlite3.Connection) -> list[str]:
        catalog.dataset(context, name, tx)
        tables = context.resources.list(catalog.TABLES, name.resource, tx=tx)[0]
        routines = context.resources.list(catalog.ROUTINES, name.resource, tx=tx)[0]
        if not contents and (routines or any(catalog.tables_of(context, name, tx))):
            raise errors.error("resourceInUse", f"Dataset {name} is still in use")
        context.resources.delete_tree(tx, name.resource)
        context.db.after_commit(context.policies.forget)
        return [*(catalog.storage_of(table.body) for table in tables), *history.leave_in(tx, name)]

    await warehouse.of(context).drop(*await context.db.write(change))
