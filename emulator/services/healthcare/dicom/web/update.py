"""Updating instances (v1beta1; Cloud Healthcare: a file replaces the instance with its UIDs, or is stored)."""

from emulator.dicom.media import parse_media_type
from emulator.errors import ApiError
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.dicom.names import STORES
from emulator.services.healthcare.dicom.web import stow
from emulator.services.healthcare.dicom.web.replace import replace_in
from emulator.services.healthcare.service import SERVICE

_UPDATE = "healthcare.dicomStores.dicomWebUpdate"


@SERVICE.handles(f"{STORES}.updateInstances", permission=_UPDATE)
@SERVICE.handles(f"{STORES}.studies.updateInstances", permission=_UPDATE)
async def update_instances(request: Request) -> Answer:
    """Replace or store the DICOM files of a body; DICOM JSON is for the changes of metadata (415)."""
    media = parse_media_type(request.headers.get("content-type", ""))
    if media.parameters.get("type", "").lower().endswith("json"):
        raise ApiError(
            415,
            "INVALID_ARGUMENT",
            "Instances are updated by whole DICOM files: Content-Type must be application/dicom, or multipart/related "
            "with type=application/dicom. To change attributes, PATCH the metadata.",
            "unsupportedMediaType",
        )
    return await stow.accept(request, replace_in)
