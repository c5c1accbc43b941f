"""The filter file of an export or of storage settings: which studies, series and instances are meant."""

from typing import TYPE_CHECKING, Any

from emulator.errors import invalid_argument
from emulator.services.healthcare import agent
from emulator.services.healthcare.names import DicomPath

if TYPE_CHECKING:
    from emulator.context import Context


async def paths(context: "Context", store: str, config: dict[str, Any] | None) -> list[DicomPath] | None:
    """Read the file that a DicomFilterConfig names: one /studies/U[/series/U[/instances/U]] a line.

    None without a filter; 400 where the file or a line is not what it should be, 403 where the store's service agent
    may not read it.
    """
    from emulator.services.storage import api

    uri = (config or {}).get("resourcePathsGcsUri", "")
    if not uri:
        return None
    bucket, slash, name = uri.removeprefix("gs://").partition("/")
    if not uri.startswith("gs://") or not slash or not name:
        raise invalid_argument(
            f'Invalid filterConfig.resourcePathsGcsUri "{uri[:200]}": it must be gs://BUCKET/OBJECT.'
        )
    if not agent.may(context, store, "storage.objects.get", bucket, name):
        raise agent.lacks_permission("Cloud Storage")
    api.require_payer(context, bucket, agent.principal(context, store))
    found = api.get_object(context, bucket, name)
    if found is None:
        raise invalid_argument(f"The filter file {uri} does not exist.")
    lines = (await context.blobs.read(found.blob_id)).decode("utf-8", "replace").splitlines()
    return [_path(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]


def _path(number: int, line: str) -> DicomPath:
    path = DicomPath.parse(line.strip("/"))
    if not path.study or str(path) != line.strip("/"):
        raise invalid_argument(f"Line {number} of the filter file is not /studies/UID[/series/UID[/instances/UID]].")
    return path
