"""Bodies with a Content-Encoding (RFC 9110 8.4): gzip is taken, all others are refused."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Mapping

from emulator.errors import ApiError, invalid_argument
from emulator.gateway.request import Request, gathered

_PIECE = 1 << 18
_PLAIN = ("", "identity")
_GZIP = ("gzip", "x-gzip")
_PLAIN_TRANSFERS = ("", "binary", "8bit", "7bit")


async def stream(request: Request) -> AsyncIterator[bytes]:
    """The body as it arrives, unpacked where it is packed.

    Raises ApiError 415 for an encoding that is not known here, 400 for what is no whole gzip data.
    """
    coding = coding_of(request.headers)
    if coding in _PLAIN:
        async for chunk in request.stream():
            yield chunk
        return
    if coding not in _GZIP:
        raise _unsupported(f"Content-Encoding {coding[:40]}", "the body as it is, or packed with gzip")
    machine, came = zlib.decompressobj(wbits=31), False
    async for chunk in request.stream():
        came = True
        if machine.eof:
            machine = zlib.decompressobj(wbits=31)
        packed, full = chunk, True
        while (packed or full) and not machine.eof:
            try:
                plain = machine.decompress(packed, _PIECE)
            except zlib.error:
                raise _no_gzip() from None
            packed, full = machine.unconsumed_tail, len(plain) == _PIECE
            if rest := machine.unused_data:  # another member (RFC 1952 2.2)
                machine, packed = zlib.decompressobj(wbits=31), rest
            if plain:
                yield plain
    if came and not machine.eof:
        raise _no_gzip()


async def read(request: Request, limit: int) -> bytes:
    """The whole body, unpacked; more than `limit` bytes is a 400, whatever they are packed to."""
    return await gathered(stream(request), limit)


def coding_of(headers: Mapping[str, str]) -> str:
    """The Content-Encoding that headers name, "" where there is none."""
    return headers.get("content-encoding", "").strip().lower()


def require_plain_part(headers: Mapping[str, str]) -> None:
    """Raise ApiError 415 for a part of a multipart body that is packed, or coded as mail codes it."""
    if coding_of(headers) not in _PLAIN:
        raise _unsupported(f"Content-Encoding {coding_of(headers)[:40]} of a part", "parts as they are")
    transfer = headers.get("content-transfer-encoding", "binary").strip().lower()
    if transfer not in _PLAIN_TRANSFERS:
        raise _unsupported(f"Content-Transfer-Encoding {transfer[:40]} of a part", "parts as they are")


def _unsupported(what: str, instead: str) -> ApiError:
    return ApiError(415, "INVALID_ARGUMENT", f"{what} cannot be read: send {instead}.", "unsupportedMediaType")


def _no_gzip() -> ApiError:
    return invalid_argument("The body's content-encoding is gzip, but it is no gzip data, or cut short.")
