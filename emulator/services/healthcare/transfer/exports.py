"""dicomStores.export: which instances, where to, and the operation around both destinations."""

from typing import Any

from emulator.gateway.errors import ApiError, invalid_argument
from emulator.gateway.operations import Job
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import SERVICE, agent, operations
from emulator.services.healthcare.dicomweb.find import DICOM_STORE
from emulator.services.healthcare.names import DicomPath
from emulator.services.healthcare.transfer import to_bigquery, to_storage

Json = dict[str, Any]
KIND = "healthcare.dicom.export"


@SERVICE.handles("healthcare.projects.locations.datasets.dicomStores.export")
async def start_export(request: Request) -> Answer:
    """Start an export; the agent's permissions are checked by the operation."""
    emulator, store, body = request.emulator, request.name, request.body
    emulator.resources.require(DICOM_STORE, store)
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
    paths = await _filter(job)
    if job.payload.get("gcsDestination") is not None:
        await to_storage.run(job, paths)
    else:
        await to_bigquery.run(job, paths)
    job.counter.pop("pending", None)
    version = job.payload["version"]
    return {"@type": f"type.googleapis.com/google.cloud.healthcare.{version}.dicom.ExportDicomDataResponse"}


async def _filter(job: Job) -> list[DicomPath] | None:
    """Read the filter file: one /studies/U[/series/U[/instances/U]] a line; None without a filter."""
    from emulator.services.storage import api

    uri = (job.payload.get("filterConfig") or {}).get("resourcePathsGcsUri", "")
    if not uri:
        return None
    bucket, slash, name = uri.removeprefix("gs://").partition("/")
    if not uri.startswith("gs://") or not slash or not name:
        raise invalid_argument(
            f'Invalid filterConfig.resourcePathsGcsUri "{uri[:200]}": it must be gs://BUCKET/OBJECT.'
        )
    try:
        resource = api.resource_of(job.emulator, bucket)
    except ApiError:
        raise agent.lacks_permission("Cloud Storage") from None
    agent.require(job.emulator, job.payload["store"], ("storage.objects.get",), resource, "Cloud Storage")
    found = api.get_object(job.emulator, bucket, name)
    if found is None:
        raise invalid_argument(f"The filter file {uri} does not exist.")
    lines = (await job.emulator.blobs.read(found.blob_id)).decode("utf-8", "replace").splitlines()
    return [_path(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]


def _path(number: int, line: str) -> DicomPath:
    path = DicomPath.parse(line.strip("/"))
    if str(path) != line.strip("/"):
        raise invalid_argument(f"Line {number} of the filter file is not /studies/UID[/series/UID[/instances/UID]].")
    return path
