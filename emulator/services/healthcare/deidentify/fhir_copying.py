"""Resources of a FHIR store de-identified for another: whose each is, what it becomes, and that the store takes it."""

import asyncio
import base64
import logging
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.deidentify.fhir import people
from emulator.deidentify.fhir.links import Links
from emulator.deidentify.fhir.people import Value
from emulator.deidentify.fhir.places import Tree
from emulator.deidentify.settings import Settings
from emulator.deidentify.text.findings import FindingKind
from emulator.fhir import parsing, references
from emulator.fhir.outcomes import Refused
from emulator.fhir.references import Kind
from emulator.pool import WorkerLost
from emulator.services.healthcare import keys
from emulator.services.healthcare.deidentify import fhir_making
from emulator.services.healthcare.deidentify.fhir_making import Made, Task
from emulator.services.healthcare.fhir import checks, keeping, versions
from emulator.services.healthcare.fhir.consents import compartments
from emulator.services.healthcare.fhir.keeping import Change, Ready
from emulator.services.healthcare.fhir.stored import Json, Store, Version
from emulator.services.healthcare.fhir.transfer import imports
from emulator.services.healthcare.transfer.steps import Problem
from emulator.state import data_keys

if TYPE_CHECKING:
    from emulator.context import Context

_log = logging.getLogger("emulator")
MAX_INSPECTED = 10 << 20
"""Bytes of a raw Binary that are read into memory to be cleaned."""
_MOST_OWNERS, _MOST_KEPT = 1000, 1000
"""People whose values are looked for in one resource, and sets of people that are kept for the resources to come."""
_OF_THE_SERVER = ("versionId", "lastUpdated")
_TOGETHER = 25
"""Resources that a process of the pool is given at a time."""
_TOO_MUCH = "The resource takes too much time or memory to be de-identified."
_TOO_LARGE = Problem(3, f"The data of a Binary has more than {MAX_INSPECTED} bytes and can't be inspected.")


@dataclass(frozen=True, slots=True)
class Copy:
    """A resource as the destination is to have it, and how many texts of each kind were replaced in it.

    blob is the file of a raw Binary that both stores share.
    """

    new: Ready
    blob: str = ""
    found: Counter[FindingKind] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Owners:
    """The people that a resource is about: what is known of them, and the id by which the patient's dates move."""

    known: tuple[Value, ...]
    context: str


@dataclass(frozen=True)
class _Draft:
    """What is to be done with a version; blob is the file of a raw Binary that stays as it is."""

    task: Task
    blob: str = ""


