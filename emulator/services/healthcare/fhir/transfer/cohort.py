"""executeCohort (v1beta1): the resources that FHIRPath expressions choose, as files, by label and by type.

An expression begins with the type that it is about, or with Resource or DomainResource for all. One that is true of a
resource chooses it; one that gives resources, as by resolve(), chooses these (discovery: Expression).
"""

import asyncio
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator.context import Job
from emulator.errors import failed_precondition, invalid_argument
from emulator.fhir import parsing, references
from emulator.fhir.paths.compiling import resolving
from emulator.fhir.paths.errors import PathError
from emulator.fhir.paths.following import Reader
from emulator.fhir.references import Kind
from emulator.fhir.search.tables import first_rid
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import operations
from emulator.services.healthcare.fhir import instants, versions
from emulator.services.healthcare.fhir.rest import binary
from emulator.services.healthcare.fhir.store import FHIR
from emulator.services.healthcare.fhir.stored import Json, Store, Version, opened
from emulator.services.healthcare.fhir.transfer import selection, to_storage
from emulator.services.healthcare.fhir.transfer.to_storage import Lines
from emulator.services.healthcare.names import METHODS
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.transfer import steps
from emulator.services.healthcare.transfer import to_storage as shared
from emulator.services.healthcare.transfer.steps import Problem

KIND = "healthcare.fhir.executeCohort"
ALL = ("Resource", "DomainResource")
ENGINES = ("", "1.0")
_AT_ONCE = 500
_LAST = (1 << 63) - 1
_AT = (
    "SELECT rid, type, id, method, blob, body FROM fhir_versions v WHERE store = ? AND type = ? AND id > ? AND rid <= ?"
    " AND method <> 'DELETE' AND NOT EXISTS (SELECT 1 FROM fhir_versions n WHERE n.store = v.store AND n.type = v.type"
    " AND n.id = v.id AND n.rid > v.rid AND n.rid <= ?) ORDER BY id LIMIT ?"
)
_ONE_AT = (
    "SELECT rid, type, id, method, blob, body FROM fhir_versions WHERE store = ? AND type = ? AND id = ? AND rid <= ?"
    " ORDER BY rid DESC LIMIT 1"
)


@SERVICE.handles(f"{METHODS}.{FHIR.collection}.executeCohort", permission="healthcare.fhirStores.export")
async def execute(request: Request) -> Answer:
    """Start to look for a cohort; the expressions are read at once."""
    body: Json = request.body or {}
    request.context.resources.require(FHIR.resource, request.name)
    store = opened(request.context, request.name)
    asked: Json = body.get("fhirpathQuery") or {}
    if asked.get("engineVersion", "") not in ENGINES:
        raise invalid_argument("fhirpathQuery.engineVersion must be 1.0, or not be set.")
    if not asked.get("expressions"):
        raise invalid_argument("fhirpathQuery.expressions is required.")
    for each in asked["expressions"]:
        _Chooser.read(store, each)
    shared.parse(body.get("gcsDestination") or {})
    payload = {
        "expressions": asked["expressions"],
        "gcsDestination": body["gcsDestination"],
        "until": _until(store, body.get("_at")),
        "validateOnly": bool(body.get("validateOnly")),
    }
    return operations.started(
        await operations.start(request, KIND, store.name, "fhir.FhirService.ExecuteCohort", payload)
    )


@SERVICE.job(KIND)
async def run(job: Job) -> Json:
    """Choose resources, and write a file for each label and type that has some."""
    if not job.payload["validateOnly"]:
        store = selection.store_of(job)
        cohort = await asyncio.to_thread(_chosen, job, store)
        if not job.checkpoint:
            await steps.commit(job, _note, cohort)
        await to_storage.write(job, shared.parse(job.payload["gcsDestination"]), _naming(job), cohort)
        job.counter.pop("pending", None)
    return {**operations.response(job, "fhir.ExecuteCohortResponse"), "fhirStore": job.payload["store"]}


def _until(store: Store, at: str | None) -> int:
    """The last rid that counts: of all, or of a time in the past, for which the store must keep versions."""
    if not at:
        return _LAST
    if not store.keeps_versions:
        raise failed_precondition("The FHIR store has no history: disableResourceVersioning is set.")
    moment = instants.of_instant(at)
    if moment is None:
        raise invalid_argument(f'Invalid _at "{at[:80]}": it must be a time with seconds and a zone.')
    return first_rid(moment + 1) - 1


