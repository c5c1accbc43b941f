"""What $export of a Group writes: a file of its patients, each with all that belongs to it, and files of other members.

Cloud Healthcare: fhirStores.bulk-export-group, organizeOutputBy.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from emulator.context import Job
from emulator.fhir import parsing, references
from emulator.fhir.references import Kind
from emulator.fhir.search.tables import first_rid
from emulator.services.healthcare.fhir import versions
from emulator.services.healthcare.fhir.rest import binary, everything
from emulator.services.healthcare.fhir.stored import Json, Store, Version
from emulator.services.healthcare.fhir.transfer.selection import Selection
from emulator.services.healthcare.fhir.transfer.to_storage import Lines

_AT_ONCE = 500


@dataclass(frozen=True)
class GroupMembers:
    """A group and its members that are there, as far as they are wanted; members are Type/id, sorted."""

    job: Job
    store: Store
    wanted: Selection
    group: Version
    members: list[str]

    @classmethod
    def of(cls, job: Job, store: Store, wanted: Selection, group: str) -> "GroupMembers":
        """The members of a group, by its id; refused where it is gone."""
        found = versions.current(job.context.db.reader, store, "Group", group)
        return cls(job, store, wanted, found, _members(store, parsing.parse(found.body, None)))

    def types(self) -> list[str]:
        """The types of the group and its members, sorted."""
        return sorted({"Group"} | {each.partition("/")[0] for each in self.members})

    def count(self, types: Sequence[str]) -> int:
        """How many there are of these types, without what belongs to patients."""
        return sum(len(self._of_type(each)) for each in types)

    async def lines(self, resource_type: str) -> AsyncIterator[Lines]:
        """The members of a type; after each patient, all that belongs to it."""
        for identifier in self._of_type(resource_type):
            rids = await asyncio.to_thread(self._rids, resource_type, identifier)
            for start in range(0, len(rids), _AT_ONCE):
                reader = self.job.context.db.reader
                found = versions.by_rid(reader, self.store, rids[start : start + _AT_ONCE])
                kept = [version for version in found if self._is_wanted(version)]
                yield Lines([await binary.whole(self.job.context, each) + b"\n" for each in kept], len(kept))

    def _of_type(self, resource_type: str) -> list[str]:
        ids = [each.partition("/")[2] for each in self.members if each.startswith(f"{resource_type}/")]
        return [*ids, self.group.id] if resource_type == "Group" else ids

    def _rids(self, resource_type: str, identifier: str) -> list[int]:
        """The member, and what belongs to it if it is a patient, the newest first; none where it is gone."""
        reader = self.job.context.db.reader
        found = versions.newest(reader, self.store, resource_type, identifier)
        if found is None or found.deleted:
            return []
        rest = everything.belonging(reader, self.store, found) if resource_type == "Patient" else set[int]()
        return [found.rid, *sorted(rest - {found.rid, self._group_rid(reader)}, reverse=True)]

    def _group_rid(self, reader: sqlite3.Connection) -> int:
        newest = versions.newest(reader, self.store, "Group", self.group.id)
        return self.group.rid if newest is None else newest.rid

    def _is_wanted(self, version: Version) -> bool:
        of_type = not self.wanted.types or version.type in self.wanted.types
        return of_type and version.rid >= first_rid(self.wanted.since)


def _members(store: Store, group: Json) -> list[str]:
    """Type/id of the active members of a group that are resources of its store."""
    members = [each for each in group.get("member") or [] if isinstance(each, dict) and not each.get("inactive")]
    texts = [str((each.get("entity") or {}).get("reference") or "") for each in members]
    found = [references.parse(text, store.name) for text in texts]
    return sorted({to.relative for to in found if to.kind is Kind.LOCAL})
