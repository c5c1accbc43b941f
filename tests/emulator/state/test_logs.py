"""Log entries: buffered, written in groups, and there for who asks."""

import asyncio
import threading
from pathlib import Path

from emulator.settings import Settings
from emulator.state import logs
from emulator.state.state import State

ENTRY = {"logName": "projects/p/logs/l", "resource": {"type": "global"}, "textPayload": "done"}


def test_who_flushes_sees_what_another_flush_is_writing(tmp_path: Path) -> None:
    state = State(Settings(state=tmp_path))
    state.db.create(logs.SCHEMA)
    kept = logs.Logs(state)
    free = threading.Event()

    async def story() -> int:
        slow = asyncio.create_task(state.db.write_alone(lambda _tx: free.wait()))
        await asyncio.sleep(0)  # the slow write is queued: what follows waits for it
        kept.write(dict(ENTRY))
        first = asyncio.create_task(kept.flush())
        await asyncio.sleep(0)  # the first flush has taken what was buffered
        asyncio.get_running_loop().call_soon(free.set)
        await kept.flush()
        seen = len(state.db.all("SELECT * FROM log_entries"))
        free.set()
        await asyncio.gather(slow, first)
        return seen

    state.db.start()
    try:
        assert asyncio.run(story()) == 1
    finally:
        state.db.close()
