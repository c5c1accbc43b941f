"""Patient-everything and Encounter-everything: a resource, what it refers to, and what belongs to it, page by page.

What belongs to a patient is what the Patient compartment says; to an encounter, what refers to it by a parameter of the
Encounter compartment, which is `encounter` or `context`, or by the extension encounter-associatedEncounter.
"""

import sqlite3

import orjson

from emulator.fhir import parsing
from emulator.fhir.search.moments import EARLIEST, LATEST
from emulator.fhir.search.tables import first_rid
from emulator.gateway import paging
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.fhir import indexing, integrity, versions
from emulator.services.healthcare.fhir.consents import access, compartments
from emulator.services.healthcare.fhir.consents.access import Access
from emulator.services.healthcare.fhir.rest import answers, paths, searchsets
from emulator.services.healthcare.fhir.rest.interactions import GET, SEARCH, interaction
from emulator.services.healthcare.fhir.rest.pages import asked, links, moment_in
from emulator.services.healthcare.fhir.stored import Store, Version

ASSOCIATED = "http://hl7.org/fhir/StructureDefinition/encounter-associatedEncounter"
_OF_TYPES = (
    "SELECT r.rid FROM json_each(?) j CROSS JOIN fhir_index_resources r ON r.store = ? AND r.rid = j.value"
    " WHERE (? = 0 OR r.type IN (SELECT value FROM json_each(?))){seen} ORDER BY r.rid DESC"
)
_CARE_DATES = (
    *("date", "onset-date", "authored-on", "authoredon", "effective-time", "effective", "performed", "created"),
    *("period", "started", "occurrence", "issued", "recorded-date", "billable-period", "timing-date"),
)
"""Parameters that say when care took place, the first one that a type has."""


@interaction("fhir.Patient-everything", GET, SEARCH)
async def of_patient(request: Request) -> Answer:
    """A patient and all that belongs to it."""
    reading, patient = _focus(request)
    rids = belonging(request.context.db.reader, reading.store, patient)
    return await _answer(request, reading, patient, rids)


@interaction("fhir.Encounter-everything", GET, SEARCH)
async def of_encounter(request: Request) -> Answer:
    """An encounter and all that belongs to it."""
    reading, encounter = _focus(request)
    store, reader = reading.store, request.context.db.reader
    rids = _rids(reader, store, encounter, compartments.encounter_keys(store))
    return await _answer(request, reading, encounter, rids | _associated(reader, store, encounter))


def belonging(reader: sqlite3.Connection, store: Store, patient: Version) -> set[int]:
    """The rids of what is in a patient's compartment, and of what the patient refers to."""
    return _rids(reader, store, patient, compartments.patient_keys(store))


def _focus(request: Request) -> tuple[Access, Version]:
    answers.require_json(request)
    target = paths.target_of(request)
    reading = access.of(request, target.store)
    return reading, reading.current(request.context.db.reader, target.type, target.id)


def _rids(reader: sqlite3.Connection, store: Store, focus: Version, keys: list[int]) -> set[int]:
    """What refers to a resource by one of the parameters, and what it refers to."""
    rows = reader.execute(
        "SELECT DISTINCT rid FROM fhir_index_targets WHERE store = ? AND target = ?"
        " AND parameter IN (SELECT value FROM json_each(?))",
        (store.key, focus.relative, orjson.dumps(keys).decode()),
    ).fetchall()
    return {row[0] for row in rows} | _referred(reader, store, focus)


def _referred(reader: sqlite3.Connection, store: Store, focus: Version) -> set[int]:
    targets = integrity.targets(parsing.parse(focus.body, None), store.name)
    rows = reader.execute(
        "SELECT r.rid FROM json_each(?) j CROSS JOIN fhir_index_resources r ON r.store = ?"
        " AND r.type = substr(j.value, 1, instr(j.value, '/') - 1) AND r.id = substr(j.value, instr(j.value, '/') + 1)",
        (orjson.dumps(sorted(targets)).decode(), store.key),
    )
    return {row[0] for row in rows}


