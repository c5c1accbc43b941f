"""Export to Cloud Storage: objects with a message in JSON a line, as messages.get gives it (contentStructure)."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import orjson

from emulator.context import Job
from emulator.services.healthcare.hl7v2 import stored, views
from emulator.services.healthcare.hl7v2.stored import Json, Row
from emulator.services.healthcare.hl7v2.transfer.selection import Selection
from emulator.services.healthcare.transfer import to_storage as shared
from emulator.services.healthcare.transfer.to_storage import File, Made, Step
from emulator.services.storage.uris import GsUri
from emulator.state.blob_files import Blob

MESSAGES, BYTES = 10_000, 64 << 20
"""How much an object holds at most: messages, and bytes of them before they are in JSON, but one batch always."""
_NDJSON = "application/x-ndjson"


def check(given: Json, _store: str) -> None:
    """Raise 400 for a gcsDestination that is none."""
    shared.parse(given)


async def run(job: Job) -> None:
    """Write the objects of an export: messages-00001.ndjson and so on."""
    destination = job.payload["gcsDestination"]
    folder, view = shared.parse(destination), views.wanted(destination, views.FULL)
    selected = await asyncio.to_thread(Selection.of, job)
    await shared.write(job, folder, [_name(folder, 1)], _steps(selected, folder, view), "ExportHl7V2LogEntry")
    job.counter.pop("pending", None)


def _name(folder: GsUri, number: int) -> str:
    return f"{folder.name}messages-{number:05d}.ndjson"


async def _steps(selected: Selection, folder: GsUri, view: str) -> AsyncIterator[Step]:
    """Objects one after the other; the checkpoint is the last message and the number of its object."""
    job = selected.job
    after, number = job.checkpoint.get("after", 0), job.checkpoint.get("number", 0)
    if not number:
        job.counter["pending"] = await asyncio.to_thread(selected.count)
    while True:
        content, units, last = await _object(selected, view, after)
        if content is None:
            return
        number, after = number + 1, last
        name = _name(folder, number)
        made = [File(name, content, _NDJSON)]
        yield Step([Made(name, made, units)], {"after": after, "number": number})


async def _object(selected: Selection, view: str, after: int) -> tuple[Blob | None, int, int]:
    """A file of messages after one, how many it has, and the number of the last; None where there are none left."""
    units, size, batches = 0, 0, selected.batches(after)
    async with selected.job.context.blobs.writer() as writer:
        while units < MESSAGES and size < BYTES and (batch := await asyncio.to_thread(next, batches, None)):
            selected.job.check_cancelled()
            await writer.write(await asyncio.to_thread(_lines, selected, batch, view))
            units, size, after = units + len(batch), size + sum(row.size for row in batch), batch[-1].number
        return (await writer.finish() if units else None), units, after


def _lines(selected: Selection, rows: Sequence[Row], view: str) -> bytes:
    reader, store = selected.job.context.db.reader, selected.store

    def shown(row: Row) -> Json:
        if view == views.BASIC:
            return views.named(store.name, row)
        return views.shown(store.name, store.version, row, stored.body_of(reader, store, row), view)

    return b"".join(orjson.dumps(shown(row), option=orjson.OPT_APPEND_NEWLINE) for row in rows)
