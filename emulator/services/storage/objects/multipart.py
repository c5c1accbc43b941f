"""Splits a multipart/related upload as it arrives: the JSON of the object, then its bytes (RFC 2387)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from emulator.services.storage import errors

HEAD_LIMIT = 1 << 20
_PADDING = 72  # bytes after a boundary that tell whether it is one: white space and a line end, or two hyphens
_CLOSING = re.compile(rb"--|[ \t]*(\r?\n|$)")  # RFC 2046 5.1.1
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
MALFORMED = "Malformed multipart body."


class RelatedBody:
    """A body of two parts: `await open()` gives the JSON part, `media()` then streams the other, in constant memory."""

    def __init__(self, content_type: str, stream: AsyncIterator[bytes]) -> None:
        boundary = _BOUNDARY.search(content_type)
        if boundary is None:
            raise errors.invalid("A multipart upload needs the header Content-Type: multipart/related; boundary=...")
        self._mark = b"--" + boundary[1].encode()
        self._stream = stream
        self._buffer = b""
        self._line_end = b"\r\n"
        self.media_type: str | None = None

    async def open(self) -> bytes:
        """Read up to the second part; returns the bytes of the first and sets media_type. Raises 400 if malformed."""
        await self._until(self._mark)
        await self._headers()
        metadata = await self._until(self._line_end + self._mark)
        self.media_type = (await self._headers()).get("content-type")
        return metadata

    async def media(self) -> AsyncIterator[bytes]:
        """The bytes of the second part, up to its closing boundary. Raises 400 where that never comes."""
        mark = self._line_end + self._mark
        buffer = self._buffer
        while True:
            end = buffer.find(mark)
            while end >= 0:
                rest = buffer[end + len(mark) :]
                while len(rest) < _PADDING and (more := await self._maybe_more()):
                    rest += more
                buffer = buffer[: end + len(mark)] + rest
                if _CLOSING.match(rest):
                    if end:
                        yield buffer[:end]
                    async for _ in self._stream:
                        continue
                    return
                end = buffer.find(mark, end + 1)  # it only begins like the boundary
            keep = len(mark) - 1
            if len(buffer) > keep:
                yield buffer[: len(buffer) - keep]
                buffer = buffer[len(buffer) - keep :]
            buffer += await self._more()

    async def _maybe_more(self) -> bytes:
        async for chunk in self._stream:
            return chunk
        return b""

    async def _more(self) -> bytes:
        chunk = await self._maybe_more()
        if not chunk:
            raise errors.invalid(MALFORMED)
        return chunk

    async def _until(self, *marks: bytes) -> bytes:
        while True:
            found = [(at, len(mark)) for mark in marks if (at := self._buffer.find(mark)) >= 0]
            if found:
                at, length = min(found)
                before, self._buffer = self._buffer[:at], self._buffer[at + length :]
                return before
            if len(self._buffer) > HEAD_LIMIT:
                raise errors.invalid("The metadata of an upload is limited to 1 MiB.")
            self._buffer += await self._more()

    async def _headers(self) -> dict[str, str]:
        """The headers of a part. A boundary's line ends first; an empty line ends the headers.

        Lines end as that of the boundary does: gsutil writes them with LF alone, and Cloud Storage takes both.
        """
        self._line_end = b"\r\n" if (await self._until(b"\n")).endswith(b"\r") else b"\n"
        headers: dict[str, str] = {}
        while True:
            line = (await self._until(b"\n")).strip()
            if not line:
                return headers
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
