"""The room on the disk: a query that is about to fill it is stopped, since its result may be of any size."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from emulator.services.bigquery.process.ticket import Ticket
from emulator.services.bigquery.sql.errors import Interrupted

RESERVE = 1 << 30  # bytes that stay free; of a small disk a twentieth
TAKEN = 64 << 20  # a disk that was as full before is nobody's fault
SECONDS = 0.5


class DiskWatch:
    """Looks at the disk of a folder now and then, and cancels a job's ticket where the room is running out."""

    def __init__(self, folder: Path, ticket: Ticket) -> None:
        self._folder = folder
        self._ticket = ticket
        self._before = shutil.disk_usage(folder).free
        self._timer = asyncio.get_running_loop().call_later(SECONDS, self._look)

    def cancel(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _look(self) -> None:
        usage = shutil.disk_usage(self._folder)
        reserve = min(RESERVE, usage.total // 20)
        if usage.free < reserve and usage.free < self._before - min(TAKEN, reserve):
            self._ticket.cancel(
                Interrupted(
                    "Resources exceeded during query execution: the disk that holds the emulator's state is almost "
                    "full. Free some space, or let the query give less.",
                    "resourcesExceeded",
                )
            )
            return
        self._timer = asyncio.get_running_loop().call_later(SECONDS, self._look)
