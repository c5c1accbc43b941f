"""Frames of the engine process: short ones together, long ones in pieces."""

import asyncio
import socket

import pytest

from emulator.services.bigquery.process import connection
from emulator.services.bigquery.process.connection import Connection
from emulator.services.bigquery.process.frames import Cancel, Reply, pack, unpack


async def exchange(data: bytes, size: int) -> list[memoryview]:
    """The frames that come of bytes which the other end sends so many at a time."""
    ours, theirs = socket.socketpair()
    receiver = await Connection.over(ours)

    def send() -> None:
        with theirs:
            for begin in range(0, len(data), size):
                theirs.sendall(data[begin : begin + size])

    sending = asyncio.create_task(asyncio.to_thread(send))
    found = [frame async for frame in receiver.frames()]
    await sending
    receiver.close()
    return found


@pytest.mark.parametrize("size", [1, 7, 1000, 1 << 20])
def test_frames_arrive_whole_however_they_are_cut(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "SCRATCH", 256)
    replies = [Reply(number, "x" * length) for number, length in enumerate([1, 0, 200, 150, 151, 5000, 3])]
    data = b"".join(piece for reply in replies for piece in pack(reply))
    assert [unpack(frame) for frame in asyncio.run(exchange(data, size))] == replies


def test_a_frame_that_the_other_end_did_not_finish_is_dropped() -> None:
    data = b"".join([*pack(Cancel(1)), *pack(Reply(2, "y" * 100_000))])[:-1]
    assert [unpack(frame) for frame in asyncio.run(exchange(data, 1 << 20))] == [Cancel(1)]
