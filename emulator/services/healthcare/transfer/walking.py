"""Changes of many things in one operation: one after the other, each batch in a write that moves the checkpoint, too.

What to change comes from the store, or from files that list it, a line each (rollback, inputGcsObject; bulkDelete).
"""

import asyncio
import itertools
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from emulator.context import Job
from emulator.errors import invalid_argument
from emulator.services.healthcare.transfer import sources, steps
from emulator.services.healthcare.transfer.imports import GONE
from emulator.services.healthcare.transfer.sources import Source
from emulator.services.healthcare.transfer.steps import Problem
from emulator.services.storage.api import StoredObject

Json = dict[str, Any]
BATCH = 100
_LONGEST = 1000
"""Bytes of a line: no name has as many."""


class Item(Protocol):
    """One thing to change, or the Problem of a line that names none."""

    @property
    def source(self) -> str:
        """What the log calls it."""

    @property
    def mark(self) -> Json:
        """The checkpoint of a job that is done with it."""

    @property
    def problem(self) -> Problem | None:
        """Why there is nothing to change."""


K = TypeVar("K", bound=Item)
K_co = TypeVar("K_co", bound=Item, covariant=True)


class Items(Protocol[K_co]):
    """All that is to be changed."""

    def count(self) -> int:
        """How many there are."""

    def left(self) -> Iterator[K_co]:
        """Those after the job's checkpoint."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file that is not empty, without white space around it; or the Problem of a file as a whole."""

    text: str
    uri: str
    mark: Json
    problem: Problem | None = None


@dataclass(frozen=True)
class Lines:
    """The lines of objects, as far as the store's agent may read them. `job` has the source's URI as `uri`."""

    job: Job
    source: Source

    def count(self) -> int:
        """How many there are; 400 where no object matches, 403 where the agent may read none."""
        context = self.job.context
        sources.require_readable(context, self.job.payload["store"], self.source)
        numbers = [_count(self.job, found) for found in sources.objects(context, self.source)]
        if not numbers:
            raise invalid_argument(f"No objects match {self.job.payload['uri']}.")
        return sum(numbers)

    def left(self) -> Iterator[Line]:
        """Those after the job's checkpoint."""
        last, done = self.job.checkpoint.get("object", ""), self.job.checkpoint.get("done", 0)
        for found in sources.objects(self.job.context, self.source, last):
            skipped = done if found.name == last else 0
            for line in self._of_file(found):
                if line.mark["done"] > skipped:
                    yield line

    def _of_file(self, found: StoredObject) -> Iterator[Line]:
        uri, mark = f"gs://{found.bucket}/{found.name}", {"object": found.name, "done": 1}
        if (problem := sources.unreadable(self.job.context, self.job.payload["store"], found)) is not None:
            yield Line("", uri, mark, problem)
            return
        try:
            with self.job.context.blobs.plain(found.blob_id) as path, path.open("rb") as file:
                for number, line in enumerate(iter(lambda: file.readline(_LONGEST), b""), 1):
                    if text := line.decode("utf-8", "replace").strip():
                        yield Line(text, uri, {"object": found.name, "done": number})
        except OSError:
            yield Line("", uri, mark, GONE)


async def walk(
    job: Job, items: Items[K], step: Callable[[sqlite3.Connection, Job, list[K]], None], log_entry: str
) -> None:
    """Take a step for some things at a time; `log_entry` is the last word of the type of log entries of what fails."""
    if not job.checkpoint:
        job.counter["pending"] = await asyncio.to_thread(items.count)
    left = items.left()
    while batch := await asyncio.to_thread(list, itertools.islice(left, BATCH)):
        job.check_cancelled()
        await steps.commit(job, _committed, step, batch, log_entry)
    job.counter.pop("pending", None)


def _committed(
    tx: sqlite3.Connection,
    job: Job,
    step: Callable[[sqlite3.Connection, Job, list[K]], None],
    batch: list[K],
    log_entry: str,
) -> None:
    """Log what can't be changed, take the step for the others, and move the checkpoint: all or nothing."""
    failed = [(item.source, item.problem) for item in batch if item.problem is not None]
    steps.log_failures(tx, job, log_entry, failed)
    steps.count(job, 0, len(failed), len(batch))
    step(tx, job, [item for item in batch if item.problem is None])
    job.checkpoint = batch[-1].mark
    job.save_in(tx)


def _count(job: Job, found: StoredObject) -> int:
    try:
        with job.context.blobs.plain(found.blob_id) as path, path.open("rb") as file:
            return sum(1 for line in iter(lambda: file.readline(_LONGEST), b"") if line.strip())
    except OSError:
        return 1
