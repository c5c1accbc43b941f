"""The bodies of DICOMweb answers: DICOM JSON joined from stored documents, XML, multipart streams, refusals."""

from collections.abc import AsyncIterator, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from secrets import token_hex
from typing import TYPE_CHECKING

import orjson

from emulator.dicom import native_xml
from emulator.dicom.media import Choice, Offer, choose
from emulator.dicom.multipart import PART_END, closing, part_head
from emulator.errors import ApiError
from emulator.gateway.ranges import not_modified, parse_range
from emulator.gateway.request import Request, Response
from emulator.services.healthcare.dicom.index import ROOT_MARK
from emulator.state.blob_files import Span

if TYPE_CHECKING:
    from emulator.context import Context

DICOM_JSON = "application/dicom+json"
DICOM_XML = "application/dicom+xml"
_DOCUMENTS = (
    Offer(DICOM_JSON, multipart=False),
    Offer("application/json", multipart=False),
    Offer(DICOM_XML, multipart=True),
)


_REMEMBERED = 300
_choose = lru_cache(maxsize=500)(choose)  # a client sends the same header again and again


def not_acceptable(offers: Sequence[Offer]) -> ApiError:
    """Make the 406 that says what could have been asked for."""
    shown = {f'multipart/related; type="{o.media}"' if o.multipart else o.media for o in offers}
    return ApiError(
        406, "INVALID_ARGUMENT", f"No acceptable type: Accept can name {', '.join(sorted(shown))}.", "notAcceptable"
    )


def negotiate(request: Request, offers: Sequence[Offer]) -> Choice:
    """Choose what to answer by the Accept header; 406 if nothing fits."""
    accept = request.headers.get("accept", "")
    choice = (_choose if len(accept) <= _REMEMBERED else choose)(accept, tuple(offers))
    if choice is None:
        raise not_acceptable(offers)
    return choice


def wants_xml(request: Request) -> bool:
    """Whether a search or metadata request is to be answered in XML; 406 if in nothing that there is."""
    if request.headers.get("accept") == DICOM_JSON:
        return False
    return negotiate(request, _DOCUMENTS).offer.media == DICOM_XML


def documents(found: Sequence[bytes], root: str, *, as_xml: bool) -> Response:
    """Answer stored documents: one JSON array, or one XML part for each."""
    if not as_xml:
        body = b"[" + b",".join(found) + b"]"
        return Response(200, {"content-type": DICOM_JSON}, body.replace(ROOT_MARK, root.encode()))
    boundary = token_hex(16)
    parts = [
        part_head(boundary, DICOM_XML)
        + native_xml.to_xml(orjson.loads(document.replace(ROOT_MARK, root.encode())))
        + PART_END
        for document in found
    ]
    return Response(200, multipart_headers(DICOM_XML, boundary), b"".join(parts) + closing(boundary))


def multipart_headers(media: str, boundary: str) -> dict[str, str]:
    """The Content-Type of a multipart answer."""
    return {"content-type": f'multipart/related; type="{media}"; boundary={boundary}'}


def entity_tag(*parts: str | Iterable[str]) -> str:
    """Make the ETag of an answer that follows from these: the ids of files, the URLs and the form it is given in."""
    digest = blake2b(digest_size=12)
    for part in parts:
        digest.update((part if isinstance(part, str) else "\0".join(part)).encode())
        digest.update(b"\1")
    return f'"{digest.hexdigest()}"'


def unchanged(request: Request, etag: str) -> Response | None:
    """The 304 if the caller has this version of the answer already."""
    return Response(304, {"etag": etag}) if not_modified(request.headers.get("if-none-match", ""), etag) else None


def file_part(context: "Context", request: Request, blob: str, span: tuple[int, int], content_type: str) -> Response:
    """Answer bytes [start, end) of a file, or the range of them that was asked for (RFC 9110 14)."""
    start, end = span
    etag = entity_tag(blob, f"{start}-{end}")
    if (same := unchanged(request, etag)) is not None:
        return same
    headers = {"content-type": content_type, "etag": etag, "accept-ranges": "bytes"}
    size = end - start
    part = asked_range(request, size, etag)
    if part is None:
        headers["content-length"] = str(size)
        return Response(200, headers, context.blobs.spans(blob, start, end))
    headers["content-length"] = str(part[1] - part[0])
    headers["content-range"] = content_range(part, size)
    return Response(206, headers, context.blobs.spans(blob, start + part[0], start + part[1]))


def asked_range(request: Request, size: int, etag: str = "") -> tuple[int, int] | None:
    """[start, stop) of the bytes that are wanted, None for all of them; 416 for a range behind the end."""
    asked = request.headers.get("range", "")
    if request.headers.get("if-range", etag) != etag:
        asked = ""
    part = parse_range(asked, size)
    if part is not None and part[0] >= part[1]:
        raise ApiError(416, "OUT_OF_RANGE", f"The range starts behind the end: there are {size} bytes.", "badRange")
    return part


def content_range(part: tuple[int, int], size: int) -> str:
    """Write the Content-Range of these bytes of so many (RFC 9110 14.4)."""
    return f"bytes {part[0]}-{part[1] - 1}/{size}"


async def stream_parts(
    boundary: str, parts: AsyncIterator[tuple[str, str, AsyncIterator[bytes | Span] | bytes]]
) -> AsyncIterator[bytes | Span]:
    """Write a multipart body; each part is (content type, location or "", its bytes)."""
    async for content_type, location, body in parts:
        head = part_head(boundary, content_type, location)
        if isinstance(body, bytes):
            yield head + body + PART_END
            continue
        yield head
        async for chunk in body:
            yield chunk
        yield PART_END
    yield closing(boundary)
