"""jobs: insert, get, list, cancel, delete, getQueryResults, query."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from emulator.gateway import paging
from emulator.gateway.request import Answer, Request
from emulator.services.bigquery import errors, warehouse
from emulator.services.bigquery.jobs import cancelling, outcome, query, run, sessions, store, uploads
from emulator.services.bigquery.jobs.store import DONE, Job
from emulator.services.bigquery.process.ticket import Ticket
from emulator.services.bigquery.requests import asked_page, asked_rows, on_project, project_of
from emulator.services.bigquery.service import SERVICE
from emulator.services.bigquery.sql import storage
from emulator.services.bigquery.tabledata import timestamp_format

if TYPE_CHECKING:
    from emulator.context import Context

DEFAULT_TIMEOUT_MS = 10_000
MAX_TIMEOUT_MS = 200_000
DEFAULT_ROWS = 50_000
NEWEST = 1 << 62
ARROW = "ARROW"
FORMS = ("", "QUERY_RESULTS_FORMAT_UNSPECIFIED", "STRUCT_ENCODING", ARROW)  # QueryRequest: queryResultsFormat
# What jobs.query takes beside the configuration of a query job.
REQUEST_ONLY = frozenset(
    [
        "kind",
        "maxResults",
        "timeoutMs",
        "dryRun",
        "preserveNulls",
        "labels",
        "location",
        "formatOptions",
        "requestId",
        "jobCreationMode",
        "jobTimeoutMs",
        "reservation",
        "queryResultsFormat",
        "arrowSerializationOptions",
    ]
)


@SERVICE.handles("bigquery.jobs.insert", permission="bigquery.jobs.create", on=on_project)
async def insert(request: Request) -> Answer:
    """Start a job; a load job may bring its file along as an upload."""
    if request.upload:
        return await uploads.insert(request)
    job = _new(request, request.body)
    if job.body["configuration"].get("dryRun"):
        return await _dry_run(request.context, job)
    if job.kind == "load" and not job.configuration.get("sourceUris"):
        raise errors.invalid("Load configuration must specify at least one source URI, or bring the file as an upload.")
    await run.submit(request.context, job)
    return store.view(request.context, job)


def _new(request: Request, body: dict[str, Any]) -> Job:
    """A job from what a caller sends; one in a session, and without a location of its own, is where that is."""
    context, query_part = request.context, (body.get("configuration") or {}).get("query") or {}
    reference = body.get("jobReference") or {}
    if not reference.get("location") and (place := sessions.location(context, query_part)):
        body = {**body, "jobReference": {**reference, "location": place}}
    return store.new(context, project_of(request), body, request.principal)


async def _dry_run(context: Context, job: Job) -> dict[str, Any]:
    """The checked job, which is not kept. Raises the error that it would end with."""
    if job.kind != "query":
        raise errors.invalid("Only query jobs can be run dry.")
    await query.dry_run(context, job, Ticket())
    job.state = DONE
    job.body["status"]["state"] = DONE
    return store.view(context, job)


def _find(request: Request) -> Job:
    return store.get(request.context, project_of(request), request.path["jobId"], request.query.get("location", ""))


def _require(request: Request, job: Job, permission: str) -> None:
    """Who made a job may see it; others need the permission on the project."""
    if job.principal != request.principal and not request.may(permission, f"projects/{job.project}"):
        raise errors.access_denied("Job", f"{job.project}:{job.location}.{job.id}", permission)


@SERVICE.handles("bigquery.jobs.get", permission="", on=on_project)
async def get(request: Request) -> Answer:
    """Show a job."""
    job = _find(request)
    _require(request, job, "bigquery.jobs.get")
    return store.view(request.context, job)


@SERVICE.handles("bigquery.jobs.list", permission="", on=on_project)
async def list_(request: Request) -> Answer:
    """List jobs, newest first: the caller's own, or with allUsers everybody's; the statements of a script alone."""
    context, project = request.context, project_of(request)
    if request.query.get("allUsers"):
        if not context.policies.allows(request.principal, "bigquery.jobs.listAll", f"projects/{project}"):
            raise errors.access_denied("Project", project, "bigquery.jobs.listAll")
        principal = ""
    else:
        principal = request.principal
    page = asked_page(request, 50)
    size = page.size
    times = (
        paging.whole(request.query, "minCreationTime", errors.invalid) or 0,
        paging.whole(request.query, "maxCreationTime", errors.invalid) or NEWEST,
    )
    states = request.query.get("stateFilter") or []
    found = store.page(
        context, project, principal, [states] if isinstance(states, str) else states, times,
        page.start if page.after else NEWEST, size + 1, request.query.get("parentJobId") or "",
    )  # fmt: skip
    answer: dict[str, Any] = {"kind": "bigquery#jobList", "etag": context.ids.etag()}
    shown = found[:size]
    if shown:
        answer["jobs"] = [_item(context, job, full=request.query.get("projection") == "full") for _, job in shown]
    if len(found) > size and shown:
        answer["nextPageToken"] = paging.encode(shown[-1][0])
    return answer


def _item(context: Context, job: Job, *, full: bool) -> dict[str, Any]:
    item = store.view(context, job)
    item["state"] = job.state
    if job.error is not None:
        item["errorResult"] = job.body["status"]["errorResult"]
    if not full:
        item.pop("selfLink")
    return item


@SERVICE.handles("bigquery.jobs.cancel", permission="", on=on_project)
async def cancel(request: Request) -> Answer:
    """Stop a job, and answer when it has stopped. One that has ended stays as it is."""
    job = _find(request)
    _require(request, job, cancelling.PERMISSION)
    job = await cancelling.cancel(request.context, job)
    return {"kind": "bigquery#jobCancelResponse", "job": store.view(request.context, job)}


@SERVICE.handles("bigquery.jobs.delete", on=on_project)
async def delete(request: Request) -> Answer:
    """Forget a job that has ended."""
    job = _find(request)
    if job.state != DONE:
        raise errors.invalid(f"Job {job.id} is running; cancel it first.")
    if job.statistics.get("parentJobId"):
        raise errors.invalid(f"Job {job.id} is a child of {job.statistics['parentJobId']}; delete that one.")
    await request.context.db.write(store.delete_in, job)
    return None


@SERVICE.handles("bigquery.jobs.query", permission="bigquery.jobs.create", on=on_project)
async def query_(request: Request) -> Answer:
    """Run a query and answer with its first rows, or with jobComplete false where it takes longer."""
    context, body, project = request.context, request.body, project_of(request)
    form = body.get("queryResultsFormat") or ""
    if form not in FORMS:
        raise errors.invalid(f"Unknown queryResultsFormat {form}.")
    configuration = {key: value for key, value in body.items() if key not in REQUEST_ONLY and value is not None}
    reference = {"location": body["location"]} if body.get("location") else {}
    described: dict[str, Any] = {"configuration": {"query": configuration}, "jobReference": reference}
    for key in ("labels", "jobTimeoutMs"):
        if body.get(key):
            described["configuration"][key] = body[key]
    job = _new(request, described)
    if body.get("dryRun"):
        await _dry_run(context, job)
        part = job.statistics["query"]
        return {
            "kind": "bigquery#queryResponse",
            "jobReference": {"projectId": project, "location": job.location},
            "jobComplete": True,
            "cacheHit": False,
            "totalBytesProcessed": job.statistics["totalBytesProcessed"],
            **({"schema": part["schema"]} if "schema" in part else {}),
        }
    job = await _once(request, job)
    timeout = body.get("timeoutMs")
    seconds = min(DEFAULT_TIMEOUT_MS if timeout is None else int(timeout), MAX_TIMEOUT_MS) / 1000
    await run.wait(context, project, job.id, seconds)
    options = body.get("formatOptions") or {}
    maximum = body.get("maxResults")
    count = DEFAULT_ROWS if maximum is None else int(maximum)
    answer = await _answer(context, store.get(context, project, job.id), options, 0, count, arrow=form == ARROW)
    if "sessionInfo" in job.statistics:
        answer["sessionInfo"] = job.statistics["sessionInfo"]
    return {**answer, "kind": "bigquery#queryResponse", "queryId": job.id}


async def _once(request: Request, job: Job) -> Job:
    """Start the job; a repeated requestId of the same caller gives the one that is there."""
    requests = warehouse.of(request.context).requests
    key = (request.principal, str(request.body.get("requestId") or ""))
    if key[1] and key in requests:
        return store.get(request.context, job.project, requests[key])
    if key[1]:
        requests[key] = job.id
    await run.submit(request.context, job)
    return job


@SERVICE.handles("bigquery.jobs.getQueryResults", permission="", on=on_project)
async def get_query_results(request: Request) -> Answer:
    """Rows of a query job, a page at a time. A job that failed answers with its error."""
    context = request.context
    job = _find(request)
    _require(request, job, "bigquery.jobs.get")
    if job.kind != "query":
        raise errors.invalid(f"Job {job.id} is not a query.")
    timeout = request.query.get("timeoutMs")
    seconds = min(DEFAULT_TIMEOUT_MS if timeout is None else int(timeout), MAX_TIMEOUT_MS) / 1000
    await run.wait(context, job.project, job.id, seconds)
    job = _find(request)
    page = asked_rows(request, DEFAULT_ROWS)
    options = {
        "useInt64Timestamp": request.query.get("formatOptions.useInt64Timestamp"),
        "timestampOutputFormat": request.query.get("formatOptions.timestampOutputFormat"),
    }
    answer = await _answer(context, job, options, page.start, page.size)
    return {**answer, "kind": "bigquery#getQueryResultsResponse", "etag": f"{job.id}-{page.start}"}


async def _answer(
    context: Context, job: Job, options: dict[str, Any], start: int, count: int, *, arrow: bool = False
) -> dict[str, Any]:
    """What both ways of reading results answer. Raises the job's error."""
    answer: dict[str, Any] = {
        "jobReference": job.body["jobReference"],
        "jobComplete": job.state == DONE,
        "location": job.location,
    }
    if job.state != DONE:
        return answer
    if job.error is not None:
        raise job.error
    shown = outcome.with_result(context, job)
    statistics = shown.statistics.get("query", {})
    answer["totalBytesProcessed"] = job.statistics.get("totalBytesProcessed", "0")
    answer["totalBytesBilled"] = statistics.get("totalBytesBilled", answer["totalBytesProcessed"])
    answer["cacheHit"] = bool(statistics.get("cacheHit"))
    answer["creationTime"] = job.statistics["creationTime"]
    answer["startTime"] = job.statistics["startTime"]
    answer["endTime"] = job.statistics["endTime"]
    answer["statementType"] = job.statistics.get("query", {}).get("statementType")
    for key in ("numDmlAffectedRows", "dmlStats"):
        if key in statistics:
            answer[key] = statistics[key]
    if outcome.has_rows(shown):
        rows = _arrow(context, shown, count) if arrow else _rows(context, shown, options, start, count)
        answer.update(await rows)
    return answer


