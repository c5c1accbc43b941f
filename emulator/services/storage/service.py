"""The storage service: Google's discovery document, and a fragment of our own for the paths that it leaves out."""

from __future__ import annotations

from collections.abc import Callable

from emulator.errors import ApiError
from emulator.gateway.discovery import Method
from emulator.gateway.request import Request, Response
from emulator.gateway.service import Handler, Service
from emulator.services.storage.tables import SCHEMA
from emulator.services.storage.xml import answers

SERVICE = Service(
    "storage",
    ("storage.v1", "storage-media.v1"),
    SCHEMA,
    lenient=True,
    anonymous=True,
    public=True,
    data=("storage.objects.",),
)


def _encode_error(method: Method, error: ApiError) -> Response | None:
    """Errors of the XML API are XML, those of a bad token and of a full disk too."""
    return answers.error_response(error) if method.id.startswith("storage.xml.") else None


SERVICE.encode_error = _encode_error


def resource_name(request: Request) -> str:
    """What a call is about, as audit entries name it: projects/_/buckets/B/objects/O."""
    path = request.path
    bucket = path.get("bucket") or path.get("destinationBucket")
    if bucket is None:
        project = path.get("projectId") or next((v for k, v in request.raw_query if k == "project"), "_")
        return f"projects/{project}"
    name = path.get("object") or path.get("destinationObject")
    return f"projects/_/buckets/{bucket}" + (f"/objects/{name}" if name else "")


def handles(method_id: str) -> Callable[[Handler], Handler]:
    """Register a handler that checks permissions itself (access.py), in Cloud Storage's own words."""
    return SERVICE.handles(method_id, permission="", on=resource_name)
