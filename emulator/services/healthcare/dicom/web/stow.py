"""Storing instances (PS3.18 10.5; Cloud Healthcare: store transaction)."""

import asyncio
import contextlib
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from emulator.dicom import native_xml
from emulator.dicom.errors import DicomError
from emulator.dicom.media import MediaType, Offer, parse_media_type
from emulator.errors import ApiError, invalid_argument
from emulator.gateway import unpacking
from emulator.gateway.multipart import PartData, PartStart, events
from emulator.gateway.request import Answer, Request, Response
from emulator.services.healthcare.dicom import index, ingest
from emulator.services.healthcare.dicom.find import root_url
from emulator.services.healthcare.dicom.index import Instance, Outcome
from emulator.services.healthcare.dicom.names import DICOM_STORE, STORES, DicomPath
from emulator.services.healthcare.dicom.web import answers, stow_json
from emulator.services.healthcare.service import SERVICE
from emulator.state.blob_files import Blob
from emulator.state.blob_writing import BlobWriter

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]

_WRITE = "healthcare.dicomStores.dicomWebWrite"
_DICOM = "application/dicom"
_ANSWERS = (
    Offer(answers.DICOM_XML, multipart=False),
    Offer(answers.DICOM_JSON, multipart=False),
    Offer("application/json", multipart=False),
    Offer("application/xml", multipart=False),
)

# Cloud Healthcare: every failure has this reason; the private attribute FailureDetail says more.
FAILURE_REASON = 272

# A file up to this size is read from memory and written at once; of a larger one no more than this is in memory.
_IN_MEMORY = 4 << 20
_SYNCING_AT_ONCE = 4


@dataclass(slots=True)
class Received:
    """One file of a request: read, or why not; `outcome` once it was tried to store it."""

    blob: Blob
    instance: Instance | None = None
    problem: str = ""


_Read = tuple[Instance | None, str]


@SERVICE.handles(f"{STORES}.storeInstances", permission=_WRITE)
@SERVICE.handles(f"{STORES}.studies.storeInstances", permission=_WRITE)
async def store(request: Request) -> Answer:
    """Store the instances of a body: multipart/related of DICOM files, one DICOM file, or DICOM JSON with bulk data."""
    return await accept(request, _store_new)


Put = Callable[[sqlite3.Connection, "Context", str, Sequence[ingest.File], str], list[Outcome]]
"""Puts files into a store (its name) in a transaction; the last argument is the storage class, "" if none was asked."""


def _store_new(
    tx: sqlite3.Connection, context: "Context", store: str, files: Sequence[ingest.File], storage_class: str
) -> list[Outcome]:
    return ingest.store_in(tx, context, store, files, "StoreInstances", storage_class or "STANDARD")


async def accept(request: Request, put: Put) -> Response:
    """Read the instances of a body, put them into the store, and answer what became of each."""
    context, store_name = request.context, request.path["parent"]
    context.resources.require(DICOM_STORE, store_name)
    choice = answers.negotiate(request, _ANSWERS)
    storage_class = request.headers.get("storage-class", "").upper()
    if storage_class and storage_class not in ingest.STORAGE_CLASSES:
        raise invalid_argument(f"Storage-Class must be one of {', '.join(ingest.STORAGE_CLASSES)}.")
    study = DicomPath.parse(request.path["dicomWebPath"]).study
    arrivals = _Arrivals(context, study)
    received = arrivals.received
    try:
        await _receive(request, arrivals)
        await arrivals.settle()
        if not received:
            raise invalid_argument("The request has no instances: the body holds no part.")
        files = [ingest.of_blob(one.instance, one.blob) for one in received if one.instance]
    except BaseException:
        await arrivals.abandon()
        await _discard(request, [one.blob for one in received])
        raise
    try:
        outcomes = iter(await context.db.write(put, context, store_name, files, storage_class) if files else [])
    except (ApiError, sqlite3.Error):  # rolled back; after a cancellation it may still be committed
        await _discard(request, [one.blob for one in received])
        raise
    results = [(one, next(outcomes) if one.instance else "failed") for one in received]
    await _discard(request, [one.blob for one, outcome in results if outcome != "stored"])
    return _answer(results, root_url(request), choice.offer.media)