async def _rows(context: Context, job: Job, options: dict[str, Any], start: int, count: int) -> dict[str, Any]:
    found, house = outcome.of(context, job), warehouse.of(context)
    known: tuple[int, list[dict[str, Any]]] | None = None
    timestamps = timestamp_format(options)
    if found.result is not None:
        known = house.small.page(found.result.storage, found.fields, start, count, timestamps)
    total, rows = (
        known
        if known is not None
        else await house.run(storage.encoded_page, found.table, found.fields, start, count, timestamps, short=True)
    )
    answer: dict[str, Any] = {"schema": {"fields": found.fields}, "totalRows": str(total)}
    if rows:
        answer["rows"] = rows
    if start + len(rows) < total and (rows or not count):
        answer["pageToken"] = paging.encode(start + len(rows))
    return answer


async def _arrow(context: Context, job: Job, count: int) -> dict[str, Any]:
    """The first rows as Arrow's IPC has them, without the schema of other answers (QueryRequest)."""
    found, house = outcome.of(context, job), warehouse.of(context)
    assert house.arrow_page is not None
    page = await house.arrow_page(found.table, found.fields, count)
    answer: dict[str, Any] = {
        "arrowSchema": {"serializedSchema": base64.b64encode(page.schema).decode()},
        "totalRows": str(page.total),
        "pageRowCount": str(page.rows),
    }
    if page.rows:
        answer["arrowRecordBatch"] = {"serializedRecordBatch": base64.b64encode(page.batch).decode()}
    if page.rows < page.total:
        answer["pageToken"] = paging.encode(page.rows)
    return answer
