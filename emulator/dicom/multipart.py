"""multipart/related bodies (PS3.18 8.6, RFC 2046 5.1), read and written as they stream: memory stays constant."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from emulator.dicom.errors import DicomError

MAX_HEADERS = 16 * 1024
MAX_PADDING = 128

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


class MultipartReader:
    """Turns chunks, cut anywhere, into events. Raises DicomError on a malformed body."""

    def __init__(self, boundary: str) -> None:
        """Take the boundary parameter, unquoted."""
        if not boundary or len(boundary) > 200:
            raise DicomError("The Content-Type needs a boundary parameter of 1 to 200 characters.")
        self._delimiter = b"\r\n--" + boundary.encode("latin-1", "replace")
        self._buffer = b"\r\n"  # so that a boundary at the very start is found like any other
        self._opening = True
        self._inside = False
        self._finished = False

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Take the next chunk; give the events it completes. What a part holds is copied once."""
        buffer, at = self._begin(chunk)
        while not self._finished:
            found = buffer.find(self._delimiter, at) if at >= 0 else at
            if found == -1:
                keep = self._possible_start(buffer, at)
                yield from self._content(buffer, at, keep)
                at = keep
                break
            yield from self._content(buffer, at, found)
            at = found
            line_end = self._boundary_line(buffer, at)
            if line_end == _MORE:
                break
            if line_end == _NOT_A_BOUNDARY:
                yield from self._content(self._delimiter, 0, len(self._delimiter))
                at += len(self._delimiter)
                continue
            if line_end == _LAST:
                yield from self._end()
                self._finished, at = True, len(buffer)
                break
            head_end = buffer.find(b"\r\n\r\n", line_end)
            if head_end < 0:
                if len(buffer) - at > MAX_HEADERS:
                    raise DicomError(f"The headers of a part are longer than {MAX_HEADERS} bytes.")
                break
            yield from self._end()
            self._inside = True
            yield PartStart(_headers(buffer[line_end:head_end]))
            at = head_end + 4
        self._buffer = buffer[at:] if at >= 0 else self._delimiter[:2] + buffer

    def _begin(self, chunk: bytes) -> tuple[bytes, int]:
        """Give what is to be looked at and from where: two bytes before a body that begins with its boundary."""
        opening, self._opening = self._opening, False
        if opening and chunk.startswith(self._delimiter[2:]):
            return chunk, -2
        return self._buffer + chunk if self._buffer else chunk, 0

    def close(self) -> None:
        """Say that no chunk follows; raise DicomError if the closing boundary has not been seen."""
        if not self._finished:
            raise DicomError("The multipart body is truncated: its closing boundary is missing.")

    def _possible_start(self, buffer: bytes, start: int) -> int:
        """Give the place, from `start` on, from which the delimiter could begin at the buffer's end."""
        tail = max(start, len(buffer) - len(self._delimiter) + 1)
        while (at := buffer.find(b"\r", tail)) >= 0:
            if self._delimiter.startswith(buffer[at:]):
                return at
            tail = at + 1
        return len(buffer)

    def _boundary_line(self, buffer: bytes, at: int) -> int:
        """Look at what follows the delimiter that is there; give where its line ends, or one of the words."""
        start = at + len(self._delimiter)
        after = buffer[start : start + MAX_PADDING + 2]
        if after.startswith(b"--"):
            return _LAST
        line_end = after.find(b"\r\n")
        if line_end < 0:
            possible = after.strip(b" \t") in (b"", b"\r", b"-") and len(after) <= MAX_PADDING
            return _MORE if possible else _NOT_A_BOUNDARY
        return start + line_end if not after[:line_end].strip(b" \t") else _NOT_A_BOUNDARY

    def _content(self, buffer: bytes, start: int, end: int) -> Iterator[Event]:
        if self._inside and end > start:
            yield PartData(buffer[start:end])

    def _end(self) -> Iterator[Event]:
        if self._inside:
            yield _END
        self._inside = False


def _headers(block: bytes) -> dict[str, str]:
    headers = {}
    for line in block.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            headers[name.strip().lower().decode("latin-1")] = value.strip().decode("latin-1")
    return headers


async def events(chunks: AsyncIterator[bytes], boundary: str) -> AsyncIterator[Event]:
    """Read a whole body; DicomError if it is malformed or ends before its closing boundary."""
    reader = MultipartReader(boundary)
    async for chunk in chunks:
        for event in reader.feed(chunk):
            yield event
    reader.close()


def part_head(boundary: str, content_type: str, location: str = "") -> bytes:
    """Write what precedes a part's bytes. (Viewers want this letter case of `Content-Type`, and the boundary first.)"""
    place = f"Content-Location: {location}\r\n" if location else ""
    return f"--{boundary}\r\nContent-Type: {content_type}\r\n{place}\r\n".encode()


PART_END = b"\r\n"


def length_of(heads: Sequence[bytes], bodies: Sequence[int], boundary: str) -> int:
    """Give the length of a body of parts with these heads, and with contents of these lengths."""
    return sum(map(len, heads)) + sum(bodies) + len(heads) * len(PART_END) + len(closing(boundary))


def closing(boundary: str) -> bytes:
    """Write what ends the body."""
    return f"--{boundary}--\r\n".encode()
