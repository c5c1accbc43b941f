"""Going through resources in an order, from a place on, and asking each about conditions.

Every stream follows an index whose order is the wanted one: of a condition on one value (its rids are in the order of
change), of all resources of a type, or of the values that are sorted by. Only an order by several keys sorts all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from typing import NamedTuple

from emulator.fhir.search import ordering
from emulator.fhir.search.clauses import Arguments, Rows, among
from emulator.fhir.search.conditions import Index, Leaf, Node, probes
from emulator.fhir.search.ordering import Key, Place
from emulator.fhir.search.parameters import key_of
from emulator.fhir.search.query import Query
from emulator.fhir.search.tables import CHRONOLOGICAL

ALL_RIDS = -(1 << 63), (1 << 63) - 1
_ESTIMATED = 10_000
"""An estimate counts up to this number."""
_APART = 20
"""Types that are gone through one by one; more are in one go through the whole store."""
_SAMPLE = 200
"""Of two conditions on a value, the one whose newest rids lie further apart is met by fewer."""


@dataclass(slots=True)
class Plan:
    """A search with all that its SQL is made of."""

    query: Query
    index: Index
    types: Sequence[str]
    nodes: Sequence[Node]
    order: Sequence[Key]
    bounds: tuple[int, int]
    """The lowest and highest rid."""

    @property
    def names(self) -> bool:
        """Whether conditions or the order look at types and ids of resources, and not at their rids alone."""
        return any(each.names for each in self.nodes) or any(each.column == "id" for each in self.order)

    @property
    def moments(self) -> dict[int, int]:
        """When resources that were listed were, as far as that is known, where it is what they are sorted by."""
        dates = (key_of(self.types[0], CHRONOLOGICAL),)
        if len(self.types) > 1 or [each.numbers for each in self.order] != [dates]:
            return {}
        return {rid: at for node in self.nodes for rid, at in node.moments.items() if at is not None}

    def columns(self, of: str) -> tuple[str, Arguments]:
        """A row: the values that it is sorted by, and its rid."""
        parts: list[str] = []
        arguments: Arguments = []
        for each in self.order:
            sql, more = each.sql(of)
            parts.append(f"{sql} AS k{len(parts)}")
            arguments += more
        return ", ".join([*parts, f"{of}.rid AS rid"]), arguments

    def where(self, asked: Sequence[Node], of: str, led: str = "", *, typed: bool = False) -> tuple[str, Arguments]:
        """SQL " AND ..." for types, times of change and conditions; `led` is the alias in whose order rids come.

        `typed` says that all are of the types that were asked for.
        """
        sql, arguments = probes(asked, of)
        if self.bounds != ALL_RIDS:
            sql, arguments = f" AND {led or of}.rid >= ? AND {led or of}.rid <= ?{sql}", [*self.bounds, *arguments]
        if self.query.types and not typed:
            types, named = among(f"+{of}.type", self.query.types)
            sql, arguments = f" AND {types}{sql}", [*named, *arguments]
        return sql + self.index.seen(f"{of}.rid"), arguments


class _Source(NamedTuple):
    """Where resources come from: tables in which `r` has their rids, a condition, and the alias in whose order."""

    tables: str
    where: str
    arguments: Arguments
    of: str = "r"
    leaf: Leaf | None = None
    """The condition that it meets already."""
    typed: bool = False
    """Whether all are of the types that were asked for."""


def stream(plan: Plan, place: Place | None, wanted: int) -> Iterator[Place]:
    """Rows of matches in order after a place; about as many as wanted are read at a time."""
    order = plan.order
    if not order or (len(order) == 1 and not order[0].numbers):
        return _by_column(plan, order[0].column if order else "rid", place, wanted)
    if len(order) == 1 and len(order[0].numbers) == 1:
        return _by_value(plan, order[0], place, wanted)
    return _by_all(plan, place, wanted)


def estimate(plan: Plan) -> int:
    """About how many match: of the leading condition, or of all resources, up to 10,000 are counted."""
    total = 0
    for each in _sources(plan):
        tables = each.tables.partition(" CROSS JOIN")[0]
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {tables} WHERE {each.where} LIMIT ?)"
        total += plan.index.read(sql, [*each.arguments, _ESTIMATED])[0][0]
    return total


def count(plan: Plan) -> int:
    """How many match: all are asked."""
    total = 0
    for each in _sources(plan):
        asked = [node for node in plan.nodes if node is not each.leaf]
        where, arguments = plan.where(asked, "r", typed=each.typed)
        sql = f"SELECT count(DISTINCT r.rid) FROM {each.tables} WHERE {each.where}{where}"
        total += plan.index.read(sql, [*each.arguments, *arguments])[0][0]
    return total


def _sources(plan: Plan, column: str = "rid") -> list[_Source]:
    leaf = _leading(plan) if column == "rid" else None
    if leaf is not None:
        return [_of_leaf(plan, leaf, each) for each in leaf.rows.by_type or (leaf.rows,)]
    if len(plan.types) <= _APART or column != "rid":
        index = "fhir_index_resources_id" if column == "id" else "fhir_index_resources_type"
        tables = f"fhir_index_resources r INDEXED BY {index}"
        store = plan.index.store
        return [_Source(tables, "r.store = ? AND r.type = ?", [store, each], typed=True) for each in plan.types]
    return [_Source("fhir_index_resources r", "r.store = ?", [plan.index.store])]


def _of_leaf(plan: Plan, leaf: Leaf, rows: Rows) -> _Source:
    (side,) = rows.sides
    tables, of = _with_resources(plan, rows.table, typed=rows.typed)
    where = f"{of}.store = ? AND {side.where.format_map({name: f'{of}.{name}' for name in rows.columns})}"
    return _Source(tables, where, [plan.index.store, *side.arguments], of, leaf, rows.typed)


def _with_resources(plan: Plan, table: str, *, typed: bool) -> tuple[str, str]:
    """A table of values as a source and its alias, with the table of resources where types or ids are asked for."""
    if typed and not plan.names:
        return f"{table} r", "r"
    return f"{table} d CROSS JOIN fhir_index_resources r ON r.store = d.store AND r.rid = d.rid", "d"


def _leading(plan: Plan) -> Leaf | None:
    """The condition on one value that the fewest seem to meet."""
    leaves = [each for each in plan.nodes if isinstance(each, Leaf) and each.rows.ordered]
    if len(leaves) < 2:
        of_types = [each for each in plan.nodes if isinstance(each, Leaf) and each.rows.by_type]
        return next(iter([*leaves, *of_types]), None)
    return max(leaves, key=lambda leaf: _spread(leaf, plan.index))


def _spread(leaf: Leaf, index: Index) -> int:
    rids = index.read(*leaf.rows.listing(index.store, _SAMPLE))
    return int(rids[0][0] - rids[-1][0]) if rids else ALL_RIDS[1]


def _by_column(plan: Plan, column: str, place: Place | None, wanted: int) -> Iterator[Place]:
    """In the order of change, or of ids."""
    down = ordering.descends(plan.order)
    streams = [_along(plan, each, column, place, wanted) for each in _sources(plan, column)]
    at = 0 if column == "id" else len(plan.order)
    return merge(*streams, key=lambda row: (row[at], row[len(plan.order)]), reverse=down)


def _along(plan: Plan, source: _Source, column: str, place: Place | None, wanted: int) -> Iterator[Place]:
    asked = [each for each in plan.nodes if each is not source.leaf]
    where, arguments = plan.where(asked, "r", source.of, typed=source.typed)
    columns, more = plan.columns("r")
    word, sign = ("DESC", "<") if ordering.descends(plan.order) else ("ASC", ">")
    begin = f"SELECT {columns} FROM {source.tables} WHERE {source.where}"
    end = f"{where} ORDER BY {source.of}.{column} {word} LIMIT ?"

    def read(after: Place | None) -> Sequence[Place]:
        value = [] if after is None else [after[0] if column == "id" else after[-1]]
        beyond = f" AND {source.of}.{column} {sign} ?" if value else ""
        return plan.index.read(begin + beyond + end, [*more, *source.arguments, *value, *arguments, wanted])

    return _batches(read, place, wanted, len(plan.order) + 1)


def _by_value(plan: Plan, key: Key, place: Place | None, wanted: int) -> Iterator[Place]:
    """In the order of the first values of a parameter, then what has none in the order of change."""
    if place is None or place[0] is not None:
        yield from _with_value(plan, key, place, wanted)
        place = None
    yield from _without_value(plan, key, place, wanted)


def _with_value(plan: Plan, key: Key, place: Place | None, wanted: int) -> Iterator[Place]:
    asked, arguments = plan.where(plan.nodes, "r", typed=True)
    word, sign = ("DESC", "<") if key.descending else ("ASC", ">")
    tables, of = _with_resources(plan, key.table, typed=True)
    where = f"{of}.store = ? AND {of}.parameter = ? AND {of}.place = 0"
    begin = f"SELECT {of}.{key.column}, {of}.rid FROM {tables} WHERE {where}"
    end = f"{asked} ORDER BY {of}.{key.column} {word}, {of}.rid {word} LIMIT ?"

    def read(after: Place | None) -> Sequence[Place]:
        beyond = f" AND ({of}.{key.column}, {of}.rid) {sign} (?, ?)" if after else ""
        return plan.index.read(
            begin + beyond + end, [plan.index.store, *key.numbers, *(after or ()), *arguments, wanted]
        )

    return _batches(read, place, wanted, 2)


def _without_value(plan: Plan, key: Key, place: Place | None, wanted: int) -> Iterator[Place]:
    lacking = replace(plan, order=[key._replace(table="fhir_index_resources", column="rid", numbers=())])
    without = (
        f" AND NOT EXISTS (SELECT 1 FROM {key.table} k WHERE k.store = r.store AND k.rid = r.rid AND k.parameter = ?)"
    )
    for source in _sources(plan):
        own = source._replace(where=source.where + without, arguments=[*source.arguments, *key.numbers])
        for row in _along(lacking, own, "rid", place, wanted):
            yield (None, *row[1:])


def _by_all(plan: Plan, place: Place | None, wanted: int) -> Iterator[Place]:
    """In an order by several keys: all that match are read, and the first of them kept."""
    columns, more = plan.columns("r")
    beyond, values = ("1", []) if place is None else ordering.after(place, plan.order)
    streams = []
    for each in _sources(plan):
        where, arguments = plan.where(plan.nodes, "r", typed=each.typed)
        sql = (
            f"WITH m AS MATERIALIZED (SELECT DISTINCT {columns} FROM {each.tables} WHERE {each.where}{where})"
            f" SELECT * FROM m WHERE {beyond} ORDER BY {ordering.by(plan.order)} LIMIT ?"
        )
        rows = plan.index.read(sql, [*more, *each.arguments, *arguments, *values, wanted])
        streams.append([tuple(row) for row in rows])
    return iter(ordering.arranged([row for each in streams for row in each], plan.order))


def _batches(
    read: Callable[[Place | None], Sequence[Place]], place: Place | None, wanted: int, width: int
) -> Iterator[Place]:
    """Rows of one reading after the other, each resource once; the same one twice is next to itself."""
    last = None
    while True:
        rows = read(place)
        for row in rows:
            if row[width - 1] != last:
                last = row[width - 1]
                yield tuple(row)
        if len(rows) < wanted:
            return
        place = tuple(rows[-1][:width])
