"""What comes along with matches: resources that they refer to, and that refer to them."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.fhir.search.clauses import Arguments, among, listed
from emulator.fhir.search.conditions import POINTED_AT, Index
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
            most = MOST_INCLUDED - len(found) - len(fresh)
            told = include.known and latest is matches
            for each in _known(include, index, most) if told else _brought(latest, include, index, most):
                if each not in known:
                    known.add(each)
                    fresh.append(each)
        found += fresh
        latest, wanted = fresh, [each for each in includes if each.iterate]
    return found[:MOST_INCLUDED]


def _known(include: Include, index: Index, most: int) -> list[int]:
    """What every match refers to by an include that is known to lead to one resource."""
    resource_type, _, identifier = include.known.partition("/")
    if include.target not in {"", resource_type}:
        return []
    sql = f"SELECT r.rid FROM fhir_index_resources r WHERE r.store = ? AND r.type = ? AND r.id = ?{index.seen('r.rid')}"
    return [row[0] for row in index.read(sql, [index.store, resource_type, identifier])][:most]


def _brought(of: Sequence[int], include: Include, index: Index, most: int) -> list[int]:
    """What an include brings for these, the newest first. Two tables of SQLite's own for a query cost it dearly."""
    if include.reverse:
        return _referring(of, include, index, most)
    return sorted(_referred_to(of, include, index), reverse=True)[:most]


def _referring(of: Sequence[int], include: Include, index: Index, most: int) -> list[int]:
    parameter, keys = among("f.parameter", [each.key for each in include.parameters])
    target, wanted = _type("t.type", include.target)
    found = index.read(
        "SELECT f.rid FROM json_each(?) j CROSS JOIN fhir_index_resources t ON t.store = ? AND t.rid = j.value"
        " CROSS JOIN fhir_index_targets f"
        f" ON f.store = t.store AND f.target = t.type || '/' || t.id AND {parameter}"
        f" WHERE 1{target}{index.seen('f.rid')} GROUP BY f.rid ORDER BY f.rid DESC LIMIT ?",
        [listed(of), index.store, *keys, *wanted, most],
    )
    return [row[0] for row in found]


def _referred_to(of: Sequence[int], include: Include, index: Index) -> set[int]:
    """The numbers of parameters say which type has the reference."""
    parameter, keys = among("f.parameter", [each.key for each in include.parameters])
    target, wanted = _type("r.type", include.target)
    found = index.read(
        "SELECT r.rid FROM (SELECT DISTINCT f.store, f.target FROM json_each(?) j CROSS JOIN fhir_index_targets f"
        f" ON f.store = ? AND f.rid = j.value AND {parameter}) f CROSS JOIN fhir_index_resources r ON {POINTED_AT}"
        f" WHERE 1{target}{index.seen('r.rid')}",
        [listed(of), index.store, *keys, *wanted],
    )
    return {row[0] for row in found}


def _type(column: str, wanted: str) -> tuple[str, Arguments]:
    """SQL " AND ..." that is true where a column has the type that is wanted, "" for any."""
    return (f" AND +{column} = ?", [wanted]) if wanted else ("", [])
