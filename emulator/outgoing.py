"""Requests to endpoints on this machine, and to no other."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult

from emulator import hosts

ANSWER_BYTES = 64 << 10  # of an answer's body, which nobody reads, so that the endpoint can send it to its end
LINE_BYTES = 64 << 10
_LINGER_SECONDS = 1.0


class RefusedEndpoint(ValueError):
    """An endpoint that is not called; the text says why."""


@dataclass(frozen=True)
class Endpoint:
    """Where to send: host and port, the path with its query, and whether over TLS."""

    host: str
    port: int
    target: str
    tls: bool


def endpoint_of(url: str, own_ports: Collection[int]) -> Endpoint:
    """The endpoint that a URL names. Raises RefusedEndpoint for one that is not on this machine, or is the emulator."""
    parts = hosts.split(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise RefusedEndpoint(f'"{url[:200]}" is no URL with http or https.')
    if not hosts.is_loopback(url):
        raise RefusedEndpoint(
            f'"{url[:200]}" is not on this machine: the emulator calls localhost, 127.0.0.1 and [::1] only.'
        )
    port = port_of(parts)
    if port in own_ports:
        raise RefusedEndpoint(f'"{url[:200]}" is the emulator itself, which it does not call over HTTP.')
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(parts.hostname, port, target, parts.scheme == "https")


def port_of(parts: SplitResult) -> int:
    """The port of a URL with http or https, said or not."""
    return parts.port or (443 if parts.scheme == "https" else 80)


async def post(endpoint: Endpoint, headers: Mapping[str, str], body: bytes, seconds: float) -> int:
    """The status with which an endpoint answers a POST; see `send`."""
    return await send(endpoint, "POST", headers, body, seconds)


async def send(endpoint: Endpoint, method: str, headers: Mapping[str, str], body: bytes, seconds: float) -> int:
    """The status with which an endpoint answers a request within that time.

    Raises OSError, TimeoutError, ValueError for no answer, or none in HTTP/1.1.
    """
    context = ssl.create_default_context() if endpoint.tls else None
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port, ssl=context, limit=LINE_BYTES)
        try:
            writer.write(_head(endpoint, method, headers, len(body)) + body)
            await writer.drain()
            return await _status(reader, bodiless=method == "HEAD")
        finally:
            writer.close()


async def fetch(endpoint: Endpoint, seconds: float) -> tuple[int, bytes]:
    """The status and body with which an endpoint answers a GET within that time; raises as `send`.

    A body of more than ANSWER_BYTES, or in chunks, is no answer.
    """
    context = ssl.create_default_context() if endpoint.tls else None
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port, ssl=context, limit=LINE_BYTES)
        try:
            writer.write(_head(endpoint, "GET", {"Accept": "application/json"}, 0))
            await writer.drain()
            words = (await reader.readline()).split(None, 2)
            if len(words) < 2 or not words[0].startswith(b"HTTP/"):
                raise ValueError("the endpoint did not answer in HTTP/1.1")
            length = await _length(reader)
            if length > ANSWER_BYTES:
                raise ValueError("the endpoint answered too much")
            body = await reader.read(length) if length == ANSWER_BYTES else await reader.readexactly(length)
            return int(words[1]), body
        except asyncio.IncompleteReadError:
            raise ValueError("the endpoint broke off its answer") from None
        finally:
            writer.close()


def _head(endpoint: Endpoint, method: str, headers: Mapping[str, str], length: int) -> bytes:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    sent = {"Host": f"{host}:{endpoint.port}", "Connection": "close", "Content-Length": str(length), **headers}
    lines = [f"{method} {endpoint.target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items()), "", ""]
    return "\r\n".join(lines).encode("utf-8")


async def _status(reader: asyncio.StreamReader, *, bodiless: bool) -> int:
    """The status of an answer, the rest of it read and forgotten; 100 and 103 come before the answer, 102 counts."""
    while True:
        words = (await reader.readline()).split(None, 2)
        if len(words) < 2 or not words[0].startswith(b"HTTP/"):
            raise ValueError("the endpoint did not answer in HTTP/1.1")
        status = int(words[1])
        length = await _length(reader)
        if status not in (100, 103):
            break
    if status >= 200 and length and not bodiless:
        await _drain(reader, length)
    return status


async def _length(reader: asyncio.StreamReader) -> int:
    """Read the headers; how many bytes follow, ANSWER_BYTES where they do not say."""
    length = ANSWER_BYTES
    while (line := await reader.readline()).strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return length


async def _drain(reader: asyncio.StreamReader, length: int) -> None:
    try:
        async with asyncio.timeout(_LINGER_SECONDS):
            left = min(length, ANSWER_BYTES)
            while left > 0 and (chunk := await reader.read(left)):
                left -= len(chunk)
    except (TimeoutError, OSError):
        return