@dataclass(frozen=True)
class _Chooser:
    """An expression: the types that it is about, the folder that its resources go to, and what it says of one."""

    types: tuple[str, ...]
    label: str
    choose: Callable[[Any, Reader], list[Any]]

    @staticmethod
    def read(store: Store, given: Json) -> "_Chooser":
        """Read an Expression; 400 for one that can't be evaluated here."""
        text, label = str(given.get("fhirpathExpression") or ""), str(given.get("label") or "")
        base, dot, _ = text.strip().partition(".")
        known = store.definitions.resources
        if not dot or (base not in ALL and base not in known):
            raise invalid_argument(
                f'Invalid expression "{text[:200]}": it must begin with a type of FHIR {store.version}, Resource or'
                " DomainResource, and a dot."
            )
        if label.startswith("/") or ".." in label.split("/"):
            raise invalid_argument(f'Invalid label "{label[:80]}": it must be the name of a folder.')
        try:
            choose = resolving(text.strip())
        except PathError as problem:
            raise invalid_argument(f"Invalid expression: {problem}") from None
        return _Chooser(tuple(sorted(known)) if base in ALL else (base,), label.strip("/"), choose)


@dataclass
class _Cohort:
    """What was chosen: the rids of each place, label/Type, and the resources of which an expression says neither."""

    job: Job
    store: Store
    rids: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    failed: dict[str, str] = field(default_factory=dict)

    def types(self) -> list[str]:
        """The places, sorted."""
        return sorted(self.rids)

    def count(self, types: Sequence[str]) -> int:
        """How many resources go to these places."""
        return sum(len(self.rids[each]) for each in types)

    async def lines(self, resource_type: str) -> AsyncIterator[Lines]:
        """The resources of a place, the oldest first."""
        context, rids = self.job.context, sorted(self.rids[resource_type])
        for start in range(0, len(rids), _AT_ONCE):
            part = rids[start : start + _AT_ONCE]
            found = await asyncio.to_thread(self._versions, part)
            yield Lines([await binary.whole(context, each) + b"\n" for each in found], len(found))

    def _versions(self, rids: Sequence[int]) -> list[Version]:
        return versions.by_rid(self.job.context.db.reader, self.store, rids)


def _chosen(job: Job, store: Store) -> _Cohort:
    """Evaluate each expression for each resource of its types."""
    cohort, until = _Cohort(job, store), job.payload["until"]
    connection = job.context.db.reader
    for chooser in (_Chooser.read(store, each) for each in job.payload["expressions"]):
        for resource_type in chooser.types:
            for version in _versions(connection, store, resource_type, until):
                job.check_cancelled()
                _choose(cohort, chooser, version, connection)
    return cohort


def _choose(cohort: _Cohort, chooser: _Chooser, version: Version, connection: sqlite3.Connection) -> None:
    rids: dict[int, int] = {}
    """Those of the resources that were read, by the identity of their JSON."""

    def read(text: str) -> Any:
        found = _referred(connection, cohort.store, text, cohort.job.payload["until"])
        if found is None:
            return None
        resource = parsing.parse(found.body, None)
        rids[id(resource)] = found.rid
        kept.append(resource)
        return resource

    resource = parsing.parse(version.body, None)
    kept: list[Any] = [resource]
    rids[id(resource)] = version.rid
    try:
        found = chooser.choose(resource, read)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        cohort.failed[version.relative] = "An expression can't be evaluated for the resource."
        return
    if found == [True]:
        found = [resource]
    elif found == [False]:
        found = []
    if all(id(each) in rids for each in found):
        for each in found:
            place = f"{chooser.label}/{each['resourceType']}" if chooser.label else each["resourceType"]
            cohort.rids[place].add(rids[id(each)])
    else:
        cohort.failed[version.relative] = "An expression gives neither a truth value nor resources of the store."


def _versions(connection: sqlite3.Connection, store: Store, resource_type: str, until: int) -> Iterator[Version]:
    """The versions of a type's resources that were the current ones at a time, by id."""
    after = ""
    while True:
        rows = connection.execute(_AT, (store.key, resource_type, after, until, until, _AT_ONCE)).fetchall()
        yield from (Version(*row, keys=store.keys) for row in rows)
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1]["id"]


def _referred(connection: sqlite3.Connection, store: Store, text: str, until: int) -> Version | None:
    """What a reference of the store leads to, as it was at a time."""
    to = references.parse(text, store.name)
    if to.kind is not Kind.LOCAL:
        return None
    row = connection.execute(_ONE_AT, (store.key, to.type, to.id, until)).fetchone()
    return None if row is None or row["method"] == "DELETE" else Version(*row, keys=store.keys)


def _note(tx: sqlite3.Connection, job: Job, cohort: _Cohort) -> None:
    """Log and count what no expression could decide, before anything is written."""
    base = f"{cohort.store.name}/fhir"
    failed = [(f"{base}/{relative}", Problem(3, reason)) for relative, reason in cohort.failed.items()]
    steps.log_failures(tx, job, "ExecuteCohortLogEntry", failed)
    steps.count(job, 0, len(failed), 0)
    job.checkpoint = {"noted": True}
    job.save_in(tx)


def _naming(job: Job) -> to_storage.Naming:
    """label/Type becomes label/NUMBER_Type."""
    number = operations.number(job.operation)

    def name(place: str) -> str:
        folder, slash, resource_type = place.rpartition("/")
        return f"{folder}{slash}{number}_{resource_type}"

    return name
