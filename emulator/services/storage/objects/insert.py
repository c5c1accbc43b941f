"""storage.objects.insert: which of the three ways of uploading a call asks for."""

from __future__ import annotations

from emulator.gateway.request import Answer, Request
from emulator.services.storage import errors
from emulator.services.storage.objects import sessions, uploads
from emulator.services.storage.service import handles


@handles("storage.objects.insert")
async def insert(request: Request) -> Answer:
    """Upload an object: uploadType media, multipart or resumable."""
    if not request.upload:
        raise errors.invalid("Upload to /upload/storage/v1/b/BUCKET/o with uploadType media, multipart or resumable.")
    query = dict(request.raw_query)
    if "upload_id" in query:  # a session is known by that, whatever the verb: Go's client sends its chunks by POST
        return await sessions.resume(request)
    kind = query.get("uploadType", "")
    if kind == "resumable":
        return await sessions.begin(request)
    if kind == "multipart":
        return await uploads.multipart(request)
    if kind == "media":
        return await uploads.media(request)
    raise errors.invalid(f"Invalid uploadType '{kind}'; use media, multipart or resumable.")
