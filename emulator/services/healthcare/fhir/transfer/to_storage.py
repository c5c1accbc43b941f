"""Export to Cloud Storage: an object for each type of resource, which has a resource a line (fhirStores.export)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from emulator.context import Job
from emulator.services.healthcare.fhir.rest import binary
from emulator.services.healthcare.fhir.stored import Json, Store
from emulator.services.healthcare.fhir.transfer import selection
from emulator.services.healthcare.fhir.transfer.selection import Selection
from emulator.services.healthcare.transfer import to_storage as shared
from emulator.services.healthcare.transfer.to_storage import File, Made, Step
from emulator.services.storage.uris import GsUri
from emulator.state.blob_files import Blob

NDJSON = "application/fhir+ndjson"
Naming = Callable[[str], str]
"""Type of resource -> the name of its object in the destination's folder."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines of an object, each with its end, and how many units of the operation's counters they are."""

    text: list[bytes]
    units: int


class Content(Protocol):
    """What an export writes: an object for each type of resource that has lines."""

    def types(self) -> list[str]:
        """The types that may have lines, sorted."""

    def count(self, types: Sequence[str]) -> int:
        """How many units the lines of these types are."""

    def lines(self, resource_type: str) -> AsyncIterator[Lines]:
        """The lines of a type's object, some at a time."""


@dataclass(frozen=True)
class CurrentVersions:
    """The current versions of a store's resources, those that are wanted, one a line."""

    job: Job
    store: Store
    wanted: Selection

    def types(self) -> list[str]:
        """The types that are wanted, sorted."""
        return selection.types(self.job.context, self.store, self.wanted)

    def count(self, types: Sequence[str]) -> int:
        """How many resources there are of these types."""
        return selection.count(self.job.context, self.store, types, self.wanted)

    async def lines(self, resource_type: str) -> AsyncIterator[Lines]:
        """The resources of a type, by id."""
        context = self.job.context
        batches = selection.batches(context, self.store, resource_type, self.wanted)
        while batch := await asyncio.to_thread(next, batches, None):
            yield Lines([await binary.whole(context, version) + b"\n" for version in batch], len(batch))


def check(given: Json, _store: str) -> None:
    """Raise 400 for a gcsDestination that is none."""
    shared.parse(given)


async def run(job: Job) -> None:
    """Write the objects of an export: Patient, Observation, and so on."""
    content = CurrentVersions(job, selection.store_of(job), Selection.parse(job.payload))
    await write(job, shared.parse(job.payload["gcsDestination"]), str, content)


async def write(job: Job, folder: GsUri, naming: Naming, content: Content) -> None:
    """Write an object for each type that has lines."""
    types = await asyncio.to_thread(content.types)
    names = [folder.name + naming(each) for each in types or ["Patient"]]  # of an empty store, one that could be
    await shared.write(job, folder, names, _steps(job, folder, naming, content, types), "ExportFhirLogEntry")


async def _steps(job: Job, folder: GsUri, naming: Naming, content: Content, types: list[str]) -> AsyncIterator[Step]:
    """The types one after the other; the checkpoint has how many units of each are written."""
    written: dict[str, int] = job.checkpoint.get("written", {})
    left = [each for each in types if each not in written]
    if not written:
        job.counter["pending"] = await asyncio.to_thread(content.count, left)
    for each in left:
        found = await _object(job, content.lines(each))
        if found is not None:
            blob, units = found
            written = {**written, each: units}
            source = f"{job.payload['store']}/fhir/{each}"
            yield Step([Made(source, [File(folder.name + naming(each), blob, NDJSON)], units)], {"written": written})


async def _object(job: Job, content: AsyncIterator[Lines]) -> tuple[Blob, int] | None:
    """The file of a type, and how many units it has; None where it has no lines."""
    units = 0
    async with job.context.blobs.writer() as writer:
        async for some in content:
            job.check_cancelled()
            for line in some.text:
                await writer.write(line)
            units += some.units
        return (await writer.finish(), units) if units else None
