"""Multipart bodies (RFC 2046 5.1), read as they stream: the only reader of them, for uploads, batches, forms and DICOM.

Lines end with CRLF, or with LF alone where that of the first boundary does: some clients of Google's (gsutil) write
that, and Google takes both.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from emulator.errors import invalid_argument

MAX_HEADERS = 16 * 1024
MAX_PADDING = 128
MAX_BOUNDARY = 200

_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]*)"|([^;\s]*))', re.IGNORECASE)
_MORE, _NOT_A_BOUNDARY, _LAST = -1, -2, -3


@dataclass(frozen=True, slots=True)
class PartStart:
    """A part begins; its header names are in lower case."""

    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class PartData:
    """Some bytes of the part that has begun."""

    data: bytes


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The part that had begun is complete."""


Event = PartStart | PartData | PartEnd
_END = PartEnd()


def boundary_of(content_type: str) -> str:
    """The boundary parameter of a Content-Type, "" where there is none.

    Single quotes around it, which quote nothing in a header, are left out: gsutil writes them.
    """
    found = _BOUNDARY.search(content_type)
    boundary = (found[1] or found[2] or "") if found else ""
    return boundary[1:-1] if len(boundary) > 2 and boundary[0] == boundary[-1] == "'" else boundary


async def events(chunks: AsyncIterator[bytes], boundary: str) -> AsyncIterator[Event]:
    """Read a whole body; 400 if it is malformed or ends before its closing boundary."""
    reader = MultipartReader(boundary)
    async for chunk in chunks:
        for event in reader.feed(chunk):
            yield event
    reader.close()


def parts(body: bytes, boundary: str) -> Iterator[tuple[dict[str, str], bytes]]:
    """Headers and content of each part of a body that is here as a whole. Raises 400 for a malformed one."""
    reader = MultipartReader(boundary)
    headers: dict[str, str] = {}
    content: list[bytes] = []
    for event in reader.feed(body):
        if isinstance(event, PartStart):
            headers, content = event.headers, []
        elif isinstance(event, PartData):
            content.append(event.data)
        else:
            yield headers, b"".join(content)
    reader.close()


class RelatedBody:
    """An upload of two parts (RFC 2387): `await open()` gives the first, its JSON; `media()` then streams the other."""

    def __init__(self, content_type: str, chunks: AsyncIterator[bytes], limit: int) -> None:
        """Take the header, the body, and how long its first part may be. Raises 400 without a boundary."""
        self._events = events(chunks, boundary_of(content_type))
        self._limit = limit
        self.media_type: str | None = None

    async def open(self) -> bytes:
        """Read up to the second part; returns the bytes of the first and sets media_type. Raises 400."""
        first, begun = bytearray(), 0
        async for event in self._events:
            if isinstance(event, PartData):
                first += event.data
                if len(first) > self._limit:
                    raise invalid_argument(f"The metadata of an upload is limited to {self._limit} bytes.")
            elif isinstance(event, PartStart):
                begun += 1
                if begun == 2:
                    self.media_type = event.headers.get("content-type")
                    return bytes(first)
        raise invalid_argument("The multipart body needs two parts: the metadata, then the content.")

    async def media(self) -> AsyncIterator[bytes]:
        """The bytes of the second part. Raises 400 where its end never comes."""
        complete = False
        async for event in self._events:
            if isinstance(event, PartEnd):
                complete = True
            elif isinstance(event, PartData) and not complete:
                yield event.data


