"""Exports, for any kind of store: exactly one destination, and the operation around it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.context import Job
from emulator.errors import invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import operations
from emulator.services.healthcare.names import METHODS
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.stores.kind import StoreKind

Json = dict[str, Any]


@dataclass(frozen=True)
class Destination:
    """Where a kind of store exports to.

    check  (what the request says of it, store's name): raises 400 for what Google refuses at once
    run    does it; the payload holds the request's word, and its `options`
    """

    check: Callable[[Json, str], object]
    run: Callable[[Job], Awaitable[None]]


@dataclass(frozen=True)
class Exporter:
    """How a kind of store exports.

    method        Google's name of the method without package and version: "dicom.DicomService.ExportDicomData"
    response      the same of the finished operation's response: "dicom.ExportDicomDataResponse"
    destinations  by the request's field: gcsDestination, bigqueryDestination, pubsubDestination
    options       (request body) -> what else the job's payload is to hold; raises 400
    verb          the method's name in Google's documents: "export"
    permission    the one that callers need; None for the method's own
    allowed       (store's settings): raises where the store can't do it
    """

    method: str
    response: str
    destinations: Mapping[str, Destination]
    options: Callable[[Json], Json] = lambda _body: {}
    verb: str = "export"
    permission: str | None = None
    allowed: Callable[[Json], None] = lambda _settings: None


def register(kind: StoreKind, exporter: Exporter) -> None:
    """Emulate the export of a kind of store."""
    job_kind = f"healthcare.{kind.name}.{exporter.verb}"
    destinations = exporter.destinations

    @SERVICE.handles(f"{METHODS}.{kind.collection}.{exporter.verb}", permission=exporter.permission)
    async def start(request: Request) -> Answer:
        """Start an export; the agent's permissions are checked by the operation."""
        exporter.allowed(request.context.resources.require(kind.resource, request.name).body)
        body = request.body or {}
        given = [field for field in destinations if body.get(field) is not None]
        if len(given) != 1:
            raise invalid_argument(f"Exactly one destination is required: {' or '.join(destinations)}.")
        destinations[given[0]].check(body[given[0]], request.name)
        payload = {given[0]: body[given[0]], **exporter.options(body)}
        return operations.started(await operations.start(request, job_kind, request.name, exporter.method, payload))

    @SERVICE.job(job_kind)
    async def run(job: Job) -> Json:
        """Export to the destination that the request named."""
        await next(destinations[field] for field in destinations if field in job.payload).run(job)
        job.counter.pop("pending", None)
        return operations.response(job, exporter.response)
