"""Long-running operations of a dataset as Cloud Healthcare shows them: metadata, counters, get, list, cancel."""

import sqlite3
from typing import Any

from emulator.context import Job
from emulator.gateway import filters, paging
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.names import DATASET, METHODS, StoreName
from emulator.services.healthcare.service import SERVICE
from emulator.state.operations import Operation

Json = dict[str, Any]
_PREFIX = f"{METHODS}.operations"
_PAGE = 100
_TYPES = "type.googleapis.com"


def version_of(request: Request) -> str:
    """The API version of a request's method: v1 or v1beta1."""
    return request.method.document.name.rpartition(".")[2]


def type_url(request: Request, message: str) -> str:
    """The type URL of a healthcare message in the request's API version ("dicom.ImportDicomDataResponse")."""
    return f"{_TYPES}/google.cloud.healthcare.{version_of(request)}.{message}"


def metadata(request: Request, method: str) -> Json:
    """What an operation stores of its method (a name without package and version) until it is shown."""
    version = version_of(request)
    return {"version": version, "apiMethodName": f"google.cloud.healthcare.{version}.{method}"}


async def start(request: Request, kind: str, store: str, method: str, payload: Json) -> Operation:
    """Start a job on a store; the operation lies under its dataset.

    `method` is Google's name without package and version, for example "dicom.DicomService.ImportDicomData".
    """
    return await request.context.operations.start(
        kind,
        StoreName.parse(store).dataset,
        payload={**payload, "store": store, "version": version_of(request)},
        metadata=metadata(request, method),
        principal=request.principal,
    )


async def finished(request: Request, dataset: str, method: str, response: Json) -> Operation:
    """Record work that is done already as a finished operation."""
    return await request.context.db.write(finished_in, request, dataset, method, response)


def finished_in(
    tx: sqlite3.Connection,
    request: Request,
    dataset: str,
    method: str,
    response: Json,
    counter: dict[str, int] | None = None,
) -> Operation:
    """The same in the transaction of the work, with what it counted."""
    return request.context.operations.insert(
        tx,
        "healthcare.done",
        dataset,
        metadata=metadata(request, method),
        principal=request.principal,
        response=response,
        counter=counter,
    )


def response(job: Job, message: str) -> Json:
    """The response of an operation on a store that is done, by its type ("dicom.ImportDicomDataResponse")."""
    return {"@type": f"{_TYPES}/google.cloud.healthcare.{job.payload['version']}.{message}"}


def number(operation: Operation) -> str:
    """The number that an operation's name ends with, 19 digits."""
    return operation.name.rpartition("/")[2]


def started(operation: Operation) -> Json:
    """The first answer of a long-running method: just the name."""
    return {"name": operation.name}


def view(operation: Operation) -> Json:
    """Shape an operation as Google does: int64 counters are strings, zeros are left out."""
    version = operation.metadata.get("version", "v1")
    shown: Json = {
        "@type": f"{_TYPES}/google.cloud.healthcare.{version}.OperationMetadata",
        "apiMethodName": operation.metadata.get("apiMethodName", ""),
        "createTime": operation.created,
    }
    if operation.ended:
        shown["endTime"] = operation.ended
    if operation.cancel_requested:
        shown["cancelRequested"] = True
    project = operation.name.split("/")[1]
    query = f"operation.id%3D%22{operation.name.replace('/', '%2F')}%22"
    shown["logsUrl"] = f"https://console.cloud.google.com/logs/query;query={query}?project={project}"
    counter = {name: str(number) for name, number in operation.counter.items() if number}
    if counter:
        shown["counter"] = counter
    return {**operation.to_json(), "metadata": shown}


@SERVICE.handles(f"{_PREFIX}.get")
async def get(request: Request) -> Answer:
    """One operation."""
    return view(request.context.operations.require(request.name))


@SERVICE.handles(f"{_PREFIX}.list")
async def list_operations(request: Request) -> Answer:
    """List a dataset's operations, newest first; `filter` sees them as they are shown."""
    request.context.resources.require(DATASET, request.name)
    shown = [view(operation) for operation in request.context.operations.list(request.name)]
    if text := request.query.get("filter"):
        keep = filters.compile_filter(text)
        shown = [operation for operation in shown if keep(operation)]
    page, following = paging.cut(shown, paging.asked(request.query, _PAGE, _PAGE))
    answer: Json = {"operations": page} if page else {}
    if following:
        answer["nextPageToken"] = following
    return answer


@SERVICE.handles(f"{_PREFIX}.cancel")
async def cancel(request: Request) -> Answer:
    """Ask an operation to stop; no effect on one that has ended."""
    await request.context.operations.cancel(request.name)
    return {}
