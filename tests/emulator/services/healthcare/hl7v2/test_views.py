"""Showing messages without keeping other requests waiting."""

import asyncio
import threading

from emulator.services.healthcare.hl7v2 import views
from emulator.services.healthcare.hl7v2.stored import Json


def test_large_message_is_shown_by_a_thread_and_a_small_one_at_once() -> None:
    """A message of 10 MB may have millions of fields: to read them takes longer than others can wait."""

    def thread() -> Json:
        return {"thread": threading.get_ident()}

    async def shown(size: int) -> bool:
        return await views.aside(size, thread) == thread()

    assert asyncio.run(shown(views.SMALL - 1))
    assert not asyncio.run(shown(views.SMALL))
