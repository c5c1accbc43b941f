"""The filter file of an export or of storage settings: which studies, series and instances are meant."""

from typing import TYPE_CHECKING, Any

from emulator.errors import invalid_argument
from emulator.services.healthcare import agent
from emulator.services.healthcare.dicom.names import DicomPath
from emulator.services.storage import api
from emulator.services.storage.uris import GsUri

if TYPE_CHECKING:
    from emulator.context import Context


async def paths(context: "Context", store: str, config: dict[str, Any] | None) -> list[DicomPath] | None:
    """Read the file that a DicomFilterConfig names: one /studies/U[/series/U[/instances/U]] a line.

    None without a filter; 400 where the file or a line is not what it should be, 403 where the store's service agent
    may not read it.
    """
    uri = (config or {}).get("resourcePathsGcsUri", "")
    if not uri:
        return None
    file = GsUri.parse(uri, "filterConfig.resourcePathsGcsUri")
    if not agent.may(context, store, "storage.objects.get", file.bucket, file.name):
        raise agent.lacks_permission("Cloud Storage")
    api.require_payer(context, file.bucket, agent.principal(context, store))
    found = api.get_object(context, file.bucket, file.name)
    if found is None:
        raise invalid_argument(f"The filter file {uri} does not exist.")
    api.require_open(context, found)
    lines = (await context.blobs.read(found.blob_id)).decode("utf-8", "replace").splitlines()
    return [_path(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]


def _path(number: int, line: str) -> DicomPath:
    path = DicomPath.parse(line.strip("/"))
    if not path.study or str(path) != line.strip("/"):
        raise invalid_argument(f"Line {number} of the filter file is not /studies/UID[/series/UID[/instances/UID]].")
    return path
