"""$export of a store or a group, and the status of one (HL7: Bulk Data Access; fhirStores.fhir.bulk-export)."""

import asyncio
from typing import Any
from urllib.parse import quote, urlencode

from emulator.context import Job
from emulator.errors import ApiError
from emulator.fhir.outcomes import Refused
from emulator.gateway.request import Answer, Request, Response
from emulator.services.healthcare import operations
from emulator.services.healthcare.fhir import errors, smart
from emulator.services.healthcare.fhir.consents import access
from emulator.services.healthcare.fhir.rest import answers, paths
from emulator.services.healthcare.fhir.rest.interactions import interaction
from emulator.services.healthcare.fhir.rest.pages import OF_TRANSPORT
from emulator.services.healthcare.fhir.stored import Json, Store
from emulator.services.healthcare.fhir.transfer import selection, to_storage
from emulator.services.healthcare.fhir.transfer.group_members import GroupMembers
from emulator.services.healthcare.fhir.transfer.selection import Selection
from emulator.services.healthcare.fhir.transfer.to_storage import Content, CurrentVersions
from emulator.services.healthcare.names import StoreName, store_of
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.transfer import to_storage as shared
from emulator.services.storage.uris import GsUri
from emulator.state.operations import Operation

KIND = "healthcare.fhir.bulkExport"
FORMATS = ("", "ndjson", "application/ndjson", "application/fhir+ndjson")


@interaction("fhir.bulk-export", "healthcare.fhirStores.export", on=lambda request: store_of(request.name))
async def export(request: Request) -> Answer:
    """Start an export of the store to its bulkExportGcsDestination; 202 with the address of its status."""
    return await _start(request, paths.store_in(request), "")


@interaction("bulk-export-group", "healthcare.fhirStores.export", on=lambda request: store_of(request.name))
@interaction("bulk-export-group-post", "healthcare.fhirStores.export", on=lambda request: store_of(request.name))
async def export_group(request: Request) -> Answer:
    """Start an export of a group, its members and what belongs to its patients; 202 with the address of its status."""
    target = paths.target_of(request)
    if dict(request.raw_query).get("organizeOutputBy") != "Patient":
        raise errors.bad_request("invalid_parameter", "organizeOutputBy is required and must be Patient")
    reading = access.without_consents(request, target.store)
    reading.current(request.context.db.reader, target.type, target.id)
    return await _start(request, target.store, target.id)


async def _start(request: Request, store: Store, group: str) -> Answer:
    if "respond-async" not in request.headers.get("prefer", ""):
        raise errors.bad_request("invalid_prefer", "an export is asynchronous: send the header Prefer: respond-async")
    answers.require_json(request)
    asked = _asked(request)
    if grant := smart.of(request):
        for name in Selection.parse(asked).types or ("*",):
            grant.require_all("read", name)
    uri = (store.settings.get("bulkExportGcsDestination") or {}).get("uriPrefix")
    if not uri:
        raise errors.bad_request("no_destination", "set bulkExportGcsDestination on the FHIR store to export from it")
    payload = {**asked, "uriPrefix": uri, "request": _address(request), "group": group}
    operation = await operations.start(request, KIND, store.name, "fhir.FhirService.ExportFhirData", payload)
    api = operations.version_of(request)
    status_at = f"{request.base_url}/{api}/{store.name}/operations/{operations.number(operation)}"
    return Response(202, {"content-type": errors.JSON, "content-location": status_at})


def _address(request: Request) -> str:
    """The address that was asked, with its parameters but for a token (Bulk Data Access: "request")."""
    kept = urlencode([(name, value) for name, value in request.raw_query if name not in OF_TRANSPORT], safe=",:")
    return f"{request.base_url}/{request.raw_path.lstrip('/')}" + (f"?{kept}" if kept else "")


@SERVICE.job(KIND)
async def run(job: Job) -> Json:
    """Write the files of an export: ID_Patient.ndjson and so on."""
    content = await asyncio.to_thread(_content, job)
    await to_storage.write(job, shared.parse(job.payload), _naming(job.operation), content)
    job.counter.pop("pending", None)
    return operations.response(job, "fhir.rest.ExportResourcesResponse")


def _content(job: Job) -> Content:
    """What is exported: a store, or a group; 404, as an error of an operation, where that is gone."""
    store, wanted = selection.store_of(job), Selection.parse(job.payload)
    if not job.payload["group"]:
        return CurrentVersions(job, store, wanted)
    try:
        return GroupMembers.of(job, store, wanted, job.payload["group"])
    except Refused as refused:
        raise errors.api_error_of(refused) from None


@interaction("operations.get-fhir-operation-status", "healthcare.fhirStores.getFhirOperation")
async def status(request: Request) -> Answer:
    """How far an export is: 202 while it runs, 200 with its files, 500 with an outcome where it failed."""
    operation = _require(request)
    if not operation.done:
        return Response(202, {"content-type": errors.JSON, "x-progress": "in progress"})
    if operation.error is not None:
        problem = ApiError(500, "INTERNAL", str(operation.error.get("message", "")), "internal")
        return answers.resource(errors.refused_of(problem).outcome(paths.version_in(request)), 500)
    return answers.json(_files(operation, request.base_url))


@interaction("operations.delete-fhir-operation", "healthcare.fhirStores.deleteFhirOperation")
async def cancel(request: Request) -> Answer:
    """Cancel an export that runs; refused for one that has ended."""
    operation = _require(request)
    if operation.done or operation.cancel_requested:
        raise errors.bad_request("operation_done", "the operation is complete or was cancelled already")
    await request.context.operations.cancel(operation.name)
    return Response(202, {"content-type": errors.JSON})


def _asked(request: Request) -> Json:
    given = {name: value.replace(" ", "+") for name, value in request.raw_query}  # a + that nobody encoded
    if any(given.get(name, "") not in FORMATS for name in ("_outputFormat", "outputFormat")):
        raise errors.bad_request("invalid_parameter", "_outputFormat must be ndjson")
    try:
        return selection.options(given)
    except ApiError as problem:
        raise errors.bad_request("invalid_parameter", problem.message) from None


def _require(request: Request) -> Operation:
    """The export that a path names, of that store; refused with 404 where there is none."""
    store = paths.store_in(request).name
    name = f"{StoreName.parse(store).dataset}/operations/{request.name.rpartition('/')[2]}"
    operation = request.context.operations.get(name)
    if operation is None or operation.kind != KIND or operation.payload["store"] != store:
        raise _no_operation(request.name)
    return operation


def _no_operation(name: str) -> Refused:
    return errors.refused_of(ApiError(404, "NOT_FOUND", f"operation not found: {name}", "notFound"))


def _naming(operation: Operation) -> to_storage.Naming:
    number = operations.number(operation)
    return lambda resource_type: f"{number}_{resource_type}.ndjson"


def _files(operation: Operation, storage: str) -> Json:
    """The body of a complete status (Bulk Data Access: "Response - Complete Status"), with files at this address."""
    folder, naming = GsUri.parse_folder(operation.payload["uriPrefix"], "uriPrefix"), _naming(operation)
    written: dict[str, Any] = operation.checkpoint.get("written", {})
    return {
        "transactionTime": operation.created,
        "request": operation.payload["request"],
        "requiresAccessToken": True,
        "output": [
            {"type": name, "url": f"{storage}/{folder.bucket}/{quote(folder.name + naming(name))}", "count": count}
            for name, count in written.items()
        ],
        "error": [],
    }
