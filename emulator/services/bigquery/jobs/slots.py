"""Which jobs may run now. A caller whose queries take long keeps nobody else's waiting.

BigQuery queues what is too much at once, too (its query queues).
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque

from emulator.services.bigquery.process.ticket import Ticket

SLOTS = 16
SLOTS_OF_ONE = 12  # of one caller in one project


class Slots:
    """Slots by owner; who waits gets one in turn with other owners, oldest job first."""

    def __init__(self, total: int = SLOTS, of_one: int = SLOTS_OF_ONE) -> None:
        self._free = total
        self._of_one = of_one
        self._taken: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    def take_now(self, owner: str) -> bool:
        """Take a slot if one is free."""
        if self._free == 0 or self._taken[owner] >= self._of_one:
            return False
        self._free -= 1
        self._taken[owner] += 1
        return True

    async def take(self, owner: str, ticket: Ticket) -> None:
        """Wait for a slot. Raises Interrupted where the ticket is cancelled meanwhile."""
        if self.take_now(owner):
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(future)
        try:
            await ticket.guard(future)
        except BaseException:
            if future.done() and not future.cancelled():
                self.give_back(owner)
            raise

    def give_back(self, owner: str) -> None:
        """Free a slot, for the owner whose turn it is."""
        self._free += 1
        self._taken[owner] -= 1
        for candidate in list(self._waiting):
            queue = self._waiting[candidate]
            while queue and queue[0].done():  # its job was cancelled
                queue.popleft()
            if queue and self.take_now(candidate):
                queue.popleft().set_result(None)
                self._waiting.move_to_end(candidate)
            if not queue:
                del self._waiting[candidate]
            if self._free == 0:
                return
