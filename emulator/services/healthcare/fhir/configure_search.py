"""configureSearch (v1beta1): a store is searched by SearchParameter resources of its own, once indexed by them."""

import sqlite3

import orjson

from emulator.context import Job
from emulator.errors import invalid_argument
from emulator.fhir import parsing
from emulator.fhir.outcomes import Refused
from emulator.fhir.search.errors import SearchError
from emulator.fhir.search.parameters import Parameters, parameters
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import operations
from emulator.services.healthcare.fhir import errors, indexing, searching, stored, versions
from emulator.services.healthcare.fhir.stored import KIND, Json, Store
from emulator.services.healthcare.names import METHODS, StoreName
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.transfer import steps

JOB = "healthcare.fhir.configureSearch"
_METHOD = "fhir.FhirStoreService.ConfigureSearch"
_AT_ONCE = 100


@SERVICE.handles(f"{METHODS}.fhirStores.configureSearch", permission="healthcare.fhirStores.configureSearch")
async def configure(request: Request) -> Answer:
    """Check the search parameters that canonicalUrls name, then index the store by them, instead of those before."""
    context, body = request.context, request.body or {}
    try:
        store = stored.opened(context, request.name)
        await indexing.caught_up(context, store.key)
        wanted = [_meant(request, store, url) for url in body.get("canonicalUrls") or []]
    except Refused as refused:
        raise errors.api_error_of(refused) from None
    try:
        parameters(store.version).extended([resource for _, resource in wanted])
    except SearchError as problem:
        raise invalid_argument(str(problem)) from None
    if body.get("validateOnly"):
        dataset = StoreName.parse(store.name).dataset
        response = {"@type": operations.type_url(request, "fhir.ConfigureSearchResponse")}
        return operations.view(await operations.finished(request, dataset, _METHOD, response))
    payload = {"searchParameters": [named for named, _ in wanted], "types": _types(store, [each for _, each in wanted])}
    return operations.started(await operations.start(request, JOB, store.name, _METHOD, payload))


@SERVICE.job(JOB)
async def run(job: Job) -> Json:
    """Configure the store, so that what is written from now on is indexed anew; then index what is there."""
    if "rid" not in job.checkpoint:
        await steps.commit(job, _set)
    while not job.checkpoint.get("done"):
        job.check_cancelled()
        await steps.commit(job, _index)
    return operations.response(job, "fhir.ConfigureSearchResponse")


def _meant(request: Request, store: Store, url: str) -> tuple[Json, Json]:
    """The entry of searchConfig for a canonical URL, and the resource; 400 where the store has none."""
    reader = request.context.db.reader
    found = searching.find(reader, store, "SearchParameter", [("url", url.partition("|")[0])]).matches
    if not found:
        raise invalid_argument(f"No SearchParameter of the store has the URL {url[:300]}.")
    version = f"/_history/{found[0].version_id}" if store.keeps_versions else "/"
    name = f"{store.name}/fhir/{found[0].relative}{version}"
    return {"canonicalUrl": url, "parameter": name}, parsing.parse(found[0].body, None)


def _types(store: Store, resources: list[Json]) -> list[str]:
    """The types of resources that are to be indexed again: those of the new parameters, and of those before."""
    before: Parameters = store.parameters
    after = parameters(store.version).extended(resources)
    return sorted({each.base for each in (*before.added, *after.added)})


def _set(tx: sqlite3.Connection, job: Job) -> None:
    resource = job.context.resources.require(KIND, job.payload["store"], tx)
    body = {name: value for name, value in resource.body.items() if name != "searchConfig"}
    if job.payload["searchParameters"]:
        body["searchConfig"] = {"searchParameters": job.payload["searchParameters"]}
    job.context.resources.replace(tx, KIND, resource.name, body)
    job.checkpoint["rid"] = 0
    job.save_in(tx)


def _index(tx: sqlite3.Connection, job: Job) -> None:
    """Index the next resources of the types anew, the oldest first."""
    store = stored.opened_in(job.context, tx, job.payload["store"])
    rows = tx.execute(
        "SELECT rid FROM fhir_index_resources WHERE store = ? AND rid > ? AND type IN (SELECT value FROM json_each(?))"
        " ORDER BY rid LIMIT ?",
        (store.key, job.checkpoint["rid"], orjson.dumps(job.payload["types"]).decode(), _AT_ONCE),
    ).fetchall()
    found = versions.by_rid(tx, store, [row[0] for row in rows])
    indexing.remove(tx, store.key, [each.rid for each in found])
    for each in found:
        rows_of = store.indexer.rows(parsing.parse(each.body, None))
        indexing.add(tx, store.key, [(each.rid, each.type, each.id, rows_of)])
    job.count("success", len(found))
    job.checkpoint["rid"] = rows[-1][0] if rows else job.checkpoint["rid"]
    job.checkpoint["done"] = len(rows) < _AT_ONCE
    job.save_in(tx)
