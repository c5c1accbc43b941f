"""Retrieving studies, series, instances, frames, bulk data (PS3.18 10.4; Cloud Healthcare: retrieve transaction)."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from emulator.dicom import frames, syntaxes, transcode
from emulator.dicom.errors import DicomError, UnsupportedError
from emulator.dicom.frames import PixelData, Ranges
from emulator.dicom.header import Bulk, inflated, swapped
from emulator.dicom.heads import Buffer
from emulator.dicom.media import Choice, Offer
from emulator.dicom.multipart import length_of, part_head
from emulator.errors import invalid_argument, not_found
from emulator.gateway.request import Answer, Request, Response
from emulator.services.healthcare.dicom import pixel_work
from emulator.services.healthcare.dicom.find import Row, document_of, instances, root_url
from emulator.services.healthcare.dicom.names import STUDIES, DicomPath
from emulator.services.healthcare.dicom.web import answers
from emulator.services.healthcare.service import SERVICE
from emulator.state.blob_files import Span

if TYPE_CHECKING:
    from emulator.context import Context

_READ = "healthcare.dicomStores.dicomWebRead"
_DICOM = "application/dicom"
_WHOLE = Offer(_DICOM, multipart=True, syntaxes=syntaxes.RETRIEVABLE)
_SINGLE = Offer(_DICOM, multipart=False, syntaxes=syntaxes.RETRIEVABLE)
_FRAME_SYNTAXES = {
    syntaxes.OCTETS: (syntaxes.EXPLICIT, syntaxes.ANY),
    **{media: tuple(s for s, m in syntaxes.MEDIA_OF_SYNTAX.items() if m == media) for media in syntaxes.FRAME_TYPES},
}
_PNG = "image/png"
_FRAMES = (
    *(Offer(media, multipart=True, syntaxes=found) for media, found in _FRAME_SYNTAXES.items()),
    Offer(_PNG, multipart=True),
)
_ONE_FRAME = tuple(Offer(offer.media, multipart=False, syntaxes=offer.syntaxes) for offer in _FRAMES)
_BULK = (
    Offer(syntaxes.OCTETS, multipart=True, syntaxes=(syntaxes.ANY, syntaxes.EXPLICIT)),
    Offer(syntaxes.OCTETS, multipart=False, syntaxes=(syntaxes.ANY, syntaxes.EXPLICIT)),
)
_MAX_FRAMES = 10_000
_FRAME_NUMBER = re.compile(r" *[0-9]{1,9} *")
_IN_MEMORY = 16 << 20
_PIECE = 1 << 20
"""Stored frames of more bytes in all are read as they are sent."""

_Body = bytes | AsyncIterator[bytes]


@SERVICE.handles(f"{STUDIES}.retrieveStudy", permission=_READ)
@SERVICE.handles(f"{STUDIES}.series.retrieveSeries", permission=_READ)
async def retrieve_many(request: Request) -> Answer:
    """Every instance of a study or series, one part each."""
    choice = answers.negotiate(request, (_WHOLE,))
    return await _multipart(request, _rows(request), choice)


@SERVICE.handles(f"{STUDIES}.series.instances.retrieveInstance", permission=_READ)
async def retrieve_instance(request: Request) -> Answer:
    """One instance: in a multipart body, or alone where application/dicom is asked for (Google's addition)."""
    choice = answers.negotiate(request, (_WHOLE, _SINGLE))
    rows = _rows(request)
    if choice.offer.multipart:
        return await _multipart(request, rows, choice)
    row = rows[0]
    if _as_stored(row, choice.syntax):
        return answers.file_part(request.context, request, row.blob, (0, row.size), _DICOM)
    return Response(200, {"content-type": _DICOM}, await transcoded(request.context, row, choice.syntax))


def _rows(request: Request) -> list[Row]:
    return instances(request.context, request.path["parent"], DicomPath.parse(request.path["dicomWebPath"]))


def _as_stored(row: Row, syntax: str) -> bool:
    return syntax in (syntaxes.ANY, row.syntax)


async def _multipart(request: Request, rows: Sequence[Row], choice: Choice) -> Response:
    """Answer instances, one part each; with their length where all are given as they are stored.

    One of each kind of pixels is converted before the answer starts, so that what no codec can do is a 400. One that
    fails later, because its own pixels are damaged, breaks the connection off: no client takes that for the whole.
    """
    boundary = token_hex(16)
    root = root_url(request)
    converted = [row for row in reversed(rows) if not _as_stored(row, choice.syntax)]
    first = {_pixel_kind(request.context, row): row for row in converted}
    ready = {row.id: await transcoded(request.context, row, choice.syntax) for row in first.values()}

    async def parts() -> AsyncIterator[tuple[str, str, AsyncIterator[bytes | Span] | bytes]]:
        for row in rows:
            place = f"{root}/{row.path}"
            if _as_stored(row, choice.syntax):
                yield _DICOM, place, request.context.blobs.spans(row.blob)
            else:
                yield _DICOM, place, ready.pop(row.id, b"") or await transcoded(request.context, row, choice.syntax)

    headers = answers.multipart_headers(_DICOM, boundary)
    if not first:
        heads = [part_head(boundary, _DICOM, f"{root}/{row.path}") for row in rows]
        headers["content-length"] = str(length_of(heads, [row.size for row in rows], boundary))
    return Response(200, headers, answers.stream_parts(boundary, parts()))


_KIND = ("00280002", "00280004", "00280100", "00280101", "00280103", *("7FE00008", "7FE00009", "7FE00010"))


def _pixel_kind(context: "Context", row: Row) -> tuple[str, ...]:
    """What decides whether a codec takes an instance: syntax, samples, meaning, bits, sign, element."""
    elements, _ = document_of(context, row.id)
    return row.syntax, *(str(elements.get(tag, {}).get("Value", tag in elements)) for tag in _KIND)


@contextmanager
def cannot() -> Iterator[None]:
    """Make what cannot be done with an instance's pixels a 400."""
    try:
        yield
    except (UnsupportedError, DicomError) as problem:
        raise invalid_argument(str(problem)) from None


async def transcoded(context: "Context", row: Row, syntax: str) -> bytes:
    """An instance's file in another transfer syntax; 400 where that cannot be."""
    with cannot():
        return await pixel_work.decode(context, row, None, transcode.to_syntax, syntax)


@SERVICE.handles(f"{STUDIES}.series.instances.frames.retrieveFrames", permission=_READ)
async def retrieve_frames(request: Request) -> Answer:
    """Frames: as stored, uncompressed (the default), or compressed as asked for."""
    numbers = frame_numbers(request.path["dicomWebPath"].rsplit("/", 1)[-1])
    choice = answers.negotiate(request, (*_FRAMES, *(_ONE_FRAME if len(numbers) == 1 else ())))
    row = _rows(request)[0]
    media, content_type, found = await _frames_as(request.context, row, numbers, choice)
    if not choice.offer.multipart:
        return Response(200, {"content-type": content_type}, found[0])
    root, boundary = root_url(request), token_hex(16)

    async def parts() -> AsyncIterator[tuple[str, str, AsyncIterator[bytes | Span] | bytes]]:
        for number, data in zip(numbers, found, strict=True):
            yield content_type, f"{root}/{row.path}/frames/{number}", data

    return Response(200, answers.multipart_headers(media, boundary), answers.stream_parts(boundary, parts()))


async def _frames_as(
    context: "Context", row: Row, numbers: list[int], choice: Choice
) -> tuple[str, str, Sequence[_Body]]:
    """Frames with their media type, without and with its transfer syntax.

    Where none is named and the frames are stored in one of the media type's, they are given as they are.
    """
    if choice.offer.media == _PNG:
        return _PNG, _PNG, await _frames(context, row, numbers, _PNG)
    as_stored = choice.syntax == syntaxes.ANY or (choice.default and row.syntax in choice.offer.syntaxes)
    syntax = row.syntax if as_stored else choice.syntax
    found = await _frames(context, row, numbers, syntax)
    if syntax in syntaxes.NATIVE:
        syntax = syntaxes.EXPLICIT
    media = syntaxes.OCTETS if choice.syntax == syntaxes.ANY else syntaxes.media_type(syntax)
    return media, f"{media}; transfer-syntax={syntax}", found


def frame_numbers(text: str) -> list[int]:
    """Read a list of frame numbers such as 1,3,5; 400 if it is none."""
    numbers = [int(item) if _FRAME_NUMBER.fullmatch(item) else 0 for item in text.split(",")]
    if not all(numbers) or len(numbers) > _MAX_FRAMES:
        raise invalid_argument("The frame list must be numbers from 1 on, separated by commas.")
    return numbers


async def _frames(context: "Context", row: Row, numbers: list[int], syntax: str) -> Sequence[_Body]:
    elements, bulk = document_of(context, row.id)
    if max(numbers) > frames.frame_count(elements):
        raise not_found(f"The instance has no frame {max(numbers)}.")
    element = next((b for b in bulk if b.path in ("7FE00010", "7FE00008", "7FE00009")), None)
    if element is None:
        raise invalid_argument("The instance has no pixel data.")
    if syntax == row.syntax or (row.syntax in syntaxes.NATIVE and syntax in syntaxes.NATIVE):
        with cannot():
            return await asyncio.to_thread(_slices, context, row, elements, element, numbers)
    with cannot():
        if syntax == _PNG:
            return await pixel_work.decode(context, row, numbers, transcode.frames_as_png, numbers)
        return await pixel_work.decode(context, row, numbers, transcode.frames_in_syntax, numbers, syntax)


def _slices(
    context: "Context", row: Row, elements: dict[str, Any], element: Bulk, numbers: list[int] | None
) -> Sequence[_Body]:
    """Cut frames out of the file as they are; many bytes are left there until they are sent.

    None is all: of compressed pixels as many as there are, whatever the instance says (a video's stream is one).
    """
    pixels = PixelData(element.offset, element.length, element.encapsulated)
    with _mapped(context, row) as data:
        if not pixels.encapsulated:
            numbers = numbers or list(range(1, frames.frame_count(elements) + 1))
            if row.syntax == syntaxes.BIG_ENDIAN:
                whole = _turned(data, element, elements)
                return _native(whole, elements, PixelData(0, len(whole), encapsulated=False), numbers)
            if row.syntax in syntaxes.DEFLATED_DATASETS:
                return _native(inflated(data), elements, pixels, numbers)
            if frames.starts_within_bytes(elements):
                return _native(data, elements, pixels, numbers)
            spans = [[frames.native_range(elements, pixels, number)] for number in numbers]
            return _pieces(context, row, data, spans)
        all_frames = frames.encapsulated_frames(data, pixels, frames.frame_count(elements))
        numbers = numbers or list(range(1, len(all_frames) + 1))
        if max(numbers) > len(all_frames):
            raise UnsupportedError(f"The pixel data holds {len(all_frames)} frames only.")
        return _pieces(context, row, data, [all_frames[number - 1] for number in numbers])


@contextmanager
def _mapped(context: "Context", row: Row) -> Iterator[mmap]:
    """The bytes of an instance's file, as they are read."""
    with (
        context.blobs.plain(row.blob) as path,
        path.open("rb") as file,
        mmap(file.fileno(), 0, access=ACCESS_READ) as data,
    ):
        yield data


def _native(data: Buffer, elements: dict[str, Any], pixels: PixelData, numbers: list[int]) -> list[bytes]:
    """Cut frames that are not compressed out of what holds them, into memory."""
    if frames.starts_within_bytes(elements):
        return [frames.bit_frame(data, elements, pixels, number) for number in numbers]
    return [data[start:end] for start, end in (frames.native_range(elements, pixels, number) for number in numbers)]


def _pieces(context: "Context", row: Row, data: mmap, spans: list[Ranges]) -> Sequence[_Body]:
    if sum(end - start for ranges in spans for start, end in ranges) <= _IN_MEMORY:
        return [b"".join(data[start:end] for start, end in ranges) for ranges in spans]
    return [_read_later(context, row, ranges) for ranges in spans]


async def _read_later(context: "Context", row: Row, ranges: Ranges) -> AsyncIterator[bytes]:
    for start, end in ranges:
        async for chunk in context.blobs.stream(row.blob, start, end):
            yield chunk


def _turned(data: Buffer, element: Bulk, elements: dict[str, Any]) -> bytes:
    """A bulk value of a big endian file as little endian bytes."""
    raw = data[element.offset : element.offset + element.length]
    bits = frames.bits_allocated(elements) if element.path == "7FE00010" else 0
    return swapped(raw, element.vr, bits // 8 if bits > 16 else 0)


async def _in_pieces(data: mmap, start: int, end: int) -> AsyncIterator[bytes]:
    """The bytes of a map in [start, end), a megabyte at a time."""
    with data:
        for at in range(start, end, _PIECE):
            yield await asyncio.to_thread(data.__getitem__, slice(at, min(at + _PIECE, end)))


@SERVICE.handles(f"{STUDIES}.series.instances.bulkdata.retrieveBulkdata", permission=_READ)
async def retrieve_bulk_data(request: Request) -> Answer:
    """A bulk value: .../bulkdata/TAG, or .../bulkdata/SEQUENCE/ITEM/TAG (items from 0)."""
    choice = answers.negotiate(request, _BULK)
    row = _rows(request)[0]
    wanted = request.path["dicomWebPath"].split("/bulkdata/", 1)[-1].strip("/")
    _, bulk = document_of(request.context, row.id)
    element = next((b for b in bulk if b.path == wanted.upper()), None)
    if element is None:
        raise not_found("The instance has no bulk data at this path.")
    syntax = row.syntax if element.encapsulated else syntaxes.EXPLICIT
    content_type = f"{syntaxes.OCTETS}; transfer-syntax={syntax}"
    if not choice.offer.multipart and _lies_plain(row, element):
        span = (element.offset, element.offset + element.length)
        return answers.file_part(request.context, request, row.blob, span, content_type)
    bodies = await _bulk_bodies(request.context, row, element)
    if not choice.offer.multipart and len(bodies) != 1:
        raise invalid_argument("The value has several frames: ask for multipart/related.")
    ranged = _ranged(request, row, element, bodies)
    if ranged is not None:
        bodies, found = [ranged[0]], {"content-range": ranged[1]}
    else:
        found = {}
    status = 206 if found else 200
    if not choice.offer.multipart:
        return Response(status, {"content-type": content_type, **found}, bodies[0])
    boundary, place = token_hex(16), f"{root_url(request)}/{row.path}/bulkdata/{element.path}"

    async def parts() -> AsyncIterator[tuple[str, str, AsyncIterator[bytes | Span] | bytes]]:
        for body in bodies:
            yield content_type, place, body

    headers = answers.multipart_headers(syntaxes.OCTETS, boundary) | found
    return Response(status, headers, answers.stream_parts(boundary, parts()))


def _ranged(request: Request, row: Row, element: Bulk, bodies: Sequence[_Body]) -> tuple[_Body, str] | None:
    """The bytes of the value that were asked for and their Content-Range; None for all of it.

    The range counts the bytes of the value, also where that is a part of a multipart body. That of several frames, or
    of a value that is unpacked as it is sent, is not heeded (RFC 9110 14.2 lets a server do so).
    """
    whole = bodies[0] if len(bodies) == 1 else None
    if isinstance(whole, bytes):
        part = answers.asked_range(request, len(whole))
        return None if part is None else (whole[part[0] : part[1]], answers.content_range(part, len(whole)))
    if not _lies_plain(row, element):
        return None
    part = answers.asked_range(request, element.length)
    if part is None:
        return None
    body = request.context.blobs.stream(row.blob, element.offset + part[0], element.offset + part[1])
    return body, answers.content_range(part, element.length)


def _lies_plain(row: Row, element: Bulk) -> bool:
    """Whether a value's bytes in the file are the bytes to give."""
    return not element.encapsulated and row.syntax not in (*syntaxes.DEFLATED_DATASETS, syntaxes.BIG_ENDIAN)


async def _bulk_bodies(context: "Context", row: Row, element: Bulk) -> Sequence[_Body]:
    """The value's bytes; those of encapsulated pixel data frame by frame."""
    elements, _ = document_of(context, row.id)
    if element.encapsulated:
        with cannot():
            return await asyncio.to_thread(_slices, context, row, elements, element, None)
    if not _lies_plain(row, element):

        def read() -> Sequence[_Body]:
            with _mapped(context, row) as data:
                if row.syntax == syntaxes.BIG_ENDIAN:
                    return [_turned(data, element, elements)]
                return [_in_pieces(inflated(data), element.offset, element.offset + element.length)]

        return await asyncio.to_thread(read)
    return [context.blobs.stream(row.blob, element.offset, element.offset + element.length)]
