"""Streams of a FHIR store. To BigQuery: rows of every version with its operation, and a view of the current ones; or
of the latest version of each resource only, where the destination captures changes.

Cloud Healthcare: FhirStore.streamConfigs. The operation, CREATE, UPDATE or DELETE, is the code of a meta.tag.
A stream to another store is kept as the name of what changed; who delivers it is registered here.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from emulator.errors import ApiError
from emulator.fhir import parsing
from emulator.gateway.request import Request
from emulator.services.healthcare import agent
from emulator.services.healthcare.fhir import instants
from emulator.services.healthcare.fhir.keeping import Change
from emulator.services.healthcare.fhir.shapes import ID, Destination, Table
from emulator.services.healthcare.fhir.stored import Version, opened
from emulator.services.healthcare.stores.kind import Json
from emulator.services.healthcare.transfer import tables

if TYPE_CHECKING:
    from emulator.context import Context

MAX_ROW = 1 << 20
"""Bytes of a resource that BigQuery takes as a streamed row."""
STORE = "deidentifiedStoreDestination"
"""The field of a streamConfig for a store that is to have resources de-identified."""
_BIGQUERY = "bigqueryDestination"
Append = Callable[["Context", str, Json, Sequence[bytes]], Awaitable[None]]
Allowed = Callable[[Request, Json | None, Json], None]
_DELIVERERS: dict[str, Append] = {}
_CHECKS: list[Allowed] = []


def delivers(field: str, allowed: Allowed | None = None) -> Callable[[Append], Append]:
    """Register who delivers streams to the destination in a field of a streamConfig: as `append`.

    `allowed` says whether a store may have them, as StoreKind.allowed.
    """

    def register(append: Append) -> Append:
        _DELIVERERS[field] = append
        if allowed is not None:
            _CHECKS.append(allowed)
        return append

    return register


def allowed(request: Request, old: Json | None, new: Json) -> None:
    """Raise what those who deliver have to say against the streams that settings have."""
    for check in _CHECKS:
        check(request, old, new)


def uri(config: Json) -> str:
    """The dataset, or the store, of a streamConfig."""
    destination: Json = config.get(_BIGQUERY) or config.get(STORE) or {}
    return str(destination.get("datasetUri") or destination.get("store") or "")


def payload(config: Json, change: Change) -> bytes | None:
    """The operation, a blank, and the resource, to another store Type/id; None for a type that is not streamed."""
    after, types = change.after, config.get("resourceTypes") or ()
    if types and after.type not in types:
        return None
    if STORE in config:
        return after.relative.encode()
    if after.deleted:
        return b"DELETE " + parsing.canonical(_deletion(after))
    return (b"CREATE " if change.created else b"UPDATE ") + after.body


async def append(context: "Context", store: str, config: Json, payloads: Sequence[bytes]) -> None:
    """Hand payloads to the destination of a streamConfig."""
    field = next(each for each in _DELIVERERS if each in config)
    await _DELIVERERS[field](context, store, config, payloads)


@delivers(_BIGQUERY)
async def _append_rows(context: "Context", store: str, config: Json, payloads: Sequence[bytes]) -> None:
    """Append versions to the tables of their types. Raises what BigQuery refuses, after it has seen all types."""
    to = Destination.parse(config[_BIGQUERY])
    by_type: dict[str, list[Json]] = defaultdict(list)
    for resource in await asyncio.to_thread(_resources, payloads):
        by_type[resource["resourceType"]].append(resource)
    problems = []
    for name, resources in by_type.items():
        try:
            await (_replace if to.keys == (ID,) else _append)(context, store, to, name, resources)
        except ApiError as problem:
            problems.append(problem)
    if problems:
        raise max(problems, key=lambda problem: problem.code)


async def _append(context: "Context", store: str, to: Destination, resource_type: str, resources: list[Json]) -> None:
    table, rows = await _rows(context, store, to, resource_type, resources)
    if rows:
        replaced = (to.keys, [[row[key] for key in to.keys] for row in rows]) if to.keys else None
        await tables.append(context, store, to.table(resource_type), table.columns, rows, to.body, replaced)
        await tables.ensure_view(context, store, to.table(f"{resource_type}View"), _current(to, resource_type))


async def _replace(context: "Context", store: str, to: Destination, resource_type: str, resources: list[Json]) -> None:
    """Put the latest versions of resources in the place of those that the table has; take out what was deleted."""
    latest = {resource["id"]: resource for resource in resources}
    there = [resource for resource in latest.values() if not _is_deletion(resource)]
    table, rows = await _rows(context, store, to, resource_type, there)
    uri, replaced = to.table(resource_type), (to.keys, [[each] for each in latest])
    await tables.append(context, store, uri, table.columns, rows, to.body, replaced)


async def _rows(
    context: "Context", store: str, to: Destination, resource_type: str, resources: list[Json]
) -> tuple[Table, list[Json]]:
    """The rows of resources, and the table that they fit in; those that have none are logged."""
    table = Table(to, opened(context, store).definitions, resource_type)
    rows, failed = await asyncio.to_thread(table.rows, resources)
    for resource, reason in failed:
        source = f"{store}/fhir/{resource_type}/{resource['id']}"
        context.logs.write(agent.log_entry(store, "FhirStreamLogEntry", 3, reason, source=source))
    return table, rows


def _is_deletion(resource: Json) -> bool:
    return bool(resource["meta"]["tag"][-1] == {"code": "DELETE"})


def _resources(payloads: Sequence[bytes]) -> list[Json]:
    """The resources of payloads, each tagged with its operation; those that are too large for a row are left out."""
    made = []
    for operation, _, body in (one.partition(b" ") for one in payloads):
        if len(body) <= MAX_ROW:
            resource = parsing.parse(body, None)
            meta: Json = resource["meta"]
            meta["tag"] = [*(meta.get("tag") or ()), {"code": operation.decode()}]
            made.append(resource)
    return made


def _deletion(version: Version) -> Json:
    meta = {"versionId": version.version_id, "lastUpdated": instants.last_updated(version.at)}
    return {"resourceType": version.type, "id": version.id, "meta": meta}


def _current(to: Destination, resource_type: str) -> str:
    """The query of a view: the last version of each resource, without those that were deleted."""
    newest = "ROW_NUMBER() OVER (PARTITION BY id ORDER BY meta.lastUpdated DESC, meta.versionId DESC) = 1"
    versions = f"SELECT * FROM `{to.project}.{to.dataset}.{resource_type}` WHERE TRUE QUALIFY {newest}"  # noqa: S608  names of ours
    deleted = "EXISTS (SELECT 1 FROM UNNEST(meta.tag) AS tag WHERE tag.code = 'DELETE')"
    return f"SELECT * FROM ({versions}) WHERE NOT {deleted}"  # noqa: S608  as above
