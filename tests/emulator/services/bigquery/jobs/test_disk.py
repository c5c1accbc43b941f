"""A query stops before it fills the disk; one that takes nothing goes on, however full the disk was before."""

import asyncio
import shutil
from pathlib import Path

import pytest

from emulator.services.bigquery.jobs import disk
from emulator.services.bigquery.process.ticket import Ticket

GIB = 1 << 30


def watched(monkeypatch: pytest.MonkeyPatch, total: int, *free: int) -> Ticket:
    """The ticket of a job during which so much is free, look by look; the first look is at its start."""
    looks = iter(free)
    seen = asyncio.Event()

    def usage(_: Path) -> object:
        left = next(looks, None)
        if left is None:
            seen.set()
            left = free[-1]
        return shutil._ntuple_diskusage(total, total - left, left)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    monkeypatch.setattr(disk, "SECONDS", 0.001)

    async def main() -> Ticket:
        ticket = Ticket()
        stopped = asyncio.Event()
        with ticket.hold(stopped.set):
            watch = disk.DiskWatch(Path(), ticket)
            waits = [asyncio.ensure_future(seen.wait()), asyncio.ensure_future(stopped.wait())]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            watch.cancel()
            for wait in waits:
                wait.cancel()
        return ticket

    return asyncio.run(main())


def test_a_query_that_takes_the_last_room_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = watched(monkeypatch, 100 * GIB, 50 * GIB, 20 * GIB, 2 * GIB, GIB // 2)
    assert ticket.problem is not None
    assert ticket.problem.reason == "resourcesExceeded"
    assert "almost full" in ticket.problem.message


def test_a_full_disk_that_stays_so_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watched(monkeypatch, 100 * GIB, GIB // 2, GIB // 2, GIB // 2 - 4096).problem is None


def test_a_small_disk_keeps_a_twentieth(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watched(monkeypatch, 200 << 20, 100 << 20, 50 << 20, 11 << 20).problem is None
    assert watched(monkeypatch, 200 << 20, 100 << 20, 9 << 20).problem is not None
