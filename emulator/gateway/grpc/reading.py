"""What comes over gRPC and is no message of its type, and what goes wrong in a stream: told by the call's status."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from emulator.errors import ApiError
from emulator.gateway.grpc.bridge import Servicer, abort

_UNREADABLE = object()


def guarded(handler: Any) -> Any:
    """The gRPC handler that does as `handler` does, and ends with INVALID_ARGUMENT where a message can't be read."""
    replaced: dict[str, Any] = {"request_deserializer": _reading(handler.request_deserializer)}
    if handler.stream_stream is not None:
        replaced["stream_stream"] = _streams(handler.stream_stream)
    elif handler.unary_stream is not None:
        replaced["unary_stream"] = _stream_after(handler.unary_stream)
    else:
        replaced["unary_unary"] = _unary(handler.unary_unary)
    return handler._replace(**replaced)


def _reading(deserialize: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def read(data: bytes) -> Any:
        try:
            return deserialize(data)
        except DecodeError:
            return _UNREADABLE

    return read


async def _require(message: Any, servicer: Servicer) -> None:
    if message is _UNREADABLE:
        await servicer.abort(grpc.StatusCode.INVALID_ARGUMENT, "The request can't be read as a message of its type.")


def _unary(serve: Callable[[Any, Servicer], Any]) -> Callable[[Any, Servicer], Any]:
    async def guard(message: Any, servicer: Servicer) -> Any:
        await _require(message, servicer)
        return await serve(message, servicer)

    return guard


async def _told(answers: AsyncGenerator[Any], servicer: Servicer) -> AsyncGenerator[Any]:
    """The answers of a stream; one that fails between them ends with the error's gRPC code and message."""
    try:
        async with aclosing(answers):
            async for answer in answers:
                yield answer
    except ApiError as error:
        failure = error
    else:
        return
    await abort(servicer, failure)


def _stream_after(serve: Callable[[Any, Servicer], Any]) -> Callable[[Any, Servicer], AsyncIterator[Any]]:
    async def guard(message: Any, servicer: Servicer) -> AsyncIterator[Any]:
        await _require(message, servicer)
        async with aclosing(_told(serve(message, servicer), servicer)) as answers:
            async for answer in answers:
                yield answer

    return guard


def _streams(serve: Callable[[Any, Servicer], Any]) -> Callable[[Any, Servicer], AsyncIterator[Any]]:
    async def readable(messages: AsyncIterator[Any], servicer: Servicer) -> AsyncIterator[Any]:
        async for message in messages:
            await _require(message, servicer)
            yield message

    async def guard(messages: AsyncIterator[Any], servicer: Servicer) -> AsyncIterator[Any]:
        async with aclosing(_told(serve(readable(messages, servicer), servicer), servicer)) as answers:
            async for answer in answers:
                yield answer

    return guard
