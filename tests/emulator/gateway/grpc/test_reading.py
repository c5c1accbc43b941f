"""Streams over gRPC that fail after their first answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc

from emulator.errors import ApiError
from emulator.gateway.grpc.reading import guarded


class Servicer:
    """A call that remembers how it was ended."""

    def __init__(self) -> None:
        self.ended: tuple[Any, str] | None = None

    async def abort(self, code: Any, message: str) -> None:
        """End the call."""
        self.ended = (code, message)


async def taken(answers: AsyncIterator[bytes]) -> list[bytes]:
    return [answer async for answer in answers]


async def one_and_a_failure(_message: object, _servicer: object) -> AsyncIterator[bytes]:
    yield b"first"
    raise ApiError(429, "RESOURCE_EXHAUSTED", "Too little memory.", "resourcesExceeded")


def test_a_stream_that_fails_is_ended_with_the_error_s_code_and_message() -> None:
    servicer = Servicer()
    unary = guarded(grpc.unary_stream_rpc_method_handler(one_and_a_failure, bytes, bytes)).unary_stream
    assert asyncio.run(taken(unary(b"", servicer))) == [b"first"]
    assert servicer.ended == (grpc.StatusCode.RESOURCE_EXHAUSTED, "Too little memory.")


def test_so_is_one_of_requests() -> None:
    servicer = Servicer()
    streams = guarded(grpc.stream_stream_rpc_method_handler(one_and_a_failure, bytes, bytes)).stream_stream
    assert asyncio.run(taken(streams(one_and_a_failure(b"", servicer), servicer))) == [b"first"]
    assert servicer.ended == (grpc.StatusCode.RESOURCE_EXHAUSTED, "Too little memory.")
