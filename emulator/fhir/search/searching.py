"""Searches of a store: a page of matches, how many there are, and what is included.

A condition that few resources meet is listed: these are the candidates, all else is asked of them, and what remains is
sorted. Where every condition is met by many, resources are gone through in the wanted order and asked until the page is
full. So what finds few costs the same in a large store, and what finds many ends early.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from emulator.fhir.search import ordering
from emulator.fhir.search.clauses import listed
from emulator.fhir.search.conditions import SCAN, Index, nodes
from emulator.fhir.search.including import included
from emulator.fhir.search.ordering import Place
from emulator.fhir.search.query import Clause, Condition, Query
from emulator.fhir.search.streaming import ALL_RIDS, Plan, count, estimate, stream
from emulator.fhir.search.tables import first_rid
from emulator.fhir.search.values import Date

FEW = 2000
"""What is listed of a condition at most: as an index's limit, what costs no more than going through a page's worth."""
_VERY_FEW = 50
"""So many candidates are asked about all else at once."""


class Page(NamedTuple):
    """A page of matches."""

    matches: tuple[int, ...]
    """The rids of resources, in order."""
    included: tuple[int, ...] = ()
    """Those of what comes along."""
    token: str = ""
    """Of the next page, "" at the end."""
    total: int | None = None
    """Of matches on all pages: exact where they fit one page or this was asked for, else an estimate."""


def search(query: Query, index: Index) -> Page:
    """The page that a query asks for. SearchError for a page token that is not of this search."""
    plan = _plan(query, index)
    place = ordering.place(query)
    rids = _few(plan)
    page = _of_many(plan, place) if rids is None else _of_few(plan, rids, place)
    if not query.includes:
        return page
    return page._replace(included=tuple(included(page.matches, query.includes, index)))


def _plan(query: Query, index: Index) -> Plan:
    types = query.types or index.types
    bounds, conditions = _bounded(query.conditions)
    wanted = [node for each in conditions for node in nodes(each, types, index)]
    return Plan(query, index, types, wanted, [ordering.key(each, types) for each in query.sorts], bounds)


def _bounded(conditions: Sequence[Condition]) -> tuple[tuple[int, int], list[Condition]]:
    """The lowest and highest rid that times of change allow, and the other conditions."""
    (low, high), others = ALL_RIDS, []
    for each in conditions:
        if isinstance(each, Clause) and (bounds := _times(each)):
            low, high = max(low, bounds[0]), min(high, bounds[1])
        else:
            others.append(each)
    return (low, high), others


def _times(clause: Clause) -> tuple[int, int] | None:
    if clause.parameter.code != "_lastUpdated" or clause.modifier or len(clause.values) != 1:
        return None
    (date,) = clause.values
    assert isinstance(date, Date)
    low, high = first_rid(date.low), first_rid(date.high)
    bounds = {
        "eq": (low, high - 1),
        "ap": (low, high - 1),
        "gt": (high, ALL_RIDS[1]),
        "sa": (high, ALL_RIDS[1]),
        "ge": (low, ALL_RIDS[1]),
        "lt": (ALL_RIDS[0], low - 1),
        "eb": (ALL_RIDS[0], low - 1),
        "le": (ALL_RIDS[0], high - 1),
    }
    return bounds.get(date.prefix)


def _few(plan: Plan) -> list[int] | None:
    """The rids that meet all conditions that few meet; None where there is no such condition."""
    shared: set[int] | None = None
    for each in sorted(plan.nodes, key=lambda node: node.cost):
        if shared is not None and (len(shared) < _VERY_FEW or each.cost >= SCAN):
            break
        candidates = each.candidates()
        if candidates is not None:
            shared = set(candidates) if shared is None else shared.intersection(candidates)
    return None if shared is None else list(shared)


def _of_few(plan: Plan, rids: list[int], place: Place | None) -> Page:
    found = _asked(plan, rids)
    rows = ordering.arranged(found, plan.order)
    if place is not None:
        rows = [row for row in rows if ordering.beyond(row, place, plan.order)]
    return _page(plan, rows, len(found))


def _asked(plan: Plan, rids: list[int]) -> list[Place]:
    """Those of these that meet what is not known of them, with the values that they are sorted by."""
    unknown = [each for each in plan.nodes if each.known is None]
    typed = any(each.typed for each in plan.nodes if each.known is not None)
    where, arguments = plan.where(unknown, "r", typed=typed)
    if not where and not plan.order:
        return [(rid,) for rid in rids]
    moments = {} if where else plan.moments
    found: list[Place] = [(moments[rid], rid) for rid in rids if rid in moments]
    rids = [rid for rid in rids if rid not in moments]
    if not rids:
        return found
    columns, more = plan.columns("r")
    if typed and not plan.names:
        tables, own = "(SELECT value AS rid, ? AS store FROM json_each(?)) r", [plan.index.store, listed(rids)]
    else:
        tables = "json_each(?) j CROSS JOIN fhir_index_resources r ON r.rid = j.value AND r.store = ?"
        own = [listed(rids), plan.index.store]
    asked = plan.index.read(f"SELECT {columns} FROM {tables} WHERE 1{where}", [*more, *own, *arguments])
    return [*found, *(tuple(row) for row in asked)]


def _of_many(plan: Plan, place: Place | None) -> Page:
    wanted = plan.query.count + 1
    rows = list(islice(stream(plan, place, wanted), wanted))
    if place is None and len(rows) < wanted:
        return _page(plan, rows, len(rows))
    estimated = plan.query.total != "accurate"
    if plan.query.total == "none" or (estimated and plan.index.sees):  # an estimate counts what may not be seen
        return _page(plan, rows, None)
    total = max(estimate(plan), len(rows)) if estimated else count(plan)
    return _page(plan, rows, total)


def _page(plan: Plan, rows: list[Place], total: int | None) -> Page:
    """A page of rows in order, of which one more than wanted says that there is a next page."""
    size, width = plan.query.count, len(plan.order) + 1
    matches = tuple([row[width - 1] for row in rows[:size]])
    token = ordering.token(plan.query, rows[size - 1][:width]) if size and len(rows) > size else ""
    return Page(matches, (), token, None if plan.query.total == "none" else total)