class Copier:
    """De-identifies resources of a store for another one. It remembers patients, so use one for a run or a batch."""

    def __init__(self, context: "Context", settings: Settings, source: Store, destination: Store) -> None:
        self.source = source
        self.destination = destination
        self._context = context
        self._tree = Tree(source.definitions, settings.fhir.fields)
        self._links = Links(self._tree, settings.secret)
        self._recipe = fhir_making.recipe(source.version, settings, source.name, context.clock.now().date())
        self._owners: dict[tuple[str, ...], _Owners] = {}
        self._binaries: dict[str, set[str]] | None = None

    def id(self, resource_type: str, old: str) -> str:
        """The id that a resource has in the destination."""
        return self._links.id(resource_type, old)

    async def copied(self, found: Sequence[Version]) -> list[Copy | Problem]:
        """What versions become, each the Problem that keeps it from being copied."""
        drafts = await asyncio.to_thread(lambda: [self._draft(each) for each in found])
        tasks = [each.task for each in drafts if isinstance(each, _Draft)]
        parts = [tasks[at : at + _TOGETHER] for at in range(0, len(tasks), _TOGETHER)]
        made = [each for part in await asyncio.gather(*map(self._made, parts)) for each in part]
        return await asyncio.to_thread(self._finished, drafts, made)

    def _draft(self, version: Version) -> "_Draft | Problem":
        """What a process is to be given of a version."""
        if not version.blob:
            return _Draft(self._task(version.body, parsing.parse(version.body, None)))
        resource = parsing.parse(version.body, None)
        if not self._tree.changes("Binary", _data_field(resource)):
            return _Draft(self._task(version.body, resource), version.blob)
        if not self._read_in(resource, version):
            return _TOO_LARGE
        return _Draft(self._task(parsing.serialize(resource), resource))

    def _task(self, body: bytes, resource: Json) -> Task:
        owners = self._owners_of(resource)
        return Task(body) if owners is None else Task(body, owners.known, owners.context)

    async def _made(self, tasks: Sequence[Task]) -> list[Made | str]:
        """What a process makes of tasks; one by one where a process was lost with all of them."""
        pool = self._context.pool
        try:
            return await asyncio.wrap_future(pool.submit(fhir_making.make, self._recipe, tasks))
        except (WorkerLost, MemoryError) as problem:
            if len(tasks) > 1:
                return [made for task in tasks for made in await self._made([task])]
            _log.error("a resource could not be de-identified: %s", type(problem).__name__)
            return [_TOO_MUCH]

    def _finished(self, drafts: Sequence["_Draft | Problem"], made: Sequence[Made | str]) -> list[Copy | Problem]:
        """Drafts with what was made of them, as the destination takes it."""
        rest = iter(made)
        return [each if isinstance(each, Problem) else self._copy(each, next(rest)) for each in drafts]

    def _copy(self, draft: "_Draft", made: Made | str) -> Copy | Problem:
        if isinstance(made, str):
            return Problem(3, made)
        try:
            given = checks.resource(self.destination, parsing.parse(made.body, None))
            return Copy(keeping.made_ready(self.destination, given, any_reference=True), draft.blob, made.found)
        except Refused as refused:
            return imports.problem("", refused)

    def _read_in(self, resource: Json, version: Version) -> bool:
        """Put the data of a raw Binary into it; False where they are too large."""
        blobs = self._context.blobs
        if blobs.size(version.blob) > MAX_INSPECTED:
            return False
        resource[_data_field(resource)] = base64.b64encode(blobs.read_now(version.blob)).decode()
        return True

    def _owners_of(self, resource: Json) -> _Owners | None:
        """The people that a resource is about; None where it names nobody."""
        names = tuple(dict.fromkeys(self._names_of(resource)))[:_MOST_OWNERS]
        own = list(people.within(resource))
        if names and own and names != (f"Patient/{resource.get('id')}",):
            return self._loaded(names, own)
        if names and names not in self._owners:
            if len(self._owners) >= _MOST_KEPT:
                self._owners.clear()
            self._owners[names] = self._loaded(names, [])
        return self._owners.get(names)

    def _names_of(self, resource: Json) -> Iterable[str]:
        """Type/id of the patients that a resource belongs to, and of all people that it refers to."""
        yield from compartments.patients(self.source, resource)
        for text in references.texts(resource):
            to = references.parse(text, self.source.name)
            if to.kind is Kind.LOCAL and to.type in people.PEOPLE:
                yield to.relative
        if resource["resourceType"] == "Binary":
            yield from self._owners_of_binaries().get(str(resource.get("id")), ())

    def _loaded(self, names: Sequence[str], own: list[Json]) -> _Owners:
        """What people say, by Type/id. The first patient, or person, gives the id by which dates move."""
        first = next((name for name in names if name.startswith("Patient/")), names[0])
        found = {name: self._person(name) for name in names}
        said = [each for each in (*found.values(), *own) if each is not None]
        key = people.key(found[first] or {}) or first.partition("/")[2]
        return _Owners(tuple(value for each in said for value in people.values(each)), key)

    def _person(self, name: str) -> Json | None:
        found = versions.newest(self._context.db.reader, self.source, *name.split("/", 1))
        return None if found is None or found.deleted else parsing.parse(found.body, None)

    def _owners_of_binaries(self) -> dict[str, set[str]]:
        """The patients of Binaries, by their ids: those of the resources whose attachments have their URLs."""
        if self._binaries is None:
            self._binaries = {}
            names_one = " AND instr(v.body, CAST('Binary/' AS BLOB)) > 0" if self.source.keys is None else ""
            sql = (
                "SELECT v.body FROM fhir_versions v JOIN fhir_index_resources r"  # noqa: S608  our own words
                f" ON r.store = v.store AND r.rid = v.rid WHERE v.store = ? AND v.type <> 'Binary'{names_one}"
            )
            rows = self._context.db.reader.execute(sql, (self.source.key,))
            for body in (data_keys.text_read(self.source.keys, row[0]) for row in rows):
                if b"Binary/" in body:
                    self._note_binaries(parsing.parse(body, None))
        return self._binaries

    def _note_binaries(self, resource: Json) -> None:
        owners = compartments.patients(self.source, resource)
        for url in _urls(resource):
            to = references.parse(url, self.source.name)
            if to.kind is Kind.LOCAL and to.type == "Binary" and self._binaries is not None:
                self._binaries.setdefault(to.id, set()).update(owners)


def keep(
    context: "Context", tx: sqlite3.Connection, store: Store, copy: Copy, at: int, operation: str = ""
) -> Change | None:
    """Make a copy the current version in its store, in a write; None where the store has the same already.

    at         microseconds since 1970
    operation  the number of the operation that does it
    """
    new = copy.new
    before = versions.newest(tx, store, new.type, str(new.resource["id"]))
    if before is not None and not before.deleted and before.blob == copy.blob and _is_same(before, new.resource):
        return None
    if copy.blob:
        context.blobs.add_ref(tx, copy.blob, keys.version_for_data(context, store.name, tx))
    return keeping.put(context, tx, store, new, "PUT", at, blob=copy.blob, operation=operation)


def _is_same(version: Version, resource: Json) -> bool:
    """Whether a version has the content of a resource that is not kept yet."""
    old = parsing.parse(version.body, None)
    meta = {name: value for name, value in old.pop("meta", {}).items() if name not in _OF_THE_SERVER}
    return parsing.canonical({**old, **({"meta": meta} if meta else {})}) == parsing.canonical(resource)


def _data_field(binary: Json) -> str:
    """The element of a Binary with its data: `content` before R4."""
    return "content" if "content" in binary else "data"


def _urls(value: object) -> Iterable[str]:
    """All that fields called url say, wherever they are."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name == "url" and isinstance(each, str):
                yield each
            else:
                yield from _urls(each)
    elif isinstance(value, list):
        for each in value:
            yield from _urls(each)
