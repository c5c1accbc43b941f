"""Rendered instances and frames (PS3.18 10.4.1.1.3; Cloud Healthcare: JPEG or PNG, and the parameter viewport)."""

import asyncio
import re
from secrets import token_hex

from emulator.dicom import plain, render
from emulator.dicom.media import Offer
from emulator.dicom.multipart import PART_END, closing, part_head
from emulator.dicom.render import Viewport
from emulator.errors import invalid_argument, not_found
from emulator.gateway.request import Answer, Request, Response
from emulator.services.healthcare.dicom import pixel_work
from emulator.services.healthcare.dicom.find import document_of, instances
from emulator.services.healthcare.dicom.names import STUDIES, DicomPath
from emulator.services.healthcare.dicom.web import answers
from emulator.services.healthcare.dicom.web.wado import cannot, frame_numbers
from emulator.services.healthcare.service import SERVICE

_INSTANCES = f"{STUDIES}.series.instances"
_READ = "healthcare.dicomStores.dicomWebRead"
_IMAGES = (Offer("image/jpeg", multipart=False), Offer("image/png", multipart=False))
_PARTS = (Offer("image/jpeg", multipart=True), Offer("image/png", multipart=True))
_MAX_SIDE = 16_384
_SIDE = re.compile(r"\d{1,6}", re.ASCII)
_NUMBER = re.compile(r"(-?\d{1,9}(\.\d{0,9})?)?", re.ASCII)


_WRONG = (
    f"viewport must be WIDTH,HEIGHT[,X,Y,REGION-WIDTH,REGION-HEIGHT]: a width and a height from 1 to {_MAX_SIDE}, then "
    "the region of the image in pixels, from 0 on; a negative region width or height flips it (PS3.18 8.3.5.1.3)."
)


def viewport(request: Request) -> "Viewport | None":
    """Read viewport=WIDTH,HEIGHT[,X,Y,REGION-WIDTH,REGION-HEIGHT]; 400 if it is something else."""
    text = request.query.get("viewport", "")
    if not text:
        return None
    fields = [field.strip() for field in text.split(",")]
    if len(fields) not in (2, 6) or not all(
        _SIDE.fullmatch(side) and 0 < int(side) <= _MAX_SIDE for side in fields[:2]
    ):
        raise invalid_argument(_WRONG)
    if not all(_NUMBER.fullmatch(field) for field in fields[2:]):
        raise invalid_argument(_WRONG)
    x, y, width, height = [float(field) if field else None for field in fields[2:] or [""] * 4]
    if (x or 0) < 0 or (y or 0) < 0:
        raise invalid_argument(_WRONG)
    return Viewport(int(fields[0]), int(fields[1]), x or 0, y or 0, width, height)


@SERVICE.handles(f"{_INSTANCES}.retrieveRendered", permission=_READ)
async def retrieve_rendered(request: Request) -> Answer:
    """A single-frame instance as a picture; one of several frames must be asked for by its frames."""
    media = answers.negotiate(request, _IMAGES).offer.media
    return await _rendered(request, media, [0])


@SERVICE.handles(f"{_INSTANCES}.frames.retrieveRendered", permission=_READ)
async def retrieve_rendered_frames(request: Request) -> Answer:
    """Frames as pictures: one alone, or several in a multipart body."""
    numbers = frame_numbers(request.path["dicomWebPath"].split("/")[-2])
    choice = answers.negotiate(request, _IMAGES if len(numbers) == 1 else _PARTS)
    return await _rendered(request, choice.offer.media, numbers)


async def _rendered(request: Request, media: str, numbers: list[int]) -> Response:
    context = request.context
    size = viewport(request)
    row = instances(context, request.path["parent"], DicomPath.parse(request.path["dicomWebPath"]))[0]
    if numbers == [0] and row.frames > 1:
        raise invalid_argument(f"The instance has {row.frames} frames: ask for .../frames/NUMBER/rendered.")
    if max(numbers) > row.frames:
        raise not_found(f"The instance has no frame {max(numbers)}.")
    numbers = [number or 1 for number in numbers]
    with cannot():
        if (simple := plain.plain(*document_of(context, row.id), row.syntax)) is not None:
            # Only the encoder has work to do, and lets go of Python's lock: nothing is copied between processes.
            async with context.blobs.readable(row.blob) as (path,):
                pictures = [await asyncio.to_thread(plain.draw, str(path), simple, n, media, size) for n in numbers]
        else:
            pictures = [await pixel_work.decode(context, row, [n], render.render, n, media, size) for n in numbers]
    if len(pictures) == 1:
        return Response(200, {"content-type": media}, pictures[0])
    boundary = token_hex(16)
    body = b"".join(part_head(boundary, media) + picture + PART_END for picture in pictures)
    return Response(200, answers.multipart_headers(media, boundary), body + closing(boundary))
