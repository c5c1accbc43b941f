"""Work under way: waited for, told to end, interrupted."""

import asyncio

from emulator.state.work import Work


class Told:
    """A handle that notes whether it was cancelled."""

    def __init__(self) -> None:
        self.event = asyncio.Event()

    def cancel(self) -> None:
        self.event.set()


async def until_told(handle: Told) -> None:
    await handle.event.wait()


def test_work_is_known_by_name_until_it_ends() -> None:
    async def play() -> None:
        work: Work[str, Told] = Work()
        handle = Told()
        work.spawn("a", handle, until_told(handle))
        assert "a" in work
        assert work.handle("a") is handle
        handle.cancel()
        await work.wait("a", 60)
        await asyncio.sleep(0)
        assert "a" not in work
        assert work.handle("a") is None
        await work.wait("a", 60)  # nothing to wait for

    asyncio.run(play())


def test_stopping_interrupts_and_tells_if_asked() -> None:
    async def play(tell: bool) -> tuple[bool, bool]:
        work: Work[str, Told] = Work()
        handle = Told()
        interrupted = False

        async def forever() -> None:
            nonlocal interrupted
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                interrupted = True
                raise

        work.spawn("a", handle, forever())
        await asyncio.sleep(0)
        await work.stop(tell=tell)
        assert work.closing
        return handle.event.is_set(), interrupted

    assert asyncio.run(play(tell=False)) == (False, True)
    assert asyncio.run(play(tell=True)) == (True, True)
