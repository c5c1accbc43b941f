"""dicomStores.export: which instances, where to, and the operation around both destinations."""

from typing import Any

from emulator.context import Job
from emulator.errors import invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import operations
from emulator.services.healthcare.dicom.find import DICOM_STORE
from emulator.services.healthcare.dicom.transfer import filters, to_bigquery, to_storage
from emulator.services.healthcare.service import SERVICE

Json = dict[str, Any]
KIND = "healthcare.dicom.export"


@SERVICE.handles("healthcare.projects.locations.datasets.dicomStores.export")
async def start_export(request: Request) -> Answer:
    """Start an export; the agent's permissions are checked by the operation."""
    context, store, body = request.context, request.name, request.body
    context.resources.require(DICOM_STORE, store)
    given = [key for key in ("gcsDestination", "bigqueryDestination") if body.get(key) is not None]
    if len(given) != 1:
        raise invalid_argument("Exactly one destination is required: gcsDestination or bigqueryDestination.")
    if given == ["gcsDestination"]:
        to_storage.parse(body["gcsDestination"])
    else:
        to_bigquery.parse(body["bigqueryDestination"], store)
    payload = {key: body[key] for key in (*given, "filterConfig") if key in body}
    operation = await operations.start(request, KIND, store, "dicom.DicomService.ExportDicomData", payload)
    return operations.started(operation)


@SERVICE.job(KIND)
async def run(job: Job) -> Json:
    """Export the store's instances, or those that the filter file names."""
    paths = await filters.paths(job.context, job.payload["store"], job.payload.get("filterConfig"))
    if job.payload.get("gcsDestination") is not None:
        await to_storage.run(job, paths)
    else:
        await to_bigquery.run(job, paths)
    job.counter.pop("pending", None)
    version = job.payload["version"]
    return {"@type": f"type.googleapis.com/google.cloud.healthcare.{version}.dicom.ExportDicomDataResponse"}
