"""Streams that are begun before anybody asks for them: what becomes of their rows, claimed or not."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from emulator.services.bigquerystorage.reading import begun

NAME = "projects/p/locations/us/sessions/s/streams/s0"


class Stream:
    """Stands for a Reading: messages that are numbers, and what was done with it."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.problem = problem
        self.asked_ahead = self.ended = False

    async def responses(self) -> AsyncGenerator[int]:
        try:
            for number in range(4):
                if self.problem is not None:
                    raise self.problem
                yield number
        finally:
            self.ended = True

    def ask(self) -> None:
        self.asked_ahead = True


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> list[Stream]:
    """The streams that are begun from now on, as they are made."""
    made: list[Stream] = []

    def reading(*_: Any, **__: Any) -> Stream:
        made.append(Stream())
        return made[-1]

    monkeypatch.setattr(begun, "Reading", reading)
    return made


def run(test: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test(SimpleNamespace(extensions={})))


def started(context: Any, name: str = NAME) -> None:
    """Begin a stream whose session is kept."""
    kept = asyncio.get_running_loop().create_future()
    kept.set_result(None)
    session: Any = SimpleNamespace(streams={"s0": (0, 4)}, stream_name=lambda _: name)
    begun.begin(context, session, kept)


def test_who_asks_gets_all_messages_in_order_and_once(streams: list[Stream]) -> None:
    async def test(context: Any) -> None:
        started(context)
        responses: Any = begun.claimed(context, NAME)
        assert [response async for response in responses] == [0, 1, 2, 3]
        assert begun.claimed(context, NAME) is None

    run(test)
    assert streams[0].asked_ahead
    assert streams[0].ended


def test_nothing_is_given_of_a_session_that_is_not_kept_though_rows_are_read(streams: list[Stream]) -> None:
    async def test(context: Any) -> None:
        kept = asyncio.get_running_loop().create_future()
        session: Any = SimpleNamespace(streams={"s0": (0, 4)}, stream_name=lambda _: NAME)
        begun.begin(context, session, kept)
        waiting = begun._waiting(context)[NAME]
        for _ in range(10):  # turns of the loop, of which the first message takes one
            await asyncio.sleep(0)
        assert streams[0].asked_ahead
        assert not waiting._first.done()
        await waiting.stop()
        assert not kept.cancelled()

    run(test)


def test_what_nobody_asks_for_is_given_up(streams: list[Stream], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(begun, "SECONDS", 0)

    async def test(context: Any) -> None:
        started(context)
        timer = begun._waiting(context)[NAME].timer
        assert timer is not None
        await timer
        assert begun.claimed(context, NAME) is None

    run(test)
    assert streams[0].ended


def test_a_stream_that_failed_is_read_anew(streams: list[Stream]) -> None:
    async def test(context: Any) -> None:
        started(context)
        streams[0].problem = RuntimeError("the engine is gone")
        waiting = begun._waiting(context)[NAME]
        await asyncio.wait([waiting._first])
        assert begun.claimed(context, NAME) is None

    run(test)


def test_rows_of_a_few_sessions_wait(streams: list[Stream]) -> None:
    async def test(context: Any) -> None:
        for number in range(begun.MOST + 3):
            started(context, f"{NAME}{number}")
        assert len(streams) == begun.MOST
        await asyncio.sleep(0)
        await begun._stop(context)

    run(test)
    assert all(stream.ended for stream in streams)
