"""Export to Cloud Storage: original files by reference, other media types made in the process pool."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.context import Job
from emulator.dicom import render, syntaxes, transcode
from emulator.dicom.errors import DicomError, UnsupportedError
from emulator.dicom.media import parse_media_type
from emulator.errors import ApiError, invalid_argument
from emulator.services.healthcare.dicom import pixel_work
from emulator.services.healthcare.dicom.names import DicomPath
from emulator.services.healthcare.dicom.transfer import filters, selection
from emulator.services.healthcare.dicom.transfer.selection import Exported
from emulator.services.healthcare.transfer import to_storage as shared
from emulator.services.healthcare.transfer.steps import Problem
from emulator.services.healthcare.transfer.to_storage import File, Made, Step
from emulator.services.storage.uris import GsUri
from emulator.state.blob_files import Blob

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]

_EXTENSIONS = {"application/dicom": ".dcm", "image/jpeg": ".jpg", "image/png": ".png", syntaxes.OCTETS: ""}
_JPEG = "1.2.840.10008.1.2.4.50"


@dataclass(frozen=True, slots=True)
class Destination:
    """A folder, the media type ("" is the original file) and its transfer syntax."""

    folder: GsUri
    media: str
    syntax: str

    @property
    def extension(self) -> str:
        """What object names end with."""
        return _EXTENSIONS[self.media or "application/dicom"]


def parse(given: Json) -> Destination:
    """Read a gcsDestination; 400 for what Google does not export."""
    folder = shared.parse(given)
    text = given.get("mimeType", "")
    if not text:
        return Destination(folder, "", syntaxes.ANY)
    media = parse_media_type(text)
    asked = media.parameters.get("transfer-syntax", "")
    allowed = {
        "application/dicom": syntaxes.RETRIEVABLE,
        syntaxes.OCTETS: (syntaxes.EXPLICIT, syntaxes.ANY),
        "image/jpeg": (_JPEG,),
        "image/png": ("",),
    }.get(media.name, ())
    if not allowed or (asked and asked not in allowed):
        raise invalid_argument(
            f'Invalid gcsDestination.mimeType "{text[:200]}": it must be application/dicom, application/octet-stream, '
            "image/jpeg or image/png, with a transfer-syntax that retrieval knows."
        )
    return Destination(folder, media.name, asked or allowed[0])


def check(given: Json, _store: str) -> None:
    """Raise 400 for a gcsDestination that Google does not export to."""
    parse(given)


async def run(job: Job) -> None:
    """Write the objects of each instance; an instance that cannot be converted is counted and logged."""
    store = job.payload["store"]
    paths = await filters.paths(job.context, store, job.payload.get("filterConfig"))
    destination = parse(job.payload["gcsDestination"])
    names = _names(job, destination, paths)
    await shared.write(job, destination.folder, names, _steps(job, destination, paths), "ExportDicomLogEntry")


def _names(job: Job, destination: Destination, paths: Sequence[DicomPath] | None) -> Iterator[str]:
    """The first object of each instance; of an empty store, one that could be."""
    found = selection.batches(job.context, job.payload["store"], paths, documents=False)
    names = (_first_name(destination, one) for batch in found for one in batch)
    yield next(names, f"{destination.folder.name}1/1/1{destination.extension}")
    yield from names


async def _steps(job: Job, destination: Destination, paths: Sequence[DicomPath] | None) -> AsyncIterator[Step]:
    """The instances in batches; the checkpoint is the last one's id."""
    context, store = job.context, job.payload["store"]
    after = job.checkpoint.get("after", 0)
    if not after:
        job.counter["pending"] = await asyncio.to_thread(selection.count, context, store, paths)
    batches = selection.batches(context, store, paths, after)
    while batch := await asyncio.to_thread(next, batches, None):
        yield Step([await _made(job, destination, one) for one in batch], {"after": batch[-1].id})


def _base(destination: Destination, one: Exported) -> str:
    return f"{destination.folder.name}{one.study}/{one.series}/{one.uid}"


def _first_name(destination: Destination, one: Exported) -> str:
    """The name of an instance's object, or of the first of its frames."""
    whole = destination.media in ("", "application/dicom") or one.frames == 1
    return _base(destination, one) + ("" if whole else "/1") + destination.extension


async def _made(job: Job, destination: Destination, one: Exported) -> Made:
    source = f"{job.payload['store']}/dicomWeb/{one.path}"
    try:
        return Made(source, await _files(job.context, destination, one))
    except (UnsupportedError, DicomError) as problem:
        return Made(source, Problem(3, str(problem)))
    except ApiError as problem:
        return Made(source, Problem(3, problem.message))


async def _files(context: "Context", destination: Destination, one: Exported) -> list[File]:
    base, media = _base(destination, one), destination.media or "application/dicom"
    same = destination.syntax in (syntaxes.ANY, one.syntax)
    if media == "application/dicom" and same:
        return [File(base + destination.extension, await _shared(context, one.blob), media)]
    bodies = await _bodies(context, destination, one)
    if media == "application/dicom" or one.frames == 1:
        names = [base + destination.extension]
    else:
        names = [f"{base}/{number}{destination.extension}" for number in range(1, len(bodies) + 1)]
    blobs = [await context.blobs.put(body) for body in bodies]
    return [File(name, blob, media) for name, blob in zip(names, blobs, strict=True)]


async def _shared(context: "Context", blob: str) -> Blob:
    """The instance's own file: Cloud Storage refers to it too, nothing is copied."""
    row = context.db.one("SELECT id, size, md5, crc32c FROM blobs WHERE id = ?", (blob,))
    if row is None:
        raise UnsupportedError("The instance was deleted while the export ran.")
    return await context.blobs.with_md5(Blob(*row))


async def _bodies(context: "Context", destination: Destination, one: Exported) -> list[bytes]:
    if destination.media == "application/dicom":
        return [await pixel_work.decode(context, one, None, transcode.to_syntax, destination.syntax)]
    if destination.media == syntaxes.OCTETS and destination.syntax == syntaxes.ANY:
        return await pixel_work.decode(context, one, None, transcode.stored_frames)
    await asyncio.to_thread(pixel_work.check, context, one, None)  # so that a lie about frames makes no long list
    numbers = list(range(1, one.frames + 1))
    if destination.media == syntaxes.OCTETS:
        return await pixel_work.decode(context, one, numbers, transcode.frames_in_syntax, numbers, destination.syntax)
    return [await pixel_work.decode(context, one, [n], render.render, n, destination.media) for n in numbers]
