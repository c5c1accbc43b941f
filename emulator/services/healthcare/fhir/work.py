"""What a request or a bundle changes, inside one write: every interaction once, for both.

An interaction refuses what is not allowed and does its change; `finish` then looks at the references of all that was
changed, so that a transaction may be inconsistent on its way, and tells those who are to be told.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from emulator.fhir import parsing, patches
from emulator.fhir.outcomes import Refused
from emulator.services.healthcare import changes, keys
from emulator.services.healthcare.fhir import (
    canonicals,
    checks,
    errors,
    indexing,
    integrity,
    keeping,
    searching,
    stored,
    versions,
)
from emulator.services.healthcare.fhir.conditions import NONE, Conditions
from emulator.services.healthcare.fhir.consents import cascading
from emulator.services.healthcare.fhir.consents.access import Access
from emulator.services.healthcare.fhir.keeping import Change, Ready
from emulator.services.healthcare.fhir.smart import Grant
from emulator.services.healthcare.fhir.stored import Json, Store, Version
from emulator.state.blob_files import Blob

if TYPE_CHECKING:
    from emulator.context import Context

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done:
    """What an interaction did: its HTTP status, and the version that is current now (None: nothing is there)."""

    status: int
    version: Version | None = None


class Work:
    """The interactions of one write on one store, which a grant of SMART may narrow."""

    def __init__(self, context: "Context", tx: sqlite3.Connection, store: Store, grant: Grant | None = None) -> None:
        self.context = context
        self.store = store
        self._grant = grant
        self._tx = tx
        self._batch = keeping.Batch(context, tx, store, waits=True)
        self._at = int(context.clock.seconds() * 1_000_000)
        self.around = ""
        """Where in a bundle what is done now is: Bundle.entry[4].resource; "" where it is all that is done."""
        self._changes: list[tuple[Change, str]] = []
        """With where in a bundle each is."""
        self._links: list[integrity.Link] = []

    @property
    def tx(self) -> sqlite3.Connection:
        """The write, in which all that was changed can be read."""
        self._batch.flush()
        return self._tx

    @property
    def leaves_rows(self) -> bool:
        """Whether rows of the search index are left to be written."""
        return self._batch.leaves_rows

    def create(self, new: Ready, identifier: str = "", blob: Blob | str = "") -> Done:
        """Create a resource with an id of the server's own, or the one that was given to it before."""
        new.resource["id"] = identifier or new_id(self.context)
        return Done(201, self._put(new, "POST", None, blob))

    def update(self, new: Ready, conditions: Conditions = NONE, blob: Blob | str = "") -> Done:
        """Replace a resource, or create it with the client's id where the store allows that."""
        identifier = new.resource["id"]
        before = self._batch.newest(new.type, identifier)
        live = None if before is None or before.deleted else before
        if live is not None:
            self._require_granted(new.type, live)
        conditions.require(f"{new.type}/{identifier}", live, self.store.version)
        if live is None and not self.store.creates_on_update:
            raise errors.no_update_create(f"{new.type}/{identifier}")
        return Done(200 if live else 201, self._put(new, "PUT", before, blob))

    def patch(self, resource_type: str, identifier: str, operations: list[Json], conditions: Conditions = NONE) -> Done:
        """Apply a JSON Patch to a resource; what it gives must be one, of the same type and id."""
        self._require_granted(resource_type, self.live(resource_type, identifier))
        old = versions.current(self.tx, self.store, resource_type, identifier)
        conditions.require(old.relative, old, self.store.version)
        given = patches.applied(parsing.parse(old.body, None), operations)
        checks.same_id(checks.resource(self.store, given, resource_type), identifier)
        has_data = given.get("data") or given.get("content")
        return Done(200, self._put(keeping.made_ready(self.store, given), "PATCH", old, "" if has_data else old.blob))

    def delete(self, resource_type: str, identifier: str, conditions: Conditions = NONE) -> Done:
        """Delete a resource; that there is none is no error."""
        live = self.live(resource_type, identifier)
        self._require_granted(resource_type, live)
        conditions.require(f"{resource_type}/{identifier}", live, self.store.version)
        change = keeping.delete(self.context, self.tx, self.store, resource_type, identifier, self._at)
        if change is not None:
            self._changes.append((change, self.around))
        return Done(200)

    def delete_matching(self, resource_type: str, criteria: str) -> Done:
        """Delete all that matches criteria, up to their _count (Cloud Healthcare: 100, at most 1,000)."""
        for found in self.matching(resource_type, criteria, searching.count_in(criteria)):
            self.delete(found.type, found.id)
        return Done(200)

    def delete_only(self, resource_type: str, criteria: str) -> Done:
        """Delete the one resource that matches criteria, if any; refused with 412 for more than one."""
        found = self.only(resource_type, criteria)
        return Done(200) if found is None else self.delete(found.type, found.id)

    def matching(self, resource_type: str, criteria: str, most: int = 2) -> list[Version]:
        """What matches criteria and may be read, two at most unless more are wanted."""
        reading = Access(self.store, grant=self._grant)
        reading.require_type(resource_type)
        indexing.catch_up(self.context, self.tx, self.store.key)
        return searching.matching(self.tx, reading, resource_type, criteria, most)

    def only(self, resource_type: str, criteria: str) -> Version | None:
        """What matches criteria, None where nothing does; refused with 412 for more than one."""
        found = self.matching(resource_type, criteria)
        if len(found) > 1:
            raise errors.multiple_matches(resource_type)
        return found[0] if found else None

    def purge(self, resource_type: str, identifier: str) -> None:
        """Forget the old versions of a resource."""
        self._require_granted(resource_type, self.live(resource_type, identifier))
        if not keeping.purge(self.context, self.tx, self.store, resource_type, identifier):
            versions.current(self.tx, self.store, resource_type, identifier)

    def live(self, resource_type: str, identifier: str) -> Version | None:
        """The current version of a resource, None where there is none."""
        found = self._batch.newest(resource_type, identifier)
        return None if found is None or found.deleted else found

    def finish(self) -> None:
        """Refuse references that lead nowhere and canonical URLs that are there twice now, and tell of the changes."""
        places = {id(change.resource): place for change, place in self._changes}
        integrity.require_targets(self.tx, self.store, self._links, places)
        for change, place in self._changes:
            try:
                self._require_fit(change)
            except Refused as refused:
                raise (refused.within(place) if place else refused) from None
        done = [change for change, _ in self._changes]
        changes.announce(self.context, self.tx, self.store.resource, done)
        cascading.note(self.context, self.tx, self.store, done)

    def _require_granted(self, resource_type: str, live: Version | None) -> None:
        if self._grant is not None:
            resource = None if live is None else parsing.parse(live.body, None)
            self._grant.require("write", self.store, resource_type, resource)

    def _put(self, new: Ready, method: str, before: Version | None, blob: Blob | str) -> Version:
        if self._grant is not None:
            self._grant.require("write", self.store, new.type, new.resource)
        if blob:
            self.context.blobs.add_ref(self.tx, blob, keys.version_for_data(self.context, self.store.name, self.tx))
        file = blob.id if isinstance(blob, Blob) else blob
        change = self._batch.put(new, method, self._at, before, blob=file)
        self._changes.append((change, self.around))
        self._links += new.links
        return change.after

    def _require_fit(self, change: Change) -> None:
        """Refuse a canonical URL that is there twice now, and a reference that leads to nothing now."""
        canonicals.require_unique(self.tx, self.store, change)
        if change.after.deleted and self.live(change.after.type, change.after.id) is None:
            integrity.require_unreferenced(self.tx, self.store, change.after)


async def perform(context: "Context", store: str, act: Callable[[Work], T], grant: Grant | None = None) -> T:
    """Do interactions on a store in one write, all or none of them; what `act` gives, once that is on disk.

    Refused with 403 for what `grant`, the scopes of SMART that a request comes with, does not permit.
    """

    def step(tx: sqlite3.Connection) -> tuple[T, Store | None]:
        work = Work(context, tx, stored.opened_in(context, tx, store), grant)
        result = act(work)
        work.finish()
        return result, work.store if work.leaves_rows else None

    result, left = await context.db.write(step)
    if left is not None:
        indexing.catch_up_soon(context, left.key)
    return result


def new_id(context: "Context") -> str:
    """The id of a resource that the server names: a random UUID, as Google's are."""
    return context.ids.uuid()
