"""Export to Cloud Storage: original files by reference, other media types made in the process pool."""

import asyncio
import itertools
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.context import Job
from emulator.dicom import syntaxes
from emulator.dicom.errors import DicomError, UnsupportedError
from emulator.dicom.media import parse_media_type
from emulator.errors import ApiError, invalid_argument
from emulator.services.healthcare import agent
from emulator.services.healthcare.dicom import pixel_work
from emulator.services.healthcare.dicom.transfer import selection
from emulator.services.healthcare.dicom.transfer.selection import Exported
from emulator.services.healthcare.names import DicomPath
from emulator.services.healthcare.transfer import steps
from emulator.state.blobs import Blob

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]

# Of roles/storage.objectAdmin, which is what Google asks for: existing objects are overwritten.
_WRITE = ("storage.objects.create", "storage.objects.delete")
_EXTENSIONS = {"application/dicom": ".dcm", "image/jpeg": ".jpg", "image/png": ".png", syntaxes.OCTETS: ""}
_JPEG = "1.2.840.10008.1.2.4.50"


@dataclass(frozen=True, slots=True)
class Destination:
    """A bucket, the start of the object names, the media type ("" is the original file) and its transfer syntax."""

    bucket: str
    prefix: str
    media: str
    syntax: str

    @property
    def extension(self) -> str:
        """What object names end with."""
        return _EXTENSIONS[self.media or "application/dicom"]


def parse(given: Json) -> Destination:
    """Read a gcsDestination; 400 for what Google does not export."""
    uri = given.get("uriPrefix", "")
    bucket, _, prefix = uri.removeprefix("gs://").partition("/")
    if not uri.startswith("gs://") or not bucket:
        raise invalid_argument(f'Invalid gcsDestination.uriPrefix "{uri[:200]}": it must be gs://BUCKET[/FOLDER].')
    prefix = f"{prefix}/" if prefix and not prefix.endswith("/") else prefix
    text = given.get("mimeType", "")
    if not text:
        return Destination(bucket, prefix, "", syntaxes.ANY)
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
    return Destination(bucket, prefix, media.name, asked or allowed[0])


async def run(job: Job, paths: Sequence[DicomPath] | None) -> None:
    """Write the objects of each instance; an instance that cannot be converted is counted and logged."""
    from emulator.services.storage import api

    context, store = job.context, job.payload["store"]
    destination = parse(job.payload["gcsDestination"])
    await asyncio.to_thread(_require_write, context, store, destination, paths)
    api.require_payer(context, destination.bucket, agent.principal(context, store))
    after = job.checkpoint.get("after", 0)
    if not after:
        job.counter["pending"] = await asyncio.to_thread(selection.count, context, store, paths)
    batches = selection.batches(context, store, paths, after)
    while batch := await asyncio.to_thread(next, batches, None):
        job.check_cancelled()
        made = [await _made(context, destination, one) for one in batch]
        await steps.commit(job, _write_batch, destination, batch, made)


def _require_write(context: "Context", store: str, destination: Destination, paths: Sequence[DicomPath] | None) -> None:
    """Raise Google's message where the agent may write none of the objects: conditions of its grants see each."""
    found = selection.batches(context, store, paths, documents=False)
    names = (_first_name(destination, one) for batch in found for one in batch)
    first = next(names, f"{destination.prefix}1/1/1{destination.extension}")  # of an empty store, one that could be
    if not any(_may_write(context, store, destination, name) for name in itertools.chain((first,), names)):
        raise agent.lacks_permission("Cloud Storage")


def _may_write(context: "Context", store: str, destination: Destination, name: str) -> bool:
    return all(agent.may(context, store, permission, destination.bucket, name) for permission in _WRITE)


def _base(destination: Destination, one: Exported) -> str:
    return f"{destination.prefix}{one.study}/{one.series}/{one.uid}"


def _first_name(destination: Destination, one: Exported) -> str:
    """The name of an instance's object, or of the first of its frames."""
    whole = destination.media in ("", "application/dicom") or one.frames == 1
    return _base(destination, one) + ("" if whole else "/1") + destination.extension


Made = list[tuple[str, Blob]] | str
"""The objects of an instance (name and bytes), or why there are none."""


async def _made(context: "Context", destination: Destination, one: Exported) -> Made:
    base = _base(destination, one)
    same = destination.syntax in (syntaxes.ANY, one.syntax)
    if destination.media in ("", "application/dicom") and same:
        return [(base + destination.extension, await _shared(context, one.blob))]
    try:
        bodies = await _bodies(context, destination, one)
    except (UnsupportedError, DicomError) as problem:
        return str(problem)
    except ApiError as problem:
        return problem.message
    if destination.media == "application/dicom" or one.frames == 1:
        names = [base + destination.extension]
    else:
        names = [f"{base}/{number}{destination.extension}" for number in range(1, len(bodies) + 1)]
    blobs = [await context.blobs.put(body) for body in bodies]
    return list(zip(names, blobs, strict=True))


async def _shared(context: "Context", blob: str) -> Blob:
    """The instance's own file: Cloud Storage refers to it too, nothing is copied."""
    row = context.db.one("SELECT id, size, md5, crc32c FROM blobs WHERE id = ?", (blob,))
    if row is None:
        raise UnsupportedError("The instance was deleted while the export ran.")
    return await context.blobs.with_md5(Blob(*row))


async def _bodies(context: "Context", destination: Destination, one: Exported) -> list[bytes]:
    from emulator.dicom import render, transcode

    if destination.media == "application/dicom":
        return [await pixel_work.decode(context, one, None, transcode.to_syntax, destination.syntax)]
    if destination.media == syntaxes.OCTETS and destination.syntax == syntaxes.ANY:
        return await pixel_work.decode(context, one, None, transcode.stored_frames)
    await asyncio.to_thread(pixel_work.check, context, one, None)  # so that a lie about frames makes no long list
    numbers = list(range(1, one.frames + 1))
    if destination.media == syntaxes.OCTETS:
        return await pixel_work.decode(context, one, numbers, transcode.frames_in_syntax, numbers, destination.syntax)
    return [await pixel_work.decode(context, one, [n], render.render, n, destination.media) for n in numbers]


def _write_batch(
    tx: sqlite3.Connection, job: Job, destination: Destination, batch: Sequence[Exported], made: Sequence[Made]
) -> None:
    """Store a batch's objects, log its failures, and move the checkpoint: all or nothing."""
    from emulator.services.storage import api

    store = job.payload["store"]
    media = destination.media or "application/dicom"
    for one, objects in zip(batch, made, strict=True):
        code = 3
        if not isinstance(objects, str) and not all(
            _may_write(job.context, store, destination, name) for name, _ in objects
        ):
            code, objects = 7, agent.lacks_permission("Cloud Storage").message  # noqa: PLW2901  none of them is written
        if isinstance(objects, str):
            source = f"{store}/dicomWeb/{DicomPath(one.study, one.series, one.uid)}"
            entry = agent.log_entry(
                store, "ExportDicomLogEntry", code, objects, source=source, operation=job.operation.name
            )
            job.context.logs.write_in(tx, entry)
            job.count("failure")
            continue
        for name, blob in objects:
            api.put_in(tx, job.context, destination.bucket, name, blob, media)
        job.count("success")
    job.counter["pending"] = max(0, job.counter.get("pending", 0) - len(batch))
    job.checkpoint = {"after": batch[-1].id}
    job.save_in(tx)
