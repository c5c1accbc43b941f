"""The outbox: kept with the change, delivered in order, tried again, each destination by itself."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from emulator.settings import Settings
from emulator.state import outbox
from emulator.state.outbox import Outbox, Pace
from emulator.state.state import State
from tests.support.patience import PATIENCE

QUICK = Pace(batch=3, first_wait=0.001, longest_wait=0.001, keep=5)
Deliver = Callable[[State, str, Sequence[bytes]], Awaitable[None]]


class Box:
    """An outbox on a state of its own that notes what was delivered."""

    def __init__(self, folder: Path, pace: Pace = QUICK) -> None:
        self.state = State(Settings(state=folder))
        self.state.db.create(outbox.SCHEMA)
        self.outbox: Outbox[State] = Outbox(self.state, pace)
        self.outbox.deliverers["letter"] = self.deliver
        self.got: list[tuple[str, list[bytes]]] = []
        self.problem: Callable[[str, Sequence[bytes]], Exception | None] = lambda _destination, _payloads: None

    async def deliver(self, _state: State, destination: str, payloads: Sequence[bytes]) -> None:
        if (problem := self.problem(destination, payloads)) is not None:
            raise problem
        self.got.append((destination, list(payloads)))

    async def put(self, destination: str, *payloads: bytes) -> None:
        await self.state.db.write(self.outbox.put_in, "letter", destination, payloads)

    def delivered(self, destination: str = "a") -> list[bytes]:
        return [one for where, payloads in self.got if where == destination for one in payloads]

    async def left(self, count: int) -> None:
        """Wait until `count` entries wait, or fewer."""
        async with asyncio.timeout(PATIENCE):
            while self.outbox.waiting("letter") > count:  # noqa: ASYNC110  the outbox tells nobody what it delivers
                await asyncio.sleep(0.001)

    async def emptied(self) -> None:
        """Wait until nothing waits."""
        await self.left(0)


def run(box: Box, story: Callable[[], Awaitable[None]]) -> None:
    """Run a story with the box open."""

    async def whole() -> None:
        await box.outbox.start()
        try:
            await story()
        finally:
            await box.outbox.stop()

    box.state.db.start()
    asyncio.run(whole())
    box.state.blobs.close()
    box.state.db.close()


def numbered(count: int) -> list[bytes]:
    return [str(number).encode() for number in range(count)]


def test_entries_are_delivered_in_their_order_and_forgotten(tmp_path: Path) -> None:
    box = Box(tmp_path)

    async def story() -> None:
        await box.put("a", *numbered(10))
        await box.emptied()

    run(box, story)
    assert box.delivered() == numbered(10)
    assert max(len(payloads) for _, payloads in box.got) == QUICK.batch


def test_a_batch_is_bounded_in_bytes_and_holds_one_entry_at_least(tmp_path: Path) -> None:
    box = Box(tmp_path, Pace(batch_bytes=5))

    async def story() -> None:
        await box.put("a", b"12", b"34", b"56", b"much longer", b"7")
        await box.emptied()

    run(box, story)
    assert [payloads for _, payloads in box.got] == [[b"12", b"34"], [b"56"], [b"much longer"], [b"7"]]


def test_a_change_that_is_rolled_back_leaves_nothing_to_deliver(tmp_path: Path) -> None:
    box = Box(tmp_path)

    def change(tx: sqlite3.Connection) -> None:
        box.outbox.put_in(tx, "letter", "a", [b"never"])
        raise RuntimeError("no")

    async def story() -> None:
        with pytest.raises(RuntimeError, match="no"):
            await box.state.db.write(change)
        await box.put("a", b"later")
        await box.emptied()

    run(box, story)
    assert box.delivered() == [b"later"]


def test_what_an_earlier_process_left_is_delivered_by_the_next(tmp_path: Path) -> None:
    first = Box(tmp_path)
    first.outbox.deliverers.clear()

    async def story() -> None:
        await first.put("a", b"left")

    run(first, story)
    second = Box(tmp_path)
    run(second, second.emptied)
    assert second.delivered() == [b"left"]


def test_a_delivery_that_fails_is_tried_again_with_nothing_lost_or_overtaken(tmp_path: Path) -> None:
    box = Box(tmp_path, Pace(batch=3, first_wait=0.001))
    failures = iter([OSError("disk"), ConnectionError(), None, OSError("disk")])
    box.problem = lambda _destination, _payloads: next(failures, None)

    async def story() -> None:
        await box.put("a", *numbered(8))
        await box.emptied()

    run(box, story)
    assert box.delivered() == numbered(8)


def test_a_destination_that_fails_holds_no_other_back(tmp_path: Path) -> None:
    box = Box(tmp_path, Pace(first_wait=PATIENCE))
    box.problem = lambda destination, _payloads: OSError() if destination == "bad" else None

    async def story() -> None:
        await box.put("bad", b"1")
        await box.put("good", b"2")
        await box.left(1)

    run(box, story)
    assert box.got == [("good", [b"2"])]


def test_an_entry_that_can_not_be_read_is_left_out_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    box = Box(tmp_path)
    box.problem = lambda _destination, payloads: ValueError("4 is no letter") if b"4" in payloads else None

    async def story() -> None:
        await box.put("a", *numbered(8))
        await box.emptied()

    with caplog.at_level(logging.ERROR):
        run(box, story)
    assert box.delivered() == [one for one in numbered(8) if one != b"4"]
    assert "left out: ValueError" in caplog.text
    assert "no letter" not in caplog.text  # what the payload holds is nobody's to read


def test_the_oldest_entries_for_a_destination_that_always_fails_are_given_up(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.problem = lambda _destination, _payloads: OSError()

    async def story() -> None:
        await box.put("a", *numbered(9))
        await box.left(QUICK.keep)
        box.problem = lambda _destination, _payloads: None
        await box.emptied()

    run(box, story)
    assert box.delivered() == numbered(9)[-QUICK.keep :]


def test_what_waits_for_destinations_that_begin_alike_can_be_forgotten(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.outbox.deliverers.clear()

    async def story() -> None:
        for destination in ("stores/a x", "stores/a y", "stores/ab x", "stores/b x"):
            await box.put(destination, b"1")
        await box.state.db.write(box.outbox.forget_in, "letter", "stores/a ")

    run(box, story)
    again = Box(tmp_path)
    run(again, again.emptied)
    assert sorted(destination for destination, _ in again.got) == ["stores/ab x", "stores/b x"]


def test_what_begins_with_given_bytes_is_erased(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.problem = lambda _destination, _payloads: OSError("closed")

    async def story() -> None:
        for destination in ("stores/a x", "stores/b x"):
            await box.put(destination, b"\0one\0first", b"\0two\0second")
        await box.state.db.write(box.outbox.erase_in, "letter", "stores/a ", b"\0one\0")

    run(box, story)
    again = Box(tmp_path)
    run(again, again.emptied)
    assert again.delivered("stores/a x") == [b"\0two\0second"]
    assert len(again.delivered("stores/b x")) == 2