def _associated(reader: sqlite3.Connection, store: Store, focus: Version) -> set[int]:
    rows = reader.execute("SELECT rid FROM fhir_references WHERE store = ? AND target = ?", (store.key, focus.relative))
    found = versions.by_rid(reader, store, [row[0] for row in rows])
    return {each.rid for each in found if ASSOCIATED.encode() in each.body}


async def _answer(request: Request, reading: Access, focus: Version, rids: set[int]) -> Answer:
    query, page, store = request.query, asked(request.query), reading.store
    kept = _of_types(request, reading, rids - {focus.rid})
    if since := moment_in(query, "_since"):
        first = first_rid(since[0])
        kept = [rid for rid in kept if rid > first]
    kept = await _in_time(request, store, kept)
    shown = [focus.rid, *kept]
    after = page.after[0] if page.after else None
    rest = shown if after is None else [rid for rid in shown if rid < after and rid != focus.rid]
    part = rest[: page.size]
    found = versions.by_rid(request.context.db.reader, store, part, versions.PAGE)
    if len(found) < len(part) and versions.is_full(found):
        part = [each.rid for each in found]
    address = f"{paths.base(request, store.name)}/{focus.relative}/$everything"
    following = _token(focus, part[-1]) if len(rest) > len(part) else ""
    before = len(shown) - len(rest) - page.size
    previous = None if after is None else _token(focus, shown[before - 1]) if before > 0 else ""
    found_links = links(address, request.raw_query, following, previous)
    entries = await searchsets.entries(request, store, found, "match")
    return answers.json(
        {"entry": entries, "link": found_links, "resourceType": "Bundle", "total": len(shown), "type": "searchset"}
    )


def _token(focus: Version, rid: int) -> str:
    """What stands for the page after a resource; the focus comes before all others."""
    return paging.encode(1 << 62 if rid == focus.rid else rid)


def _of_types(request: Request, reading: Access, rids: set[int]) -> list[int]:
    """The resources of the types that _type names that may be read, the newest first."""
    store, reader = reading.store, request.context.db.reader
    wanted = [name for name in (request.query.get("_type") or "").split(",") if name]
    for name in wanted:
        store.require_type(name)
    with reading.on(reader) as sees:
        rows = reader.execute(
            _OF_TYPES.replace("{seen}", f" AND {sees}(r.rid)" if sees else ""),
            (orjson.dumps(sorted(rids)).decode(), store.key, len(wanted), orjson.dumps(wanted).decode()),
        ).fetchall()
    return [row[0] for row in rows]


async def _in_time(request: Request, store: Store, rids: list[int]) -> list[int]:
    """What lies between `start` and `end`, or has no time."""
    start, end = moment_in(request.query, "start"), moment_in(request.query, "end")
    if start is None and end is None:
        return rids
    await indexing.caught_up(request.context, store.key)
    low, high = start[0] if start else EARLIEST, end[1] if end else LATEST
    keys = [key for name in store.parameters.types if (key := _care_date(store, name)) is not None]
    rows = request.context.db.reader.execute(
        "SELECT d.rid FROM json_each(?) j CROSS JOIN fhir_index_dates d ON d.store = ? AND d.rid = j.value"
        " AND d.parameter IN (SELECT value FROM json_each(?)) WHERE d.high <= ? OR d.low >= ?",
        (orjson.dumps(rids).decode(), store.key, orjson.dumps(keys).decode(), low, high),
    )
    outside = {row[0] for row in rows}
    return [rid for rid in rids if rid not in outside]


def _care_date(store: Store, resource_type: str) -> int | None:
    known = store.parameters.by_type[resource_type]
    return next((known[code].key for code in _CARE_DATES if code in known and known[code].type == "date"), None)