class _Arrivals:
    """The files of one request: their headers are read and more files arrive while the disk syncs the last few."""

    def __init__(self, context: "Context", study: str) -> None:
        self.received: list[Received] = []
        self._context = context
        self._study = study
        self._syncing: deque[tuple[BlobWriter, asyncio.Future[Blob], _Read | None]] = deque()

    def writer(self) -> BlobWriter:
        """Make the file that the next bytes go to; Cloud Healthcare shows no MD5."""
        return self._context.blobs.writer(_IN_MEMORY, md5=False)

    async def add(self, writer: BlobWriter) -> None:
        """Take a file of which all bytes are there; it counts as received once it is synced."""
        content = writer.content()
        syncing = writer.begin_finish()
        read = None if content is None else self._read(lambda: index.read_bytes(content))
        self._syncing.append((writer, syncing, read))
        while len(self._syncing) > _SYNCING_AT_ONCE:
            await self._settle_first()

    async def settle(self) -> None:
        """Wait until every file is synced."""
        while self._syncing:
            await self._settle_first()

    async def abandon(self) -> None:
        """The same after a failure, whatever else fails: `received` then has all files that are there."""
        while self._syncing:
            with contextlib.suppress(Exception):
                await self._settle_first()

    async def _settle_first(self) -> None:
        writer, syncing, read = self._syncing.popleft()
        async with writer:  # which removes the file if it cannot be synced
            blob = await syncing
        one = Received(blob)
        self.received.append(one)
        if read is None:
            async with self._context.blobs.readable(blob.id) as (path,):
                read = await self._context.blobs.run(self._read, lambda: index.read_file(path))
        one.instance, one.problem = read

    def _read(self, read: Callable[[], Instance]) -> _Read:
        """Read a header, check its study; give the instance, or why it is none."""
        try:
            instance = read()
        except DicomError as problem:
            return None, str(problem)
        if self._study and instance.study != self._study:
            return None, "The instance belongs to another study than the one that the URL names."
        return instance, ""


async def _receive(request: Request, arrivals: _Arrivals) -> None:
    """Write each file of the body, and hand it over as it is complete."""
    media = parse_media_type(request.headers.get("content-type", ""))
    inner = media.parameters.get("type", _DICOM).lower()
    if media.name == _DICOM:
        async with arrivals.writer() as writer:
            async for chunk in unpacking.stream(request):
                await writer.write(chunk)
            await arrivals.add(writer)
            await arrivals.settle()  # before the writer is left
    elif media.name == "multipart/related" and inner == _DICOM:
        await _receive_parts(request, media, arrivals)
    elif media.name == "multipart/related" and inner in (answers.DICOM_JSON, "application/json"):
        async for data in stow_json.files(unpacking.stream(request), media.parameters.get("boundary", "")):
            writer = arrivals.writer()
            await writer.write(data)
            await arrivals.add(writer)
    else:
        raise ApiError(
            415,
            "INVALID_ARGUMENT",
            f"Content-Type {media.name or '(none)'} cannot be stored: it must be {_DICOM}, or multipart/related with "
            f"type={_DICOM} or type={answers.DICOM_JSON}.",
            "unsupportedMediaType",
        )


async def _receive_parts(request: Request, media: MediaType, arrivals: _Arrivals) -> None:
    writer: BlobWriter | None = None
    try:
        async for event in events(unpacking.stream(request), media.parameters.get("boundary", "")):
            if isinstance(event, PartStart):
                unpacking.require_plain_part(event.headers)
                writer = arrivals.writer()
            elif writer is not None and isinstance(event, PartData):
                await writer.write(event.data)
            elif writer is not None:
                complete, writer = writer, None
                await arrivals.add(complete)
    finally:
        if writer is not None:
            await writer.__aexit__(None, None, None)


async def _discard(request: Request, blobs: list[Blob]) -> None:
    """Remove the files that became no instance."""
    for blob in blobs:
        await request.context.blobs.run(request.context.blobs.discard, blob.id)


def _answer(results: Sequence[tuple[Received, str]], root: str, media: str) -> Response:
    """Write the store response (PS3.18 I.2): what was stored, what failed and why."""
    stored = [one.instance for one, outcome in results if outcome in ("stored", "identical") and one.instance]
    failed = [(one.instance, one.problem or "already exists") for one, outcome in results if _failed(outcome)]
    as_json = media.endswith("json")
    studies = {instance.study for instance in stored}
    body: Json = {}
    if len(studies) == 1:
        body["00081190"] = {"vr": "UR", "Value": [f"{root}/studies/{next(iter(studies))}"]}
    if failed:
        items = [_failure(instance, detail, as_json=as_json) for instance, detail in failed]
        body["00081198"] = {"vr": "SQ", "Value": items}
    if stored:
        body["00081199"] = {"vr": "SQ", "Value": [_success(instance, root) for instance in stored]}
    data = orjson.dumps(body) if as_json else native_xml.to_xml(body)
    return Response(409 if failed else 200, {"content-type": media}, data)


def _failed(outcome: str) -> bool:
    return outcome in ("failed", "different")


def _success(instance: Instance, root: str) -> Json:
    return {
        "00081150": {"vr": "UI", "Value": [instance.sop_class]},
        "00081155": {"vr": "UI", "Value": [instance.uid]},
        "00081190": {"vr": "UR", "Value": [f"{root}/{instance.path}"]},
    }


def _failure(instance: Instance | None, detail: str, *, as_json: bool) -> Json:
    item: Json = {}
    if instance is not None:
        item["00081150"] = {"vr": "UI", "Value": [instance.sop_class]}
        item["00081155"] = {"vr": "UI", "Value": [instance.uid]}
    item["00081197"] = {"vr": "US", "Value": [FAILURE_REASON]}
    item["00091097" if as_json else "00090097"] = {"vr": "LT", "Value": [detail]}
    return item
