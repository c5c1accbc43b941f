"""Export to Cloud Storage, for any kind of store: objects written step by step, as the service agent may."""

import asyncio
import sqlite3
from collections.abc import AsyncIterable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.context import Job
from emulator.services.healthcare import agent
from emulator.services.healthcare.transfer import steps
from emulator.services.healthcare.transfer.steps import Problem
from emulator.services.storage import api
from emulator.services.storage.uris import GsUri
from emulator.state.blob_files import Blob

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
# Of roles/storage.objectAdmin, which is what Google asks for: existing objects are overwritten.
_WRITE = ("storage.objects.create", "storage.objects.delete")


@dataclass(frozen=True, slots=True)
class File:
    """An object to write; `name` is whole, with the destination's folder."""

    name: str
    content: Blob
    media_type: str


@dataclass(frozen=True, slots=True)
class Made:
    """What an item of a store became: files, all of which are written or none, or the Problem that it met.

    source is the item's name, for the log; units are what it adds to the counters.
    """

    source: str
    made: Sequence[File] | Problem
    units: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """Items that are written together, and the job's checkpoint once they are."""

    items: Sequence[Made]
    checkpoint: Json


def parse(given: Json) -> GsUri:
    """The folder that a gcsDestination names; 400 for one that is none."""
    return GsUri.parse_folder(given.get("uriPrefix", ""), "gcsDestination.uriPrefix")


def require_write(context: "Context", store: str, bucket: str, names: Iterable[str]) -> None:
    """Raise Google's message where the agent may write none of the objects: conditions of its grants see each.

    400 where the bucket has requesters pay.
    """
    if not any(may_write(context, store, bucket, name) for name in names):
        raise agent.lacks_permission("Cloud Storage")
    api.require_payer(context, bucket, agent.principal(context, store))


def may_write(context: "Context", store: str, bucket: str, name: str) -> bool:
    """Whether a store's agent may write the object `name`, whatever is there."""
    return all(agent.may(context, store, permission, bucket, name) for permission in _WRITE)


async def write(job: Job, folder: GsUri, names: Iterable[str], made: AsyncIterable[Step], log_entry: str) -> None:
    """Write what the steps bring; an item that can't be made or written is counted and logged as a `log_entry`.

    `names` are the names that objects will have, of which the agent must be allowed to write one at least; where there
    are none, one that could be. 403 and 400 in Google's words where the agent may not write, or the bucket has
    requesters pay.
    """
    context, store = job.context, job.payload["store"]
    await asyncio.to_thread(require_write, context, store, folder.bucket, names)
    async for step in made:
        job.check_cancelled()
        await steps.commit(job, _write, folder.bucket, step, log_entry)


def _write(tx: sqlite3.Connection, job: Job, bucket: str, step: Step, log_entry: str) -> None:
    """Store a step's objects, log its failures, and move the checkpoint: all or nothing."""
    failed = [(item, problem) for item in step.items if (problem := _written(tx, job, bucket, item)) is not None]
    steps.log_failures(tx, job, log_entry, [(item.source, problem) for item, problem in failed])
    failures, units = (sum(item.units for item in items) for items in ([item for item, _ in failed], step.items))
    steps.count(job, units - failures, failures, units)
    job.checkpoint = step.checkpoint
    job.save_in(tx)


def _written(tx: sqlite3.Connection, job: Job, bucket: str, item: Made) -> Problem | None:
    """Store the objects of an item; the Problem where there are none, or the agent may not write one of them."""
    if isinstance(item.made, Problem):
        return item.made
    if not all(may_write(job.context, job.payload["store"], bucket, file.name) for file in item.made):
        return Problem(7, agent.lacks_permission("Cloud Storage").message)
    for file in item.made:
        api.put_in(tx, job.context, bucket, file.name, file.content, file.media_type)
    return None
