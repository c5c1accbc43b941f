"""Executing entries: a transaction in one write, all or nothing; a batch as writes that share commits; one alone.

Conditional interactions are planned first: a search makes them plain ones.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from emulator.errors import ApiError
from emulator.fhir.outcomes import Refused
from emulator.services.healthcare.fhir import errors, keeping, work
from emulator.services.healthcare.fhir.bundles.entries import Entry, resource_at
from emulator.services.healthcare.fhir.bundles.rewriting import names_of, rewrite
from emulator.services.healthcare.fhir.consents.access import Access
from emulator.services.healthcare.fhir.work import Done, Work

if TYPE_CHECKING:
    from emulator.context import Context

P = ParamSpec("P")
T = TypeVar("T")


async def transaction(context: "Context", reading: Access, wanted: list[Entry]) -> list[Done]:
    """What became of the entries, in their order; refused as a whole where one of them is."""
    return await work.perform(context, reading.store.name, lambda w: _transaction(w, reading, wanted), reading.grant)


async def batch(context: "Context", reading: Access, wanted: list[Entry]) -> list[Done | Refused]:
    """What became of each entry, in their order; each is a write of its own."""
    return await asyncio.gather(*[_settled(context, reading, entry) for entry in wanted])


async def one(context: "Context", reading: Access, entry: Entry, became: dict[str, str] | None = None) -> Done:
    """What became of one entry that may write, or of a request like one, whose references stay as they are (None)."""

    def act(w: Work) -> Done:
        return _act(w, reading, _planned(w, entry), became)

    return await work.perform(context, reading.store.name, act, reading.grant)


async def _settled(context: "Context", reading: Access, entry: Entry) -> Done | Refused:
    try:
        if entry.method == "GET":
            return _read(context.db.reader, reading, entry)
        return await one(context, reading, entry, {})
    except Refused as refused:
        return refused
    except ApiError as problem:
        return errors.refused_of(problem)


def _transaction(w: Work, reading: Access, wanted: list[Entry]) -> list[Done]:
    planned = [_at(w, each, _planned, w, each) for each in wanted]
    _require_distinct(planned)
    became = {name: each.relative for each in planned if each.full_url and each.id for name in names_of(each.full_url)}
    done = {
        each.place: _at(w, each, _act, w, reading, each, became)
        for each in sorted(planned, key=lambda each: each.order)
    }
    return [done[each.place] for each in wanted]


def _at(w: Work, entry: Entry, act: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """What `act` gives; its refusal, and what is refused of it in the end, say of which entry they are."""
    w.around = resource_at(entry.place)
    try:
        return act(*arguments, **named)
    except Refused as refused:
        raise refused.within(w.around) from None


def _planned(w: Work, entry: Entry) -> Entry:
    """The entry as a plain interaction with an id, to which others may refer. A POST that is not needed is a GET."""
    if entry.method == "POST" and not entry.criteria:
        return replace(entry, id=work.new_id(w.context))
    if not entry.criteria or entry.method == "DELETE":
        return entry
    found = w.only(entry.type, entry.criteria)
    plain = replace(entry, criteria="", id=found.id if found else "")
    match entry.method:
        case "POST":
            return replace(plain, method="GET") if found else replace(plain, id=work.new_id(w.context))
        case "PATCH" if found is None:
            raise errors.no_match(entry.type)
        case "PUT":
            return _planned_update(w, plain)
    return plain


def _planned_update(w: Work, entry: Entry) -> Entry:
    """A conditional update of what was found, whose id it has, or else the creation that it becomes."""
    resource = entry.resource or {}
    if entry.id:
        if resource.get("id", entry.id) != entry.id:
            raise errors.another_id(entry.id, resource["id"])
        return replace(entry, resource={**resource, "id": entry.id})
    if entry.conditions.match:
        raise errors.stale(entry.type, "")
    if resource.get("id"):
        return replace(entry, id=resource["id"])
    return replace(entry, method="POST", id=work.new_id(w.context))


def _require_distinct(planned: list[Entry]) -> None:
    """Refuse a transaction that changes a resource twice, or names two entries alike (FHIR: transactions)."""
    known: set[str] = set()
    for each in planned:
        changed = each.relative if each.id and each.method != "GET" else ""
        for name in (changed, each.full_url):
            if name and name in known:
                sentence = f"{name[:300]} occurs twice in the transaction"
                raise errors.bad_request("invalid_bundle", sentence).within(resource_at(each.place))
            known.add(name)


def _act(w: Work, reading: Access, entry: Entry, became: dict[str, str] | None) -> Done:
    """Do an entry as planned; `became` is Type/id of the transaction's entries by their names; None outside bundles."""
    match entry.method:
        case "GET":
            return _read(w.tx, reading if entry.resource is None else Access(w.store, grant=reading.grant), entry)
        case "DELETE" if entry.criteria:
            return w.delete_matching(entry.type, entry.criteria)
        case "DELETE":
            return w.delete(entry.type, entry.id, entry.conditions)
        case "PATCH":
            return w.patch(entry.type, entry.id, entry.operations or [], entry.conditions)
    resource = entry.resource or {}
    if became is not None:
        rewrite(w.store, resource, became, w.matching)
    new = keeping.made_ready(w.store, resource)
    return w.create(new, entry.id) if entry.method == "POST" else w.update(new, entry.conditions)


def _read(connection: sqlite3.Connection, reading: Access, entry: Entry) -> Done:
    if entry.version:
        return Done(200, reading.version(connection, entry.type, entry.id, entry.version))
    if entry.history:
        reading.require_known(connection, entry.type, entry.id)
        return Done(200)
    found = reading.current(connection, entry.type, entry.id)
    return Done(304 if entry.resource is None and entry.has(found) else 200, found)
