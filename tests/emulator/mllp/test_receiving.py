"""The receiving side alone: what is stored when, what is answered, and what is never."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from emulator.mllp.frames import wrap
from emulator.mllp.receiving import Receiver
from emulator.mllp.store import StoreError
from tests.support.patience import PATIENCE

Ingest = Callable[[bytes], bytes]
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def listening(ingest: Ingest) -> AsyncIterator[tuple[Receiver, Callable[[], "asyncio.Future[Connection]"]]]:
    """A receiver, and what connects to it."""
    with ThreadPoolExecutor(4) as threads:
        receiver = Receiver(ingest, threads)
        port = await receiver.listen("127.0.0.1", 0)
        yield receiver, lambda: asyncio.ensure_future(asyncio.open_connection("127.0.0.1", port))
        await receiver.close()


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What still arrives until the other side ends the connection."""
    return await asyncio.wait_for(reader.read(), PATIENCE)


async def answer(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.readuntil(b"\x1c\r"), PATIENCE)


def test_each_message_of_a_connection_is_answered_in_turn() -> None:
    async def run() -> None:
        async with listening(lambda message: b"ACK " + message) as (_, connect):
            reader, writer = await connect()
            writer.write(b"rubbish" + wrap(b"1") + b"\r\n" + wrap(b"2")[:2])
            assert await answer(reader) == wrap(b"ACK 1")
            writer.write(wrap(b"2")[2:])
            assert await answer(reader) == wrap(b"ACK 2")
            writer.close()

    asyncio.run(run())


def test_a_message_that_was_not_stored_is_not_answered_and_ends_its_connection_alone() -> None:
    def ingest(message: bytes) -> bytes:
        if message == b"bad":
            raise StoreError("The emulator did not answer.")
        return b"ACK"

    async def run() -> None:
        async with listening(ingest) as (receiver, connect):
            first, second = await connect(), await connect()
            first[1].write(wrap(b"bad") + wrap(b"good"))
            assert await ended(first[0]) == b""
            second[1].write(wrap(b"good"))
            assert await answer(second[0]) == wrap(b"ACK")
            second[1].close()
            first[1].close()
            assert (receiver.counts.received, receiver.counts.answered, receiver.counts.failed) == (2, 1, 1)

    asyncio.run(run())


def test_a_half_frame_is_never_stored() -> None:
    stored: list[bytes] = []

    def ingest(message: bytes) -> bytes:
        stored.append(message)
        return b"ACK"

    async def run() -> None:
        async with listening(ingest) as (_, connect):
            reader, writer = await connect()
            writer.write(wrap(b"whole") + b"\x0bhalf")
            writer.write_eof()
            assert await ended(reader) == wrap(b"ACK")
            writer.close()

    asyncio.run(run())
    assert stored == [b"whole"]


def test_what_is_no_frame_ends_the_connection() -> None:
    async def run() -> None:
        async with listening(lambda _: b"ACK") as (_, connect):
            reader, writer = await connect()
            writer.write(b"\x0bMSH|\x1cX")
            assert await ended(reader) == b""
            writer.close()

    asyncio.run(run())


def test_connections_do_not_wait_for_each_other() -> None:
    release = threading.Event()

    def ingest(message: bytes) -> bytes:
        if message == b"slow":
            release.wait(PATIENCE)
        return b"ACK " + message

    async def run() -> None:
        async with listening(ingest) as (_, connect):
            slow, quick = await connect(), await connect()
            slow[1].write(wrap(b"slow"))
            quick[1].write(wrap(b"quick"))
            assert await answer(quick[0]) == wrap(b"ACK quick")
            release.set()
            assert await answer(slow[0]) == wrap(b"ACK slow")
            slow[1].close()
            quick[1].close()

    asyncio.run(run())


def test_the_end_waits_for_the_message_that_is_being_stored_and_answers_it() -> None:
    begun, release = threading.Event(), threading.Event()

    def ingest(_message: bytes) -> bytes:
        begun.set()
        release.wait(PATIENCE)
        return b"ACK"

    async def run() -> None:
        async with listening(ingest) as (receiver, connect):
            idle, busy = await connect(), await connect()
            busy[1].write(wrap(b"1"))
            assert await asyncio.to_thread(begun.wait, PATIENCE)
            closing = asyncio.ensure_future(receiver.close())
            assert await ended(idle[0]) == b""
            assert not closing.done()
            release.set()
            assert await ended(busy[0]) == wrap(b"ACK")
            await closing
            idle[1].close()
            busy[1].close()

    asyncio.run(run())