class MultipartReader:
    """Turns chunks, cut anywhere, into events. Raises 400 on a malformed body."""

    def __init__(self, boundary: str) -> None:
        """Take the boundary parameter, unquoted."""
        if not boundary or len(boundary) > MAX_BOUNDARY:
            raise invalid_argument(f"The Content-Type needs a boundary parameter of 1 to {MAX_BOUNDARY} characters.")
        self._dashes = b"--" + boundary.encode("latin-1", "replace")
        self._delimiter = b"\n" + self._dashes  # until the first part, whose boundary says how lines end
        self._line_end = b""
        self._buffer = b""
        self._at_start = True
        self._inside = False
        self._finished = False

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Take the next chunk; give the events it completes. What a part holds is copied once."""
        buffer = self._buffer + chunk if self._buffer else chunk
        at = 0
        while not self._finished:
            found, rest = self._next(buffer, at)
            if found < 0:
                keep = self._possible_start(buffer, at)
                yield from self._content(buffer, at, keep)
                at = keep
                break
            yield from self._content(buffer, at, found)
            at = found
            line_end = self._boundary_line(buffer, rest)
            if line_end == _MORE:
                break
            if line_end == _NOT_A_BOUNDARY:
                yield from self._content(buffer, at, rest)
                at = rest
                continue
            if line_end == _LAST:
                yield from self._end()
                self._finished, at = True, len(buffer)
                break
            head_end = buffer.find(self._line_end * 2, line_end)
            if head_end < 0:
                if len(buffer) - at > MAX_HEADERS:
                    raise invalid_argument(f"The headers of a part are longer than {MAX_HEADERS} bytes.")
                break
            yield from self._end()
            self._inside, self._delimiter = True, self._line_end + self._dashes
            yield PartStart(_headers(buffer[line_end:head_end]))
            at = head_end + 2 * len(self._line_end)
        self._at_start = self._at_start and not at
        self._buffer = buffer[at:]

    def close(self) -> None:
        """Say that no chunk follows; raise a 400 if the closing boundary has not been seen."""
        if not self._finished:
            raise invalid_argument("The multipart body is truncated: its closing boundary is missing.")

    def _next(self, buffer: bytes, at: int) -> tuple[int, int]:
        """Where the next boundary begins, with the line end before it, and where its line goes on; -1 for nowhere."""
        if self._at_start and not at and buffer.startswith(self._dashes):
            return 0, len(self._dashes)
        found = buffer.find(self._delimiter, at)
        return found, found + len(self._delimiter)

    def _possible_start(self, buffer: bytes, start: int) -> int:
        """The place, from `start` on, from which a boundary could begin at the buffer's end."""
        if self._at_start and not start and self._dashes.startswith(buffer):
            return 0
        tail = max(start, len(buffer) - len(self._delimiter) + 1)
        while (at := buffer.find(self._delimiter[:1], tail)) >= 0:
            if self._delimiter.startswith(buffer[at:]):
                return at
            tail = at + 1
        return len(buffer)

    def _boundary_line(self, buffer: bytes, start: int) -> int:
        """Look at what follows a boundary; give where its line ends, or one of the words. The first sets line ends."""
        after = buffer[start : start + MAX_PADDING + 2]
        if after.startswith(b"--"):
            return _LAST
        line_end = after.find(self._line_end or b"\n")
        if line_end < 0:
            possible = after.strip(b" \t") in (b"", b"\r", b"-") and len(after) <= MAX_PADDING
            return _MORE if possible else _NOT_A_BOUNDARY
        if not self._line_end and after[:line_end].endswith(b"\r"):
            line_end -= 1
        if after[:line_end].strip(b" \t"):
            return _NOT_A_BOUNDARY
        if not self._line_end:
            self._line_end = b"\r\n" if after[line_end : line_end + 1] == b"\r" else b"\n"
        return start + line_end

    def _content(self, buffer: bytes, start: int, end: int) -> Iterator[Event]:
        if self._inside and end > start:
            yield PartData(buffer[start:end])

    def _end(self) -> Iterator[Event]:
        if self._inside:
            yield _END
        self._inside = False


def _headers(block: bytes) -> dict[str, str]:
    headers = {}
    for line in block.split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon:
            headers[name.strip().lower().decode("latin-1")] = value.strip().decode("latin-1")
    return headers
