"""What comes along with matches: resources that they refer to, and that refer to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from emulator.fhir.search.clauses import listed
from emulator.fhir.search.conditions import Index
from emulator.fhir.search.query import Include

MOST_INCLUDED = 10_000
"""Resources on a page beside its matches. Google states no limit."""


class Found(NamedTuple):
    """A resource that a search gives."""

    rid: int
    type: str
    id: str


def included(matches: Sequence[Found], includes: Sequence[Include], index: Index) -> list[Found]:
    """What the includes bring for matches, each once and no match again; at most 10,000.

    What iterates is applied to what was included, too, until nothing new is found: circles end.
    """
    known = {each.rid for each in matches}
    found: list[Found] = []
    latest: Sequence[Found] = matches
    wanted: Sequence[Include] = includes
    while latest and wanted and len(found) < MOST_INCLUDED:
        fresh: list[Found] = []
        for include in wanted:
            for each in _brought(latest, include, index, MOST_INCLUDED - len(found) - len(fresh)):
                if each.rid not in known:
                    known.add(each.rid)
                    fresh.append(each)
        found += fresh
        latest, wanted = fresh, [each for each in includes if each.iterate]
    return found[:MOST_INCLUDED]


def _brought(of: Iterable[Found], include: Include, index: Index, most: int) -> list[Found]:
    keys = listed(each.key for each in include.parameters)
    if include.reverse:
        targets = [f"{each.type}/{each.id}" for each in of if include.target in {"", each.type}]
        sql = (
            "SELECT DISTINCT r.rid, r.type, r.id FROM json_each(?) j CROSS JOIN fhir_index_references f"
            " ON f.store = ? AND f.target = j.value AND f.parameter IN (SELECT value FROM json_each(?))"
            f" CROSS JOIN fhir_index_resources r ON r.store = f.store AND r.rid = f.rid WHERE 1{index.seen('r.rid')}"
            " ORDER BY r.rid DESC LIMIT ?"
        )
        return [Found(*row) for row in index.read(sql, [listed(targets), index.store, keys, most])] if targets else []
    rids = [each.rid for each in of if include.source in {"", each.type}]
    sql = (
        "SELECT DISTINCT r.rid, r.type, r.id FROM json_each(?) j CROSS JOIN fhir_index_references f"
        " ON f.store = ? AND f.rid = j.value AND f.parameter IN (SELECT value FROM json_each(?))"
        " CROSS JOIN fhir_index_resources r ON r.store = f.store"
        " AND r.type = substr(f.target, 1, instr(f.target, '/') - 1)"
        " AND r.id = substr(f.target, instr(f.target, '/') + 1)"
        f" WHERE ? IN ('', r.type){index.seen('r.rid')} ORDER BY r.rid DESC LIMIT ?"
    )
    return (
        [Found(*row) for row in index.read(sql, [listed(rids), index.store, keys, include.target, most])]
        if rids
        else []
    )
