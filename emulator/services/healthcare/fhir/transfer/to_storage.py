"""Export to Cloud Storage: an object for each type of resource, which has a resource a line (fhirStores.export)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

from emulator.context import Job
from emulator.services.healthcare.fhir.rest import binary
from emulator.services.healthcare.fhir.stored import Json, Store
from emulator.services.healthcare.fhir.transfer import selection
from emulator.services.healthcare.fhir.transfer.selection import Selection
from emulator.services.healthcare.transfer import to_storage as shared
from emulator.services.healthcare.transfer.to_storage import File, Made, Step
from emulator.services.storage.uris import GsUri
from emulator.state.blobs import Blob

NDJSON = "application/fhir+ndjson"
Naming = Callable[[str], str]
"""Type of resource -> the name of its object in the destination's folder."""


@dataclass(frozen=True)
class _Export:
    """One export under way: its job, store and selection, and where it writes to."""

    job: Job
    store: Store
    wanted: Selection
    folder: GsUri
    naming: Naming

    def types(self) -> list[str]:
        """The types that are exported, sorted."""
        return selection.types(self.job.context, self.store, self.wanted)

    def name(self, resource_type: str) -> str:
        """The whole name of a type's object."""
        return self.folder.name + self.naming(resource_type)


def check(given: Json, _store: str) -> None:
    """Raise 400 for a gcsDestination that is none."""
    shared.parse(given)


async def run(job: Job) -> None:
    """Write the objects of an export: Patient, Observation, and so on."""
    await write(job, shared.parse(job.payload["gcsDestination"]), str)


async def write(job: Job, folder: GsUri, naming: Naming) -> None:
    """Write an object for each type that has resources."""
    store = selection.store_of(job)
    export = _Export(job, store, Selection.parse(job.payload), folder, naming)
    await shared.write(job, folder, _names(export), _steps(export), "ExportFhirLogEntry")


def _names(export: _Export) -> Iterator[str]:
    """The objects' names; for an empty store, one that could be."""
    yield from [export.name(each) for each in export.types()] or [export.name("Patient")]


async def _steps(export: _Export) -> AsyncIterator[Step]:
    """The types one after the other; the checkpoint has how many resources of each are written."""
    job, context = export.job, export.job.context
    written: dict[str, int] = job.checkpoint.get("written", {})
    names = [name for name in await asyncio.to_thread(export.types) if name not in written]
    if not written:
        job.counter["pending"] = await asyncio.to_thread(selection.count, context, export.store, names, export.wanted)
    for name in names:
        found = await _object(export, name)
        if found is not None:
            blob, number = found
            written = {**written, name: number}
            made = Made(f"{export.store.name}/fhir/{name}", [File(export.name(name), blob, NDJSON)], number)
            yield Step([made], {"written": written})


async def _object(export: _Export, resource_type: str) -> tuple[Blob, int] | None:
    """The file of a type, and how many resources it has; None if there are none."""
    context, number = export.job.context, 0
    batches = selection.batches(context, export.store, resource_type, export.wanted)
    async with context.blobs.writer() as writer:
        while batch := await asyncio.to_thread(next, batches, None):
            export.job.check_cancelled()
            for version in batch:
                await writer.write(await binary.whole(context, version) + b"\n")
            number += len(batch)
        return (await writer.finish(), number) if number else None
