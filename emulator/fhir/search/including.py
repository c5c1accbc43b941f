"""What comes along with matches: resources that they refer to, and that refer to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from emulator.fhir.search.clauses import listed
from emulator.fhir.search.conditions import Index
from emulator.fhir.search.query import Include

MOST_INCLUDED = 10_000
"""Resources on a page beside its matches. Google states no limit."""


def included(matches: Sequence[int], includes: Sequence[Include], index: Index) -> list[int]:
    """The rids of what the includes bring for matches, each once and no match again; at most 10,000.

    What iterates is applied to what was included, too, until nothing new is found: circles end.
    """
    known = set(matches)
    found: list[int] = []
    latest: Sequence[int] = matches
    wanted: Sequence[Include] = includes
    while latest and wanted and len(found) < MOST_INCLUDED:
        fresh: list[int] = []
        for include in wanted:
            for each in _brought(latest, include, index, MOST_INCLUDED - len(found) - len(fresh)):
                if each not in known:
                    known.add(each)
                    fresh.append(each)
        found += fresh
        latest, wanted = fresh, [each for each in includes if each.iterate]
    return found[:MOST_INCLUDED]


def _brought(of: Iterable[int], include: Include, index: Index, most: int) -> list[int]:
    keys = listed(each.key for each in include.parameters)
    if include.reverse:
        found = index.read(
            "SELECT DISTINCT f.rid FROM json_each(?) j CROSS JOIN fhir_index_resources t"
            " ON t.store = ? AND t.rid = j.value CROSS JOIN fhir_index_references f"
            " ON f.store = t.store AND f.target = t.type || '/' || t.id"
            " AND f.parameter IN (SELECT value FROM json_each(?))"
            f" WHERE ? IN ('', t.type){index.seen('f.rid')} ORDER BY f.rid DESC LIMIT ?",
            [listed(of), index.store, keys, include.target, most],
        )
    else:  # the numbers of parameters say which type has the reference
        found = index.read(
            "SELECT DISTINCT r.rid FROM json_each(?) j CROSS JOIN fhir_index_references f"
            " ON f.store = ? AND f.rid = j.value AND f.parameter IN (SELECT value FROM json_each(?))"
            " CROSS JOIN fhir_index_resources r ON r.store = f.store"
            " AND r.type = substr(f.target, 1, instr(f.target, '/') - 1)"
            " AND r.id = substr(f.target, instr(f.target, '/') + 1)"
            f" WHERE ? IN ('', r.type){index.seen('r.rid')} ORDER BY r.rid DESC LIMIT ?",
            [listed(of), index.store, keys, include.target, most],
        )
    return [row[0] for row in found]
