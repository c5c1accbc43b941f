"""A subscription's messages as the worker takes them that brings them to their destination."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError
from emulator.services.pubsub.broker import SUBSCRIPTIONS, WATCH_SECONDS, broker
from emulator.services.pubsub.queues import Lease, Policy
from emulator.services.pubsub.store import Message

if TYPE_CHECKING:
    from emulator.context import Context

Taken = tuple[Lease, Message]
_FOREVER = 3600.0


class Backlog:
    """What a subscription has to deliver. What is taken and neither done nor refused goes back when the worker ends."""

    def __init__(self, context: Context, name: str) -> None:
        self.context = context
        self.name = name
        self._open: set[str] = set()

    @property
    def body(self) -> dict[str, Any]:
        """The subscription as it is now. Raises a 404 where it is gone."""
        return self.context.resources.require(SUBSCRIPTIONS, self.name).body

    @property
    def policy(self) -> Policy:
        """How the subscription delivers."""
        return broker(self.context).queue(self.name).policy

    async def take(self, limit: int, wait: float = _FOREVER, deadline: float = 0.0) -> list[Taken]:
        """Up to `limit` messages, waiting up to `wait` seconds for the first, for `deadline` seconds (0: as set).

        Nothing comes while the key of its topic can't decrypt messages.
        """
        taken = await self._pull(limit, wait, deadline)
        self._open |= {lease.ack_id for lease, _ in taken}
        return taken

    async def _pull(self, limit: int, wait: float, deadline: float) -> list[Taken]:
        messages = broker(self.context)
        while True:
            try:
                return await messages.pull(self.name, limit, wait, deadline)
            except ApiError:
                if messages.is_open(self.name):
                    raise
                await asyncio.sleep(WATCH_SECONDS)

    async def done(self, taken: Iterable[Taken]) -> None:
        """These are delivered."""
        await broker(self.context).acknowledge(self.name, self._closed(taken))

    async def refuse(self, taken: Iterable[Taken]) -> None:
        """These could not be delivered: they come again by the retry policy, or go to the dead-letter topic."""
        await broker(self.context).modify_deadline(self.name, self._closed(taken), 0)

    def extend(self, taken: Iterable[Taken], seconds: float) -> None:
        """Keep these for so many seconds more."""
        until = self.context.clock.seconds() + seconds
        for lease, _ in taken:
            broker(self.context).queue(self.name).extend(lease.ack_id, until)

    def release(self) -> None:
        """Give back what is out, as if it had not been taken."""
        open_leases, self._open = self._open, set()
        broker(self.context).release(self.name, open_leases)

    def _closed(self, taken: Iterable[Taken]) -> list[str]:
        ids = [lease.ack_id for lease, _ in taken]
        self._open.difference_update(ids)
        return ids
