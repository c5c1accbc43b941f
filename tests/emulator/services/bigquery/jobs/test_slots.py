"""Who gets a slot when there are not enough."""

import asyncio

import pytest

from emulator.services.bigquery.jobs.slots import Slots
from emulator.services.bigquery.process.ticket import Ticket
from emulator.services.bigquery.sql.errors import Interrupted


def test_one_caller_does_not_get_all_slots() -> None:
    slots = Slots(total=4, of_one=3)
    assert [slots.take_now("ann") for _ in range(4)] == [True, True, True, False]
    assert slots.take_now("bob")
    assert not slots.take_now("bob")


def test_a_slot_goes_to_the_callers_in_turn_and_to_each_ones_oldest_job() -> None:
    order: list[str] = []

    async def main() -> None:
        slots = Slots(total=1, of_one=1)
        assert slots.take_now("ann")

        async def job(owner: str, name: str) -> None:
            await slots.take(owner, Ticket())
            order.append(name)
            slots.give_back(owner)

        names = [("ann", "a1"), ("ann", "a2"), ("bob", "b1"), ("bob", "b2"), ("cem", "c1")]
        jobs = [asyncio.create_task(job(owner, name)) for owner, name in names]
        await asyncio.sleep(0)
        slots.give_back("ann")
        await asyncio.gather(*jobs)
        assert slots.take_now("dan")

    asyncio.run(main())
    assert order == ["a1", "b1", "c1", "a2", "b2"]


def test_a_cancelled_job_leaves_the_queue() -> None:
    async def main() -> None:
        slots = Slots(total=1, of_one=1)
        assert slots.take_now("ann")
        ticket = Ticket()
        waiting = asyncio.create_task(slots.take("bob", ticket))
        await asyncio.sleep(0)
        ticket.cancel()
        with pytest.raises(Interrupted):
            await waiting
        slots.give_back("ann")
        assert slots.take_now("bob")

    asyncio.run(main())
